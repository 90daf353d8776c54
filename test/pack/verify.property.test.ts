import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { FilterName } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import type { Resources } from '../../src/domain/resources.js'
import type { Site } from '../../src/pack/board/board.js'
import { verifyPlan, type Violation } from '../../src/pack/verify.js'
import { namespaces, world, type World } from './arbitrary.js'
import { keptNode, makeCluster, makeNode, makePlan, newNode } from './make-plan.js'
import { makePod } from './make.js'
import { NaiveBoard } from './naive-board.js'

const MOST_PODS = 12
const MOST_SITES = 5
const perPod = <Value>(arbitrary: fc.Arbitrary<Value>) =>
  fc.array(arbitrary, { minLength: MOST_PODS, maxLength: MOST_PODS })

const planned = fc.record({
  world,
  today: perPod(fc.option(fc.nat(), { freq: 3 })),
  final: perPod(fc.nat()),
  moves: perPod(fc.boolean()),
  resident: perPod(fc.constantFrom(false, false, false, true)),
  fates: fc.array(fc.constantFrom('kept', 'kept', 'new', 'gone'), { minLength: MOST_SITES, maxLength: MOST_SITES }),
})
type Planned = typeof planned extends fc.Arbitrary<infer Value> ? Value : never
type Here = { readonly pod: Pod; readonly as: 'resident' | 'stays' | 'comes' }
type Filled = { readonly site: Site; readonly fate: string; readonly here: Here[] }

const pick = <Value>(from: readonly Value[], at: number): Value | undefined => from[at % Math.max(from.length, 1)]

/** The world's pods: twins share the spec with one of the others, but have namespace and labels of another one. */
function podsOf({ pods, twins }: World): Pod[] {
  const distinct = pods.map((parts, index) => makePod(`p${index}`, parts))
  return [
    ...distinct,
    ...twins.map((of, index): Pod => {
      const { namespace, labels } = distinct[index % distinct.length]!
      const name = `twin-${index}`
      return { ...distinct[of % distinct.length]!, namespace, labels, name, id: `${namespace}/${name}` }
    }),
  ]
}

/** A cluster and the state that some plan for it ends in. */
function build(input: Planned) {
  const sites = input.world.sites.map((make, index) => ({ site: make(`s${index}`), fate: input.fates[index]! }))
  const live = sites.filter(({ fate }) => fate !== 'new')
  const final: Filled[] = sites.filter(({ fate }) => fate !== 'gone').map((each) => ({ ...each, here: [] }))
  const pods = podsOf(input.world).map((pod, index) => {
    const today = input.today[index] ?? null
    const nodeName = today === null ? '' : (pick(live, today)?.site.name ?? '')
    return {
      pod: { ...pod, nodeName },
      resident: input.resident[index]!,
      moves: input.moves[index]!,
      final: input.final[index]!,
    }
  })
  const mustPlace: Pod[] = []
  for (const { pod, resident, moves, final: at } of pods) {
    const home = final.find(({ site, fate }) => fate === 'kept' && site.name === pod.nodeName)
    const target = moves || home === undefined ? pick(final, at) : home
    if (resident) {
      const bringer = home ?? (target?.fate === 'new' ? target : undefined)
      bringer?.here.push({ pod, as: 'resident' })
    } else {
      mustPlace.push(pod)
      target?.here.push({ pod, as: target === home ? 'stays' : 'comes' })
    }
  }
  const nodes = live.map(({ site }) =>
    makeNode(
      site,
      pods.map(({ pod }) => pod).filter(({ nodeName }) => nodeName === site.name),
    ),
  )
  const cluster = makeCluster(nodes, { namespaces, pods: pods.map(({ pod }) => pod) })
  const plan = makePlan(
    final.map(({ site, fate, here }) => {
      const contents = {
        pods: here.filter(({ as }) => as !== 'resident').map(({ pod }) => pod),
        residentPods: here.filter(({ as }) => as === 'resident').map(({ pod }) => pod),
      }
      const node = nodes.find(({ name }) => name === site.name)
      return fate === 'kept' && node !== undefined ? keptNode(node, contents) : newNode(site, contents)
    }),
    final.length > 0 ? [] : mustPlace.map((pod) => ({ pod, running: false, reason: '' })),
  )
  return { cluster, plan, mustPlace, final, live }
}

/** Filters that look at a pod at a time, evaluated from scratch by code that is shared with nobody. */
const BY_POD: readonly string[] = [
  'InterPodAffinity',
  'NodeAffinity',
  'NodePorts',
  'NodeUnschedulable',
  'PodTopologySpread',
  'TaintToleration',
  'VolumeBinding',
  'VolumeZone',
]
function naiveRefusals(
  filled: readonly { site: Site; pods: readonly Pod[] }[],
  judged: (pod: Pod) => boolean,
): string[] {
  const board = new NaiveBoard(namespaces)
  for (const { site, pods } of filled) board.sites.push({ site, pods: pods.map((pod) => ({ pod, as: 'held' })) })
  return filled
    .flatMap(({ pods }, index) =>
      pods.filter(judged).flatMap((pod) => {
        const here = board.sites[index]!.pods
        const at = here.findIndex((each) => each.pod === pod)
        const [taken] = here.splice(at, 1)
        const refusing = board.refusing(pod, index)
        here.splice(at, 0, taken!)
        return refusing.filter((filter) => BY_POD.includes(filter)).map((filter) => `${pod.id} ${filter}`)
      }),
    )
    .sort()
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].sort()
const withRules = (found: readonly Violation[], rules: readonly string[]): Violation[] =>
  found.filter(({ rule }) => rules.includes(rule))
const podRules = (found: readonly Violation[]): string[] => distinct(found.map(({ pod, rule }) => `${pod} ${rule}`))

it('finds what rules evaluated from scratch find, pod by pod', () => {
  fc.assert(
    fc.property(planned, (input) => {
      const { cluster, plan, mustPlace, final, live } = build(input)
      const found = withRules(verifyPlan({ plan, cluster, mustPlace }), BY_POD)
      const placed = new Set(mustPlace)
      const state = final.map(({ site, here }) => ({ site, pods: here.map(({ pod }) => pod) }))
      expect(podRules(found)).toEqual(distinct(naiveRefusals(state, (pod) => placed.has(pod))))

      const before = live.map(({ site }) => ({ site, pods: cluster.pods.filter((pod) => pod.nodeName === site.name) }))
      const brokenBefore = new Set(naiveRefusals(before, () => true))
      for (const { pod, node, rule, inherited } of found) {
        const stays = final.some(
          ({ site, here }) => site.name === node && here.some((one) => one.pod.id === pod && one.as === 'stays'),
        )
        if (inherited)
          expect({ pod, rule, stays, before: brokenBefore.has(`${pod} ${rule}`) }).toEqual({
            pod,
            rule,
            stays: true,
            before: true,
          })
      }
    }),
    { numRuns: 1500 },
  )
})

const READERS: Readonly<Record<string, (all: Resources) => number>> = {
  cpu: (all) => all.cpu,
  memory: (all) => all.memory,
  'ephemeral-storage': (all) => all.ephemeralStorage,
  pods: (all) => all.pods,
  'nvidia.com/gpu': (all) => all.extended['nvidia.com/gpu'] ?? 0,
}

it('adds up nodes and volumes as a calculation from scratch does', () => {
  fc.assert(
    fc.property(planned, (input) => {
      const { cluster, plan, mustPlace, final } = build(input)
      const found = verifyPlan({ plan, cluster, mustPlace })
      const expected: string[] = []
      const everyone = final.flatMap(({ site, here }) => here.map((each) => ({ ...each, site })))
      for (const { site, here } of final) {
        for (const [name, read] of Object.entries(READERS)) {
          const takes = ({ pod, as }: Here): number => read(as === 'comes' ? pod.needed : pod.held)
          const used = here.reduce((sum, each) => sum + takes(each), 0)
          if (used <= read(site.allocatable)) continue
          const blamed = here.some((each) => each.as === 'comes' && takes(each) > 0)
          expected.push(`${site.name} ${name}${blamed ? ' by a pod' : ''}`)
        }
        for (const [driver, limit] of Object.entries(site.attachLimits)) {
          const of = (each: Here): string[] =>
            each.pod.volumes.attachments.filter((one) => one.driver === driver).map(({ handle }) => handle)
          const old = new Set(here.filter(({ as }) => as !== 'comes').flatMap(of))
          if (new Set(here.flatMap(of)).size <= limit) continue
          const blamed = here.some((each) => each.as === 'comes' && of(each).some((handle) => !old.has(handle)))
          expected.push(`${site.name} volumes${blamed ? ' by a pod' : ''}`)
        }
        for (const { pod, as } of here) {
          if (as === 'resident') continue
          const others = everyone.filter((each) => each.pod !== pod)
          const { exclusiveClaims, inTreeVolumes, sharedClaims } = pod.volumes
          if (
            others.some((each) => each.pod.volumes.exclusiveClaims.some((claim) => exclusiveClaims.includes(claim))) ||
            others.some(
              (each) => each.site === site && each.pod.volumes.inTreeVolumes.some((one) => inTreeVolumes.includes(one)),
            )
          )
            expected.push(`${pod.id} VolumeRestrictions`)
          if (sharedClaims.some((claim) => spansNodes(claim, everyone))) expected.push(`${pod.id} SharedClaim`)
        }
      }
      const told = found.flatMap(({ node, pod, rule, detail }) => {
        const blame = pod === '' ? '' : ' by a pod'
        if (rule === 'NodeResourcesFit') return [`${node} ${detail.split(':')[0]}${blame}`]
        if (rule === 'NodeVolumeLimits') return [`${node} volumes${blame}`]
        return rule === 'VolumeRestrictions' || rule === 'SharedClaim' ? [`${pod} ${rule}`] : []
      })
      expect(distinct(told)).toEqual(distinct(expected))
    }),
    { numRuns: 1000 },
  )
})

const spansNodes = (claim: string, everyone: readonly (Here & { readonly site: Site })[]): boolean =>
  new Set(everyone.filter(({ pod }) => pod.volumes.sharedClaims.includes(claim)).map(({ site }) => site)).size > 1

it('blames no plan that changes nothing', () => {
  fc.assert(
    fc.property(planned, (input) => {
      const { cluster } = build(input)
      const plan = makePlan(
        cluster.nodes.map((node) => keptNode(node, { pods: node.pods })),
        cluster.pods.filter(({ nodeName }) => nodeName === '').map((pod) => ({ pod, running: false, reason: '' })),
      )
      const found = verifyPlan({ plan, cluster, mustPlace: cluster.pods })
      expect(found.filter(({ inherited }) => !inherited)).toEqual([])
    }),
    { numRuns: 300 },
  )
})

it('passes what the rules let in one by one, and finds a pod that is moved to a node that refuses it', () => {
  let moved = 0
  fc.assert(
    fc.property(world, (input) => {
      const board = new NaiveBoard(namespaces)
      for (const [index, make] of input.sites.entries()) board.sites.push({ site: make(`s${index}`), pods: [] })
      const sites = board.sites.flatMap((each) => each ?? [])
      /** With every pod taken out and put back: rules are not asked again when another pod comes. */
      const isSound = (): boolean =>
        sites.every(({ pods }, index) =>
          [...pods.keys()].every((at) => {
            const [taken] = pods.splice(at, 1)
            const fine = board.refusing(taken!.pod, index).length === 0
            pods.splice(at, 0, taken!)
            return fine
          }),
        )
      const mustPlace: Pod[] = []
      for (const pod of podsOf(input)) {
        const index = sites.findIndex(({ pods }, at) => {
          if (board.refusing(pod, at).length > 0) return false
          pods.push({ pod, as: 'needed' })
          if (isSound()) return true
          pods.pop()
          return false
        })
        if (index >= 0) mustPlace.push(pod)
      }
      const check = () =>
        verifyPlan({
          plan: makePlan(sites.map(({ site, pods }) => newNode(site, { pods: pods.map(({ pod }) => pod) }))),
          cluster: makeCluster([], { namespaces }),
          mustPlace,
        })
      expect(check()).toEqual([])

      for (const [from, { pods }] of sites.entries())
        for (const [at, { pod }] of [...pods.entries()].slice(0, 1))
          for (const [to, target] of sites.entries()) {
            if (to === from) continue
            const [taken] = pods.splice(at, 1)
            const refusing = board.refusing(pod, to)
            target.pods.push(taken!)
            if (refusing.length > 0) {
              moved += 1
              const found = check().filter((one) => one.pod === pod.id || one.node === target.site.name)
              const rules = new Set(found.map(({ rule }) => (rule === 'SharedClaim' ? 'VolumeRestrictions' : rule)))
              const missed = refusing.filter((filter: FilterName) => !rules.has(filter))
              expect({ pod: pod.id, to: target.site.name, missed }).toEqual({
                pod: pod.id,
                to: target.site.name,
                missed: [],
              })
            }
            target.pods.pop()
            pods.splice(at, 0, taken!)
          }
    }),
    { numRuns: 500 },
  )
  expect(moved).toBeGreaterThan(100)
})

it('does not depend on the order of nodes and pods', () => {
  fc.assert(
    fc.property(planned, (input) => {
      const { cluster, plan, mustPlace } = build(input)
      const turned = makePlan(
        plan.nodes
          .toReversed()
          .map((node) => ({ ...node, pods: node.pods.toReversed(), residentPods: node.residentPods.toReversed() })),
        plan.unplaced,
      )
      const turnedCluster = makeCluster(
        cluster.nodes.toReversed().map((node) => ({ ...node, pods: node.pods.toReversed() })),
        { namespaces, pods: cluster.pods.toReversed() },
      )
      const found = verifyPlan({ plan: turned, cluster: turnedCluster, mustPlace: mustPlace.toReversed() })
      expect(found).toEqual(verifyPlan({ plan, cluster, mustPlace }))
    }),
    { numRuns: 300 },
  )
})
