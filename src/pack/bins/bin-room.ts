import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { subtract, sum, type Resources } from '../../domain/resources.js'
import { milliCpu, bytes } from '../../domain/units.js'
import { mostOf } from './demand.js'
import type { NodeLimits } from '../draft.js'
import type { LiveNode } from '../problem.js'

/** What a node has for its pods: resources, and volumes that may be attached, by driver; an absent driver has no limit. */
export type Room = { readonly free: Resources; readonly volumes: Readonly<Record<string, number>> }

/** The rooms of one node: for pods that share it, within the guard rails, and for one pod that has it to itself. */
export type Rooms = { readonly shared: Room; readonly alone: Room }

/** Volumes of each driver that no other pod uses: they count on every node that the pod is on. */
export type VolumeCounts = (pod: Pod) => Readonly<Record<string, number>>

/** Every policy asks about the same machines. */
const known = new WeakMap<NodeLimits, WeakMap<NodeOption, Rooms>>()

/** Of a new node, once its DaemonSets and static pods run. */
export function roomsOfOption(option: NodeOption, rails: NodeLimits): Rooms {
  const within = known.get(rails) ?? new WeakMap<NodeOption, Rooms>()
  known.set(rails, within)
  const rooms = within.get(option) ?? makeRooms(option, rails)
  within.set(option, rooms)
  return rooms
}

function makeRooms({ allocatable, overhead, attachLimits: volumes }: NodeOption, rails: NodeLimits): Rooms {
  const alone: Room = { free: subtract(allocatable, overhead), volumes }
  const { headroom, cpu, memory } = rails
  if (headroom === 0 && cpu === Infinity && memory === Infinity) return { shared: alone, alone }
  return { shared: { free: subtract(within(allocatable, rails), overhead), volumes }, alone }
}

/**
 * Of a live node, without what its pinned pods take. What it has today it may keep, whatever the limits say: a node that
 * is over-committed, or carries more than a guard rail allows.
 */
export function roomsOfLive(live: LiveNode, rails: NodeLimits, volumesOf: VolumeCounts): Rooms {
  const { node, residents, pods, pinned } = live
  const heldBy = (some: Iterable<Pod>): Resources => sum([...some].map(({ held }) => held))
  const today = heldBy(pods)
  const taken = heldBy(residents)
  const fixed = heldBy(pinned)
  const roomIn = (most: Resources): Resources => subtract(mostOf(subtract(most, taken), today), fixed)
  const volumes = Object.fromEntries(
    Object.entries(node.attachLimits).map(([driver, limit]) => {
      const used = (some: Iterable<Pod>): number =>
        [...some].reduce((all, pod) => all + (volumesOf(pod)[driver] ?? 0), 0)
      return [driver, Math.max(limit, used(pods)) - used(pinned)]
    }),
  )
  return {
    shared: { free: roomIn(within(node.allocatable, rails)), volumes },
    alone: { free: roomIn(node.allocatable), volumes },
  }
}

/** No more than the guard rails allow; rounded so that nothing is lost that they would let pass. */
function within(allocatable: Resources, { headroom, cpu, memory }: NodeLimits): Resources {
  const most = (has: number, share: number): number => Math.floor(Math.min(share, has * (1 - headroom)) + 1e-6)
  return {
    ...allocatable,
    cpu: milliCpu(Math.min(allocatable.cpu, most(allocatable.cpu, cpu))),
    memory: bytes(Math.min(allocatable.memory, most(allocatable.memory, memory))),
  }
}
