import type { Cluster } from '../domain/cluster.js'
import type { Architecture } from '../domain/offering.js'
import type { Plan } from '../domain/plan.js'
import type { Finding } from '../domain/snapshot.js'

/** Nodes of a processor that their node group has none of today. */
type OtherProcessor = {
  readonly group: string
  readonly architecture: Architecture
  readonly nodes: number
  /** Keys of workloads with pods that run on another processor today, sorted. */
  readonly workloads: readonly string[]
}

const NAMES_SHOWN = 3

/** By group and architecture. */
function otherProcessors(plan: Plan, { nodes, groups }: Cluster): OtherProcessor[] {
  const runsOn = new Map(nodes.map(({ name, architecture }) => [name, architecture]))
  const today = new Map(groups.map((group) => [group.name, new Set(group.nodes.map((node) => node.architecture))]))
  const found = new Map<string, OtherProcessor>()
  for (const { action, group, architecture, pods } of plan.nodes) {
    const known = today.get(group)
    // A group of which some processor is not known may have this one.
    if (action === 'keep' || architecture === undefined) continue
    if (known === undefined || known.has(architecture) || known.has(undefined)) continue
    const before = found.get(`${group} ${architecture}`)
    const moved = pods.filter(({ nodeName }) => (runsOn.get(nodeName) ?? architecture) !== architecture)
    found.set(`${group} ${architecture}`, {
      ...{ group, architecture },
      nodes: (before?.nodes ?? 0) + 1,
      workloads: [...new Set([...(before?.workloads ?? []), ...moved.map(({ workload }) => workload)])].sort(),
    })
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

/** For the notes of a scenario. */
export function processorNotes(plan: Plan, cluster: Cluster): string[] {
  const parts = otherProcessors(plan, cluster).map(
    ({ group, architecture, nodes, workloads }) =>
      `${nodesWords(nodes)} of ${architecture} in ${group}, to which ${workloadsWords(workloads.length)}`,
  )
  return parts.length === 0 ? [] : [`processors that node groups have none of today: ${parts.join('; ')}`]
}

/** One for each group of the recommended plan whose pods move to another processor. */
export const processorFindings = (plan: Plan | undefined, cluster: Cluster): Finding[] =>
  (plan === undefined ? [] : otherProcessors(plan, cluster)).map(({ group, architecture, nodes, workloads }) => ({
    code: 'other-processor',
    subject: group,
    detail: `the plan buys ${nodesWords(nodes)} of ${architecture}, which the node group has none of today: ${workloadsWords(workloads.length)} to it${namesOf(workloads)}, and their images must be built for it`,
  }))

const nodesWords = (nodes: number): string => (nodes === 1 ? '1 node' : `${nodes} nodes`)
const workloadsWords = (number: number): string => (number === 1 ? '1 workload moves' : `${number} workloads move`)

const namesOf = (workloads: readonly string[]): string => {
  if (workloads.length === 0) return ''
  const more = workloads.length > NAMES_SHOWN ? ', …' : ''
  return ` (${workloads.slice(0, NAMES_SHOWN).join(', ')}${more})`
}
