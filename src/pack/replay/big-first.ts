import type { PriorityClass } from '../../domain/goal.js'
import type { Pod } from '../../domain/pod.js'
import type { Resources } from '../../domain/resources.js'
import type { Bytes, MilliCpu } from '../../domain/units.js'

/** Each class has pods of half the size of the one above; what is smaller keeps its priority. */
const CLASSES = 6
/** The highest value that a class may have that is not the system's own, less the classes. */
const TOP = 1_000_000_000 - CLASSES

/**
 * Priorities by which big pods come before small ones, while there are holes for them: pods from a half of the largest one
 * first, then from a quarter, and so on. How big a pod is, is the larger of its shares of the CPU and of the memory that
 * all nodes have together (`room`). System pods keep their priority.
 */
export function bigFirst(
  pods: readonly Pod[],
  room: Pick<Resources, 'cpu' | 'memory'>,
): {
  readonly priorityOf: (pod: Pod) => number
  /** The highest first; those without pods are left out. */
  readonly classes: readonly PriorityClass[]
} {
  const sizeOf = ({ needed }: Pod): number =>
    Math.max(needed.cpu / Math.max(1, room.cpu), needed.memory / Math.max(1, room.memory))
  const most = pods.reduce((largest, pod) => Math.max(largest, sizeOf(pod)), 0)
  /** 1 is the highest; undefined: none. */
  const classOf = (pod: Pod): number | undefined => {
    const size = sizeOf(pod)
    for (let rank = 1; rank <= CLASSES; rank += 1) if (size > 0 && size >= most * 0.5 ** rank) return rank
    return undefined
  }
  const workloads = new Map<number, Set<string>>()
  for (const pod of pods) {
    const rank = classOf(pod)
    if (rank !== undefined) workloads.set(rank, (workloads.get(rank) ?? new Set()).add(pod.workload))
  }
  return {
    priorityOf: (pod) => {
      const rank = classOf(pod)
      return rank === undefined ? pod.priority : Math.max(pod.priority, TOP + CLASSES - rank)
    },
    classes: [...workloads]
      .sort(([a], [b]) => a - b)
      .map(([rank, members]) => ({
        cpu: Math.ceil(most * 0.5 ** rank * room.cpu) as MilliCpu,
        memory: Math.ceil(most * 0.5 ** rank * room.memory) as Bytes,
        workloads: members.size,
      })),
  }
}
