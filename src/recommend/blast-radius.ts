import type { BlastRadius, Concentration, PlanSurvival } from '../domain/blast-radius.js'
import type { Plan, PlanNode } from '../domain/plan.js'
import { requestsOn } from '../domain/pod.js'
import type { Scenario } from '../domain/recommendation.js'
import { percent } from '../domain/units.js'
import { mostOf, replicasOf } from '../domain/workload-replicas.js'

/** Guard rails over more than one node; undefined where none is set. Shares from 0 to 1. */
export type BlastLimits = {
  readonly maxZoneShare?: number | undefined
  readonly maxNodeReplicaShare?: number | undefined
  readonly maxZoneReplicaShare?: number | undefined
}

/** Judges plans by today's placement: what that breaks, they may break, but no further. */
export type BlastJudge = {
  /** Limits that the plan breaks. */
  readonly faultsOf: (plan: Plan) => readonly string[]
  /** What a reader should know: limits broken as today, workloads that stand closer together than today. */
  readonly remarksOf: (plan: Plan) => readonly string[]
}

/** Largest share of all requests in one zone, and the workloads that depend most on one node and on one zone. */
export function blastRadius({ nodes }: Plan): BlastRadius {
  const most = (kind: Kind): Concentration | undefined => [...crowding(nodes, kind).values()].sort(byShare)[0]
  return { largestZoneShare: heaviestZone(nodes)?.share, onNode: most('node'), inZone: most('zone') }
}

export function blastJudge(today: Plan, limits: BlastLimits): BlastJudge {
  const zones = new Set(today.nodes.flatMap(({ packed, zone }) => (packed && zone !== undefined ? [zone] : []))).size
  const zoneToday = heaviestZone(today.nodes)?.share ?? 0
  const rules = [
    { kind: 'node', share: limits.maxNodeReplicaShare, places: Infinity, before: crowding(today.nodes, 'node') },
    { kind: 'zone', share: limits.maxZoneReplicaShare, places: zones, before: crowding(today.nodes, 'zone') },
  ] as const

  /** Limits that are broken; of them those that today's placement does not break as much, or those that it does. */
  const broken = (plan: Plan, isNew: boolean): string[] => [
    ...zoneFault(plan, limits.maxZoneShare, zoneToday, isNew),
    ...rules.flatMap(({ kind, share, places, before }) => {
      if (share === undefined) return []
      const over = [...crowding(plan.nodes, kind).values()].filter(
        (one) =>
          one.replicas > mostOf(share, one.of, places) &&
          one.replicas > (before.get(one.workload)?.replicas ?? 0) === isNew,
      )
      const [first, ...others] = over.sort(byShare)
      if (first === undefined) return []
      const more = others.length === 0 ? '' : `, and so with ${workloads(others.length)} more`
      return [`${placeWords(kind)} ${first.on} holds ${countWords(first)}, more than ${percent(share)}${more}`]
    }),
  ]
  return {
    faultsOf: (plan) => broken(plan, true),
    remarksOf: (plan) => [...broken(plan, false).map((fault) => `as today, ${fault}`), ...closer(plan, rules)],
  }
}

/** The scenarios with what `survivals` says of their plans. */
export function withSurvival(
  scenarios: readonly Scenario[],
  survivals: (plans: readonly Plan[]) => readonly PlanSurvival[],
): Scenario[] {
  const planned = scenarios.flatMap(({ id, outcome }) =>
    outcome.kind === 'planned' ? [{ id, plan: outcome.plan }] : [],
  )
  const answers = survivals(planned.map(({ plan }) => plan))
  const answerOf = new Map(planned.map(({ id }, at) => [id, answers[at]]))
  return scenarios.map((scenario) => {
    const survival = answerOf.get(scenario.id)
    return scenario.outcome.kind === 'planned' && survival !== undefined
      ? { ...scenario, outcome: { ...scenario.outcome, survival } }
      : scenario
  })
}

type Kind = 'node' | 'zone'
/** By workload, the place that holds the most of its replicas. */
type Crowding = ReadonlyMap<string, Concentration>

const placeWords = (kind: Kind): string => (kind === 'node' ? 'node' : 'zone')
const workloads = (count: number): string => (count === 1 ? '1 workload' : `${count} workloads`)
const countWords = ({ replicas, of, workload }: Concentration): string => `${replicas} of ${of} replicas of ${workload}`

/** The largest share first, then the largest workload. */
const byShare = (a: Concentration, b: Concentration): number =>
  b.replicas * a.of - a.replicas * b.of || b.of - a.of || (a.workload < b.workload ? -1 : 1)

/** By workload with two or more replicas, the packed node or zone that holds the most of them. */
function crowding(nodes: readonly PlanNode[], kind: Kind): Crowding {
  const all = replicasOf(nodes.flatMap(({ pods }) => pods))
  const counts = new Map<string, Map<string, number>>()
  for (const { name, zone, packed, pods } of nodes) {
    const place = kind === 'node' ? name : zone
    if (!packed || place === undefined) continue
    for (const { workload } of pods) {
      if (!all.has(workload)) continue
      const places = counts.get(workload) ?? new Map<string, number>()
      counts.set(workload, places)
      places.set(place, (places.get(place) ?? 0) + 1)
    }
  }
  return new Map(
    [...counts].flatMap(([workload, places]) => {
      const [most] = [...places].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
      return most === undefined
        ? []
        : [[workload, { workload, on: most[0], replicas: most[1], of: all.get(workload) ?? 0 }]]
    }),
  )
}

/** Workloads of which one place holds more replicas than any does today, in one sentence. */
function closer(plan: Plan, rules: readonly { readonly kind: Kind; readonly before: Crowding }[]): string[] {
  const found = rules.flatMap(({ kind, before }) => {
    const today = (workload: string): number => before.get(workload)?.replicas ?? 0
    const grown = [...crowding(plan.nodes, kind).values()]
      .filter((one) => one.replicas > today(one.workload))
      .sort(byShare)
    const [first] = grown
    if (first === undefined) return []
    const whole = grown.filter(({ replicas, of }) => replicas === of).length
    const place = kind === 'node' ? 'on one node' : 'in one zone'
    return [{ grown, whole: whole === 0 ? '' : ` (${whole} all they have)`, place, first, now: today(first.workload) }]
  })
  const [most, other] = found
  if (most === undefined) return []
  const also = other === undefined ? '' : `, ${other.grown.length} ${other.place}${other.whole}`
  return [
    `${workloads(most.grown.length)} would have more replicas ${most.place} than today${most.whole}${also}: most, ${countWords(most.first)} ${most.place} (today ${most.now})`,
  ]
}

type Load = { readonly cpu: number; readonly memory: number }

const shareOf = (part: Load, whole: Load): number =>
  Math.max(part.cpu / Math.max(1, whole.cpu), part.memory / Math.max(1, whole.memory))

const total = (loads: readonly Load[]): Load =>
  loads.reduce((sum, { cpu, memory }) => ({ cpu: sum.cpu + cpu, memory: sum.memory + memory }), { cpu: 0, memory: 0 })

const loadOf = ({ name, resident, pods }: PlanNode): Load =>
  total([resident, ...pods.map((pod) => requestsOn(pod, name))])

/** The zone with the largest share of all requests, the worse of CPU and memory; undefined where a zone is not known. */
function heaviestZone(nodes: readonly PlanNode[]) {
  const loads = nodes.filter(({ packed }) => packed).map((node) => ({ zone: node.zone, load: loadOf(node) }))
  const all = total(loads.map(({ load }) => load))
  if (loads.some(({ zone }) => zone === undefined) || (all.cpu === 0 && all.memory === 0)) return undefined
  const zones = [...new Set(loads.flatMap(({ zone }) => zone ?? []))].sort()
  const [heaviest] = zones
    .map((zone) => {
      const load = total(loads.flatMap((one) => (one.zone === zone ? [one.load] : [])))
      return { zone, share: shareOf(load, all), all }
    })
    .sort((a, b) => b.share - a.share)
  return heaviest
}

function zoneFault({ nodes }: Plan, limit: number | undefined, today: number, isNew: boolean): string[] {
  const heaviest = limit === undefined ? undefined : heaviestZone(nodes)
  if (limit === undefined || heaviest === undefined) return []
  const { zone, share, all } = heaviest
  // A pod that is larger by itself has to be somewhere.
  const pods = nodes.flatMap((node) => node.pods)
  const allowed = pods.reduce((most, { needed }) => Math.max(most, shareOf(needed, all)), limit) + ROUNDING
  return share > allowed && share > today + ROUNDING === isNew
    ? [`zone ${zone} carries ${percent(share)} of all requests, more than ${percent(limit)}`]
    : []
}

const ROUNDING = 1e-9
