import type { Pod } from '../../domain/pod.js'
import type { Slot } from '../draft.js'

/** What is otherwise in the cluster than today while the scheduler fills nodes. Left out: as it is. */
export type Conditions = {
  /** NodeResourcesFit prefers the fullest node (MostAllocated), not the emptiest. */
  readonly packs?: boolean
  readonly pools?: Pools
}

/** Node groups with taints and labels of their own: their pods go nowhere else, and no other pods go there. */
export type Pools = {
  readonly groups: ReadonlySet<string>
  readonly ofPod: (pod: Pod) => string | undefined
  readonly ofNode: (slot: Slot) => string | undefined
}
