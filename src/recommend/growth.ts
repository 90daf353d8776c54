import type { Plan, PlanNode } from '../domain/plan.js'
import type { Pod, Workload } from '../domain/pod.js'
import { subtract, type Resources } from '../domain/resources.js'
import type { Finding } from '../domain/snapshot.js'
import { bytes, GIBIBYTE, milliCpu } from '../domain/units.js'
import { requestedOn } from './figures.js'

/**
 * Workloads that an autoscaler may make larger than they are. Plans hold the replicas of today: what comes beyond them
 * must find room that the plan leaves, or a new node.
 */
export type Growth = {
  /** A line on all of them; none where no autoscaler may add a pod. */
  readonly notes: readonly string[]
  /** Workloads of which the plan does not hold as many pods as their autoscalers allow. */
  readonly findings: readonly Finding[]
}

/** Pods that an autoscaler may add, and the size of one: the largest of those that run, in each resource. */
type Grown = { readonly workload: Workload; readonly pods: number; readonly each: Resources }

function grown(workload: Workload): readonly Grown[] {
  const { maxReplicas, replicas, pods } = workload
  const live = pods.filter(({ role, terminating }) => role === 'ordinary' && !terminating)
  const [first] = live
  const more = (maxReplicas ?? 0) - Math.max(replicas ?? 0, live.length)
  return first === undefined || more <= 0
    ? []
    : [{ workload, pods: more, each: live.reduce((size, { needed }) => largest(size, needed), first.needed) }]
}

function largest(a: Resources, b: Resources): Resources {
  const extended: Record<string, number> = { ...a.extended }
  for (const [name, amount] of Object.entries(b.extended)) extended[name] = Math.max(extended[name] ?? 0, amount)
  return {
    ...a,
    cpu: milliCpu(Math.max(a.cpu, b.cpu)),
    memory: bytes(Math.max(a.memory, b.memory)),
    ephemeralStorage: bytes(Math.max(a.ephemeralStorage, b.ephemeralStorage)),
    extended,
  }
}

/** How many pods of this size the free part of a node holds. */
function slots(free: Resources, each: Resources): number {
  const pairs: (readonly [number, number])[] = [
    [free.cpu, each.cpu],
    [free.memory, each.memory],
    [free.ephemeralStorage, each.ephemeralStorage],
    ...Object.entries(each.extended).map(([name, amount]) => [free.extended[name] ?? 0, amount] as const),
  ]
  const counts = pairs.flatMap(([has, needs]) => (needs > 0 ? [Math.floor(has / needs)] : []))
  return Math.max(0, Math.min(free.pods, ...counts))
}

/** Room by node group, for pods stay in theirs; asked for again and again with the same few sizes. */
function roomIn(nodes: readonly PlanNode[]): (group: string, each: Resources) => number {
  const free = new Map<string, Resources[]>()
  for (const node of nodes) {
    if (!node.packed || node.unschedulable) continue
    const left = subtract(node.allocatable, requestedOn(node))
    const known = free.get(node.group)
    if (known === undefined) free.set(node.group, [left])
    else known.push(left)
  }
  const known = new Map<string, number>()
  return (group, each) => {
    const key = JSON.stringify([group, each.cpu, each.memory, each.ephemeralStorage, each.extended])
    const room = known.get(key) ?? (free.get(group) ?? []).reduce((sum, left) => sum + slots(left, each), 0)
    known.set(key, room)
    return room
  }
}

/** Node groups in which the plan has pods of each workload. */
function groupsOf({ nodes }: Plan): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = new Map<string, Set<string>>()
  const keep = (group: string, { workload }: Pod): void => {
    const known = groups.get(workload)
    if (known === undefined) groups.set(workload, new Set([group]))
    else known.add(group)
  }
  for (const { group, pods } of nodes) for (const pod of pods) keep(group, pod)
  return groups
}

const cores = (cpu: number): string => String(Math.round(cpu / 100) / 10)
const gib = (memory: number): string => String(Math.round((memory / GIBIBYTE) * 10) / 10)
const podsText = (count: number): string => `${count} pod${count === 1 ? '' : 's'}`

/** Room is counted by requests, pod slots and devices alone, workload by workload: a real scheduler finds no more. */
export function growthBeyond(plan: Plan | undefined, workloads: readonly Workload[]): Growth {
  const all = workloads.flatMap(grown)
  if (plan === undefined || all.length === 0) return { notes: [], findings: [] }
  const room = roomIn(plan.nodes)
  const groups = groupsOf(plan)
  const findings = all.flatMap(({ workload, pods, each }): readonly Finding[] => {
    const held = [...(groups.get(workload.key) ?? [])].reduce((sum, group) => sum + room(group, each), 0)
    if (held >= pods) return []
    const size = `${cores(each.cpu * pods)} CPU and ${gib(each.memory * pods)} GiB`
    return [
      {
        code: 'autoscaler-beyond-plan',
        subject: workload.key,
        detail: `its autoscaler may add ${podsText(pods)} (${size}) up to ${workload.maxReplicas ?? 0}; the plan leaves room for ${held === 0 ? 'none' : held} of them in their node group, so more nodes must come then`,
      },
    ]
  })
  const total = (of: (each: Resources) => number): number =>
    all.reduce((sum, { pods, each }) => sum + of(each) * pods, 0)
  const pods = all.reduce((sum, one) => sum + one.pods, 0)
  const count = `${all.length} workload${all.length === 1 ? '' : 's'}`
  return {
    notes: [
      `Plans hold today's replicas: autoscalers may add ${podsText(pods)} (${cores(total(({ cpu }) => cpu))} CPU, ${gib(total(({ memory }) => memory))} GiB) to ${count}.`,
    ],
    findings,
  }
}
