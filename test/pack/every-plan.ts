/**
 * Tries every plan of a tiny cluster: which of today's nodes stay, which machines are bought, and where each pod goes.
 * Whether a plan is allowed is asked of the verifier, which shares no code with the search and its bounds.
 */
import type { Goal } from '../../src/domain/goal.js'
import type { FilterName, NodeOption, Plan, PlanNode } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { shortfalls, sum, subtract, type Resources } from '../../src/domain/resources.js'
import { nodeLimits, type NodeLimits } from '../../src/pack/draft.js'
import { allowedOptions } from '../../src/pack/goal.js'
import type { Limits, LiveNode, Machine } from '../../src/pack/problem.js'
import { verifyPlan } from '../../src/pack/verify.js'
import { keptNode, makePlan } from './make-plan.js'
import { HOST, nodeOf, type Packed } from './make-problem.js'
import { NaiveBoard } from './naive-board.js'

/** A multiple of the runs of what tries every plan, for a longer search: TINY_CLUSTERS_TIMES=100. */
export const TIMES = Number(process.env['TINY_CLUSTERS_TIMES'] ?? 1)
export const LONG = { timeout: 60_000 * TIMES }

/** A node that a plan may have, with the pods that it would put there. */
type Candidate = {
  readonly node: PlanNode
  readonly group: string
  readonly machine: Machine
  readonly closed: boolean
  readonly stays: boolean
  readonly rate: number
  readonly pods: Pod[]
}

/** Filters that look at the pod and an empty node alone. */
const BY_NODE: readonly FilterName[] = [
  'NodeAffinity',
  'NodeResourcesFit',
  'NodeUnschedulable',
  'TaintToleration',
  'VolumeBinding',
  'VolumeZone',
]

/**
 * What the cheapest plan of at most so many packed nodes costs that breaks no rule or guard rail but those that are broken
 * today, and keeps no spot node that it could do without where it is to be on demand; undefined where none costs less than
 * `below`. Pods that wait are placed or left out. Nodes without a pod are left out as well: they help nobody.
 */
export function cheapestPlan(
  { cluster, state }: Packed,
  goal: Goal,
  below: number,
  mostNodes = Infinity,
): number | undefined {
  const { groups, pending, suits } = state.problem
  const fees = state.untouched.reduce((total, { price }) => total + (price.kind === 'known' ? price.rate : 0), 0)
  const rails = nodeLimits(state.problem)
  const noSpot = goal.kind !== 'repack' && goal.policy.kind === 'on-demand'
  const live = groups
    .flatMap((group) => group.live.map((one) => liveCandidate(one, group.name)))
    .filter(({ stays, machine }) => stays || !noSpot || machine.capacityType !== 'spot')
  const options = groups.flatMap((group) =>
    goal.kind === 'repack' ? [] : allowedOptions(group, goal.policy).map((option) => option),
  )
  const groupOf = new Map(
    groups.flatMap(({ name, live: all }) => all.flatMap(({ pods }) => pods.map((pod) => [pod, name]))),
  )
  const running = groups.flatMap((group) => group.live.flatMap(({ pods }) => pods))
  const pinned = new Set(groups.flatMap((group) => group.live.flatMap((one) => [...one.pinned])))
  const bought: Candidate[] = []
  const opens = (pod: Pod, { node, machine, closed }: Candidate): boolean => {
    if (pod.nodeName === node.name) return true
    if (closed || pinned.has(pod) || !suits(pod, machine)) return false
    const board = new NaiveBoard(cluster.namespaces)
    board.sites.push({ site: { ...node, attachLimits: {} }, pods: [] })
    return !board.refusing(pod, 0).some((filter) => BY_NODE.includes(filter))
  }
  const known = new Map<string, boolean>()
  const mayGo = (pod: Pod, to: Candidate, kind: string): boolean => {
    const key = `${pod.id} ${kind}`
    const answer = known.get(key) ?? opens(pod, to)
    known.set(key, answer)
    return answer
  }

  const untouched = state.untouched.map(({ node, pods }) => ({ ...keptNode(node, { pods }), packed: false }))
  let best = below
  let found = false
  const judge = (cost: number): void => {
    const nodes = [...live.filter(({ stays, pods }) => stays || pods.length > 0), ...bought]
    if (nodes.length > mostNodes) return
    const placed = new Set(nodes.flatMap(({ pods }) => pods))
    const unplaced = pending.filter((pod) => !placed.has(pod)).map((pod) => ({ pod, running: false, reason: 'test' }))
    const plan: Plan = makePlan(
      [...nodes.map(({ node, pods }) => ({ ...node, pods: [...pods] })), ...untouched],
      unplaced,
    )
    const spares = options.map((option, at) => newCandidate(option, `spare-${at}`))
    const more = costOfRest(nodes, [...live, ...spares], goal, state.problem.limits)
    if (cost + more >= best) return
    if (verifyPlan({ plan, cluster, mustPlace: state.mustPlace }).some(({ inherited }) => !inherited)) return
    best = cost + more
    found = true
  }
  const place = (at: number, cost: number): void => {
    if (cost >= best) return
    const pod = running[at] ?? pending[at - running.length]
    if (pod === undefined) return judge(cost)
    const group = groupOf.get(pod)
    const tryOn = (to: Candidate, more: number): void => {
      to.pods.push(pod)
      if (!isTooFull(to) && !isOverRails(to, rails)) place(at + 1, cost + more)
      to.pods.pop()
    }
    // Where it is now comes first, so that a plan that is allowed is found soon.
    for (const home of [true, false])
      for (const to of live)
        if ((to.node.name === pod.nodeName) === home && (group === undefined || to.group === group))
          if (mayGo(pod, to, to.node.name)) tryOn(to, to.stays || to.pods.length > 0 ? 0 : to.rate)
    for (const to of bought)
      if ((group === undefined || to.group === group) && mayGo(pod, to, to.node.instanceType + to.node.providerId))
        tryOn(to, 0)
    // No plan buys a node for a pod that waits.
    if (group === undefined) return place(at + 1, cost)
    for (const option of options) {
      if (option.group !== group) continue
      const to = newCandidate(option, `new-${bought.length}`)
      if (!mayGo(pod, to, to.node.instanceType + to.node.providerId)) continue
      bought.push(to)
      tryOn(to, to.rate)
      bought.pop()
    }
  }
  place(0, fees + live.reduce((total, { stays, rate }) => total + (stays ? rate : 0), 0))
  return found ? best : undefined
}

/**
 * What empty nodes cost at least where a plan has too much on spot, or too little free: up to two of them; Infinity where these
 * are not enough. They are not verified: no rule speaks for a plan without them.
 */
function costOfRest(
  nodes: readonly Candidate[],
  all: readonly Candidate[],
  goal: Goal,
  { wholeHeadroom }: Limits,
): number {
  const share = goal.kind === 'repack' || goal.policy.kind !== 'spot' ? 1 : goal.policy.share
  const onSpot = (some: readonly Candidate[]): number =>
    some.reduce((sum, { node }) => sum + node.allocatable.cpu * ((node.capacityType === 'spot' ? 1 : 0) - share), 0)
  const isSound = (some: readonly Candidate[]): boolean =>
    onSpot(some) <= 0 && (wholeHeadroom === undefined || leavesFree(some, wholeHeadroom.share))
  if (isSound(nodes)) return 0
  const isNew = ({ node }: Candidate): boolean => node.action === 'new'
  const spare = all.filter((one) => !nodes.includes(one))
  const pairs = spare.flatMap((one, at) => [[one], ...spare.slice(isNew(one) ? at : at + 1).map((two) => [one, two])])
  return pairs.reduce((least, added) => {
    const cost = added.reduce((sum, { rate }) => sum + rate, 0)
    return cost < least && isSound([...nodes, ...added]) ? cost : least
  }, Infinity)
}

/** Does this share of the CPU and of the memory of all nodes together stay free? */
function leavesFree(nodes: readonly Candidate[], share: number): boolean {
  const has = sum(nodes.map(({ node }) => node.allocatable))
  const used = sum(nodes.map(usedOn))
  return used.cpu <= (1 - share) * has.cpu + 1e-6 && used.memory <= (1 - share) * has.memory + 1e-6
}

const isHome = ({ node }: Candidate, pod: Pod): boolean => node.action === 'keep' && pod.nodeName === node.name

const usedOn = (one: Candidate): Resources =>
  sum([
    ...one.node.residentPods.map(({ held }) => held),
    ...one.pods.map((pod) => (isHome(one, pod) ? pod.held : pod.needed)),
  ])

function liveCandidate({ node, price, residents, mustStay, pinned }: LiveNode, group: string): Candidate {
  return {
    node: { ...keptNode(node, { residentPods: residents }), price },
    group,
    machine: node,
    closed: node.closed !== undefined,
    stays: mustStay !== undefined || pinned.size > 0,
    rate: price.kind === 'known' ? price.rate : 0,
    pods: [],
  }
}

/** `providerId` tells the verifier nothing about a new node; here it carries the option. */
function newCandidate(option: NodeOption, name: string): Candidate {
  const node = keptNode(nodeOf(option, name), { residentPods: option.overheadPods })
  return {
    node: {
      ...node,
      action: 'new',
      price: option.price,
      providerId: option.id,
      labels: { ...option.labels, [HOST]: name },
      attachLimits: option.attachLimits,
    },
    group: option.group,
    machine: option,
    closed: false,
    stays: false,
    rate: option.price.rate,
    pods: [],
  }
}

/** More than it has of something that a pod takes which was not there before: no further pod makes that good. */
function isTooFull(one: Candidate): boolean {
  const came = sum(one.pods.filter((pod) => !isHome(one, pod)).map(({ needed }) => needed))
  const missing = shortfalls(one.node.allocatable, usedOn(one))
  return missing.some(({ resource }) => amountOf(came, resource) > 0)
}

/** Is no more on spot than the goal allows? */
export function isWithinShare({ nodes }: Plan, goal: Goal): boolean {
  if (goal.kind === 'repack' || goal.policy.kind !== 'spot') return true
  const { share } = goal.policy
  return (
    nodes.reduce(
      (sum, { packed, allocatable, capacityType }) =>
        packed ? sum + allocatable.cpu * ((capacityType === 'spot' ? 1 : 0) - share) : sum,
      0,
    ) <= 0
  )
}

/** Carries more than the guard rails allow, of pods that were not there before; one alone may. */
function isOverRails(one: Candidate, { headroom, cpu, memory }: NodeLimits): boolean {
  const { node, pods } = one
  if ((headroom === 0 && cpu === Infinity) || pods.length < 2 || pods.every((pod) => isHome(one, pod))) return false
  const used = usedOn(one)
  const { allocatable } = node
  return (
    used.cpu > Math.min(cpu, allocatable.cpu * (1 - headroom)) ||
    used.memory > Math.min(memory, allocatable.memory * (1 - headroom))
  )
}

const amountOf = (resources: ReturnType<typeof subtract>, name: string): number =>
  name === 'ephemeral-storage'
    ? resources.ephemeralStorage
    : name === 'cpu' || name === 'memory' || name === 'pods'
      ? resources[name]
      : (resources.extended[name] ?? 0)
