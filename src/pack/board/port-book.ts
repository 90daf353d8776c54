import type { Refusal } from '../../domain/plan.js'
import type { HostPort } from '../../domain/pod.js'
import { portsConflict } from '../../domain/requirement.js'

/** Host ports in use, per site. Few pods have any, so a list will do. */
export type PortBook = {
  take(site: number, ports: readonly HostPort[]): void
  release(site: number, ports: readonly HostPort[]): void
  /** Plugin NodePorts. */
  admits(site: number, ports: readonly HostPort[]): boolean
  refusals(site: number, ports: readonly HostPort[]): Refusal[]
}

export function createPortBook(): PortBook {
  const used: (HostPort[] | undefined)[] = []
  const taken = (site: number, wanted: HostPort): boolean =>
    used[site]?.some((port) => portsConflict(port, wanted)) ?? false
  return {
    take(site, ports) {
      if (ports.length > 0) (used[site] ??= []).push(...ports)
    },
    release(site, ports) {
      for (const port of ports) used[site]?.splice(used[site].lastIndexOf(port), 1)
    },
    admits: (site, ports) => ports.length === 0 || !ports.some((port) => taken(site, port)),
    refusals: (site, ports) =>
      ports
        .filter((port) => taken(site, port))
        .map(({ port, protocol }) => ({
          kind: 'rule',
          filter: 'NodePorts',
          detail: `host port ${port}/${protocol || 'TCP'} is in use on the node`,
        })),
  }
}
