import type { Cluster } from '../domain/cluster.js'
import type { Plan, Refusal } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import type { Resources } from '../domain/resources.js'
import { createBoard, type BoardContext, type Site } from './board/board.js'
import { byText } from './order.js'

/** Whether a node takes a pod, with the pod itself taken off wherever it is. */
export type Verdict = {
  readonly site: Site
  /** The pod is there, in the cluster or in the plan that was looked at. */
  readonly here: boolean
  readonly free: Resources
  /** Every rule of the scheduler that refuses it; empty: it fits. */
  readonly refusals: readonly Refusal[]
}

type Occupied = { readonly site: Site; readonly held: readonly Pod[]; readonly needed: readonly Pod[] }

/** Judges the pod on every node of the cluster as it stands, by name. */
export const fitnessToday = (pod: Pod, { nodes, namespaces, pods }: Cluster): Verdict[] =>
  judge(
    pod,
    nodes.map((node): Occupied => ({ site: node, held: node.pods, needed: [] })),
    { namespaces, pods: [...pods, pod] },
  )

/** Judges the pod on every node of a plan for the cluster, by name. */
export function fitnessInPlan(pod: Pod, { nodes }: Plan, cluster: Cluster): Verdict[] {
  const occupied = nodes.map((node): Occupied => {
    const kept = node.action === 'keep'
    const stays = (one: Pod): boolean => kept && one.nodeName === node.name
    return {
      site: { ...node, attachLimits: node.attachLimits ?? {} },
      held: [...(kept ? node.residentPods : []), ...node.pods.filter(stays)],
      needed: [...(kept ? [] : node.residentPods), ...node.pods.filter((one) => !stays(one))],
    }
  })
  const templates = nodes.flatMap(({ residentPods }) => residentPods)
  return judge(pod, occupied, { namespaces: cluster.namespaces, pods: [...cluster.pods, ...templates, pod] })
}

function judge(pod: Pod, nodes: readonly Occupied[], context: BoardContext): Verdict[] {
  const board = createBoard(context)
  const seen = nodes.map(({ site, held, needed }) => {
    const index = board.addSite(site)
    const others = (pods: readonly Pod[]): readonly Pod[] => pods.filter((one) => one !== pod)
    for (const one of others(held)) board.place(one, index, 'held')
    for (const one of others(needed)) board.place(one, index, 'needed')
    return { site, index, here: held.includes(pod) || needed.includes(pod) }
  })
  return seen
    .map(({ site, index, here }) => ({ site, here, free: board.free(index), refusals: board.refusals(pod, index) }))
    .sort((a, b) => byText(a.site.name, b.site.name))
}
