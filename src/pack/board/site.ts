import type { Resources } from '../../domain/resources.js'
import type { Labels, Taint } from '../../domain/snapshot.js'

/** A node, real or imagined, as the scheduler's rules see it. */
export type Site = {
  readonly name: string
  readonly labels: Labels
  readonly taints: readonly Taint[]
  readonly unschedulable: boolean
  readonly allocatable: Resources
  /** Volumes that may be attached, by CSI driver; a driver that is absent has no limit. */
  readonly attachLimits: Readonly<Record<string, number>>
}
