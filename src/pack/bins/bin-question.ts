import type { GroupLimit } from '../../domain/group-limit.js'
import type { Headroom, Room } from '../../domain/headroom.js'
import { capacityTypeOf } from '../../domain/offering.js'
import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import type { VolumeCounts } from './bin-room.js'
import type { NodeLimits } from '../draft.js'
import type { LiveNode, Machine, PackGroup, PackProblem } from '../problem.js'
import type { Rivals } from './rivals.js'

/** An instance type in one zone at one capacity type, as `kindOf` names it. */
export type MachineKind = string

type Named = Pick<Machine, 'capacityType'> & {
  readonly instanceType: string | undefined
  readonly zone: string | undefined
}

/** Asked for hundreds of machines in every packing. */
const kinds = new WeakMap<Named, MachineKind>()

export function kindOf(machine: Named): MachineKind {
  const known = kinds.get(machine)
  if (known !== undefined) return known
  const kind = `${machine.instanceType ?? ''}/${machine.zone ?? ''}/${capacityTypeOf(machine)}`
  kinds.set(machine, kind)
  return kind
}

/**
 * What a machine costs more, or less, than its price, by its allocatable millicores, what it counts towards the limits of its
 * group and what it carries; what comes out is rounded down. No machine may become cheaper than one micro-dollar by it. Nodes that stay are
 * not charged.
 */
export type Surcharge = (machine: {
  readonly spot: boolean
  readonly cpu: number
  /** In the order of the group's limit; empty where it has none. */
  readonly counted: readonly number[]
  /** What it may carry so that its part of the headroom stays free; absent where none was asked for. */
  readonly carries?: Room
}) => number

export type Question = {
  readonly group: PackGroup
  /** Machines that may be bought; empty: only today's nodes. */
  readonly options: readonly NodeOption[]
  /** Of those, the ones that could hold the pod; mostly one list for many pods. */
  readonly machinesFor: (pod: Pod) => readonly NodeOption[]
  /** May a plan keep a node that may go? On-demand plans keep no spot node. */
  readonly mayKeep: (live: LiveNode) => boolean
  readonly suits: PackProblem['suits']
  readonly interests: PackProblem['interests']
  readonly rails: NodeLimits
  readonly wholeHeadroom?: Headroom | undefined
  /** The most that the group's nodes may have together. */
  readonly limit?: GroupLimit | undefined
  readonly rivals: Pick<Rivals, 'of' | 'repelled' | 'mayBeRepelled'>
  readonly volumesOf: VolumeCounts
  /** Pods of equal numbers are the same to the scheduler and to `suits`. */
  readonly podKind: (pod: Pod) => number
  /** Pods of equal numbers fit statically on the same nodes. */
  readonly placementKey: (pod: Pod) => number
}
