import type { Refusal } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { shortfalls, type Resources } from '../../domain/resources.js'
import type { NamespaceObject } from '../../domain/snapshot.js'
import { createLedger } from './ledger.js'
import { createPodClasses } from './pod-class.js'
import { createPortBook } from './port-book.js'
import type { Site } from './site.js'
import { createStaticFit, staticRefusals } from './static-fit.js'
import { topologyAllows, topologyRefusals, type TopologyRules } from './topology-rules.js'
import { createVolumeBook } from './volume-book.js'

export type { Site } from './site.js'

export type BoardContext = {
  readonly namespaces: readonly NamespaceObject[]
  /**
   * Every pod that may ever be placed: their rules say what is counted. A pod that is not among them must have no rule of
   * its own that none of these has (as a copy of one of them), or the board throws.
   */
  readonly pods: readonly Pod[]
  /** Nodes that are there from the start and stay, with what runs on them: they count in topology domains. */
  readonly fixed?: readonly { readonly site: Site; readonly pods: readonly Pod[] }[]
}

/**
 * Nodes with pods on them, in the middle of a packing, and the hard rules of kube-scheduler 1.36 about the next pod
 * (`kubernetes/kubernetes pkg/scheduler/framework/plugins`). Scheduling gates, `spec.nodeName`, preemption and resource
 * claims are not among them.
 */
export type Board = {
  /** Returns the site's index. Its topology domains begin to exist. Indexes of removed sites are used again, last first. */
  addSite(site: Site): number
  /** Only when no pod is on it. */
  removeSite(index: number): void
  site(index: number): Site
  /** Puts the pod there, whether it fits or not. `held` counts what it holds on its live node, `needed` what its spec asks for. */
  place(pod: Pod, site: number, as: 'held' | 'needed'): void
  /** Undoes `place` to the last count. */
  remove(pod: Pod, site: number): void
  /** May the pod be put there now? A pod that is on the board already counts against itself: remove it first. */
  fits(pod: Pod, site: number): boolean
  /** Every rule that refuses the pod there, with numbers; empty if and only if it fits. */
  refusals(pod: Pod, site: number): Refusal[]
  /** What of `fits` depends on the site alone: cordon, taints, node selector and affinity, where volumes are. */
  staticallyFits(pod: Pod, site: number): boolean
  /** Pods with one key fit statically on the same sites. */
  placementKey(pod: Pod): number
  free(site: number): Resources
  podsOn(site: number): readonly Pod[]
  /** Pods with one key are interchangeable for every rule: same requests, same rules, same effect on other pods. */
  classKey(pod: Pod): number
  /** Whether `fits` for this class looks beyond the node's own resources, ports and volumes. */
  hasTopologyRules(classKey: number): boolean
  /** What the pod demands of others in its topology domains, and what it is to them; counts are those of this board. */
  topologyOf(pod: Pod): TopologyRules
}

type Placed = { readonly pods: Pod[]; readonly as: ('held' | 'needed')[] }

export function createBoard({ namespaces, pods: contextPods, fixed = [] }: BoardContext): Board {
  const pods = [...new Set(contextPods)]
  const ledger = createLedger()
  const fit = createStaticFit()
  const ports = createPortBook()
  const volumes = createVolumeBook(pods)
  const classes = createPodClasses(namespaces, pods, ledger, fit, volumes)

  const sites: (Site | undefined)[] = []
  const shapes: number[] = []
  const placed: Placed[] = []
  const spare: number[] = []

  const change = (pod: Pod, site: number, as: 'held' | 'needed', by: 1 | -1): void => {
    const rules = classes.rulesOf(pod)
    ledger.take(site, rules[as], by)
    for (const tally of rules.topology.changes) tally.bump(site, by)
    if (rules.volumes !== undefined) volumes.change(site, rules.volumes, by)
  }
  const siteAt = (index: number): Site => {
    const site = sites[index]
    if (site === undefined) throw new Error(`there is no site ${index}`)
    return site
  }

  const board: Board = {
    addSite(site) {
      const index = spare.pop() ?? sites.length
      sites[index] = site
      shapes[index] = fit.shapeOf(site)
      placed[index] = { pods: [], as: [] }
      ledger.open(index, site.allocatable)
      volumes.open(index, site.attachLimits)
      classes.tallies.open(index, site, shapes[index])
      return index
    },
    removeSite(index) {
      const { name } = siteAt(index)
      if (placed[index]!.pods.length > 0) throw new Error(`site ${name} still has pods`)
      classes.tallies.close(index)
      sites[index] = undefined
      spare.push(index)
    },
    site: siteAt,
    place(pod, site, as) {
      change(pod, site, as, 1)
      ports.take(site, pod.hostPorts)
      placed[site]!.pods.push(pod)
      placed[site]!.as.push(as)
    },
    remove(pod, site) {
      const { pods: here, as } = placed[site]!
      const at = here.lastIndexOf(pod)
      if (at < 0) throw new Error(`pod ${pod.id} is not on site ${siteAt(site).name}`)
      change(pod, site, as[at]!, -1)
      ports.release(site, pod.hostPorts)
      here.splice(at, 1)
      as.splice(at, 1)
    },
    fits(pod, site) {
      const { needed, placement, topology, volumes: use } = classes.rulesOf(pod)
      return (
        ledger.covers(site, needed) &&
        placement.allows(shapes[site]!) &&
        ports.admits(site, pod.hostPorts) &&
        (use === undefined || volumes.admits(site, use)) &&
        topologyAllows(topology, site)
      )
    },
    refusals(pod, site) {
      const { topology, volumes: use } = classes.rulesOf(pod)
      const missing = shortfalls(ledger.free(site), pod.needed)
      return [
        ...staticRefusals(pod, siteAt(site)),
        ...ports.refusals(site, pod.hostPorts),
        ...(missing.length > 0 ? [{ kind: 'short', shortfalls: missing } as const] : []),
        ...(use === undefined ? [] : volumes.refusals(site, use)),
        ...topologyRefusals(topology, site),
      ]
    },
    staticallyFits: (pod, site) => classes.rulesOf(pod).placement.allows(shapes[site]!),
    placementKey: (pod) => classes.rulesOf(pod).placementKey,
    free: (site) => ledger.free(site),
    podsOn: (site) => placed[site]!.pods,
    classKey: (pod) => classes.rulesOf(pod).classKey,
    hasTopologyRules: classes.hasTopologyRules,
    topologyOf: (pod) => classes.rulesOf(pod).topology,
  }
  for (const { site, pods: running } of fixed) {
    const index = board.addSite(site)
    for (const pod of running) board.place(pod, index, 'held')
  }
  return board
}
