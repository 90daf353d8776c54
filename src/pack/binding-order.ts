import type { Cluster } from '../domain/cluster.js'
import type { Plan } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { createBoard } from './board/board.js'
import { byText } from './order.js'

/**
 * Ids of the pods that a plan places, in an order in which they can be bound one after the other on its nodes when these
 * are empty but for what comes with them: a valid end is not enough, as a pod may wait for others (the company that it
 * wants, or replicas in the other zones). By id, in as many rounds as it takes; pods that the scheduler would not put
 * where they are, because something has changed since they came, are put in once nothing else can be.
 */
export function bindingOrder({ nodes }: Plan, cluster: Cluster): string[] {
  const residents = nodes.flatMap(({ residentPods }) => residentPods)
  const board = createBoard({
    namespaces: cluster.namespaces,
    pods: [...new Set([...cluster.pods, ...residents, ...nodes.flatMap(({ pods }) => pods)])],
  })
  const live = new Map(cluster.nodes.map(({ name, attachLimits }) => [name, attachLimits]))
  let waiting: (readonly [pod: Pod, site: number])[] = []
  for (const node of nodes) {
    const site = board.addSite({ ...node, attachLimits: node.attachLimits ?? live.get(node.name) ?? {} })
    for (const pod of node.residentPods) board.place(pod, site, node.action === 'keep' ? 'held' : 'needed')
    for (const pod of node.pods) waiting.push([pod, site])
  }
  waiting.sort(([a], [b]) => byText(a.id, b.id))
  const order: string[] = []
  for (let before = -1; before < order.length;) {
    before = order.length
    waiting = waiting.filter(([pod, site]) => {
      if (!board.fits(pod, site)) return true
      board.place(pod, site, 'needed')
      order.push(pod.id)
      return false
    })
    if (before < order.length || waiting.length === 0) continue
    // What stays where it is in spite of a rule is bound by hand, and others may wait for it.
    const [first, ...others] = waiting
    const stuck = waiting.filter(([pod, site]) => !board.staticallyFits(pod, site))
    const forced = stuck.length > 0 || first === undefined ? stuck : [first]
    waiting = stuck.length > 0 ? waiting.filter(([pod, site]) => board.staticallyFits(pod, site)) : others
    for (const [pod, site] of forced) {
      board.place(pod, site, 'needed')
      order.push(pod.id)
    }
  }
  return order
}
