import type { OperatingSystem } from '../../domain/cluster.js'
import type { InstanceType } from '../../domain/offering.js'
import { KIBIBYTE, MEBIBYTE } from '../../domain/units.js'
import { karpenterMemoryMib } from './allocatable.js'
import { imageFamily, liveNodes, type Sample } from './live-node.js'

/**
 * How much memory the operating system of a node will see. It is less than what EC2 sells, by no constant share: page
 * tables, firmware, hypervisor and kernel differ by type, host and image. Live nodes come first, then measured types.
 */
export type MemoryStep = 'seen' | 'seen-other-image' | 'same-family' | 'measured' | 'same-image' | 'karpenter'

export type MemoryEstimate = {
  /** Best estimate of `capacity.memory`, in bytes. */
  readonly memory: number
  /** To be held back from it, in MiB, because it is an estimate. */
  readonly marginMib: number
  /** How far the truth may be from the best estimate, in MiB. */
  readonly uncertaintyMib: number
  readonly step: MemoryStep
  readonly basis: string
}

/** What any kernel keeps on any size, in MiB; the rest grows with the memory. Fitted to 656 measured types. */
const FIXED_OVERHEAD_MIB = 140
/** Another image of the same type: Bottlerocket was seen to keep 204 MiB more than AL2023. */
const OTHER_IMAGE_MIB = 256

/** The uncertainty of an overhead that was not seen here: 5 %, at least 64 MiB. */
const marginOf = (overheadMib: number): number => Math.max(Math.ceil(overheadMib * 0.05), 64)

type Point = { readonly memoryMib: number; readonly overheadMib: number }

/** Types whose overheads can be compared: same architecture, same kind of virtualisation. */
const machineClass = (type: InstanceType): string =>
  `${type.architectures.includes('arm64') ? 'arm64' : 'amd64'} ${type.bareMetal ? 'metal' : (type.hypervisor ?? 'unknown')}`

/** From one size to another: the fixed part stays, the rest scales. */
function scaled(point: Point, memoryMib: number): number {
  const fixed = Math.min(FIXED_OVERHEAD_MIB, point.overheadMib)
  return fixed + ((point.overheadMib - fixed) * memoryMib) / point.memoryMib
}

/** Upper of what the seen sizes say. */
const upperOf = (points: readonly Point[], memoryMib: number): number =>
  Math.max(...points.map((point) => scaled(point, memoryMib)))

/** Between the two nearest seen sizes in a straight line, beyond the ends by scaling. */
function along(points: readonly Point[], memoryMib: number): number | undefined {
  const below = points.filter((point) => point.memoryMib <= memoryMib).at(-1)
  const above = points.find((point) => point.memoryMib >= memoryMib)
  if (below === undefined || above === undefined) {
    const nearest = below ?? above
    return nearest === undefined ? undefined : scaled(nearest, memoryMib)
  }
  if (above.memoryMib === below.memoryMib) return above.overheadMib
  const share = (memoryMib - below.memoryMib) / (above.memoryMib - below.memoryMib)
  return below.overheadMib + share * (above.overheadMib - below.overheadMib)
}

/** The largest overhead seen per memory size, ascending. */
function points(samples: readonly Sample[]): readonly Point[] {
  const bySize = new Map<number, Point>()
  for (const { node, type } of samples) {
    const overheadMib = type.memoryMib - node.capacity.memory / MEBIBYTE
    const known = bySize.get(type.memoryMib)
    bySize.set(type.memoryMib, {
      memoryMib: type.memoryMib,
      overheadMib: Math.max(overheadMib, known?.overheadMib ?? 0),
    })
  }
  return [...bySize.values()].sort((a, b) => a.memoryMib - b.memoryMib)
}

/**
 * How much more than the measured overhead live nodes of this image keep, by memory size: kernels and images change.
 * The largest per size; less than measured counts as nothing.
 */
function drifts(samples: readonly Sample[]): readonly Point[] {
  const bySize = new Map<number, Point>()
  for (const { node, type } of samples) {
    if (type.measuredOverheadMib === undefined) continue
    const overheadMib = type.memoryMib - node.capacity.memory / MEBIBYTE
    const more = Math.max(0, overheadMib - type.measuredOverheadMib.max, bySize.get(type.memoryMib)?.overheadMib ?? 0)
    bySize.set(type.memoryMib, { memoryMib: type.memoryMib, overheadMib: more })
  }
  return [...bySize.values()].sort((a, b) => a.memoryMib - b.memoryMib)
}

/** Whole KiB, as kernels report it. */
const toBytes = (mib: number): number => Math.max(0, Math.floor((mib * MEBIBYTE) / KIBIBYTE)) * KIBIBYTE

const groupBy = <T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group === undefined) groups.set(key(item), [item])
    else group.push(item)
  }
  return groups
}

const leastMemory = (samples: readonly Sample[]): number => Math.min(...samples.map(({ node }) => node.capacity.memory))

/**
 * The memory model of nodes with one image. `samples` are live nodes of the whole cluster: memory does not depend on the
 * node group. `osImage` tells images of unknown systems apart.
 */
export function memoryModel(
  samples: readonly Sample[],
  image: { readonly os: OperatingSystem; readonly osImage: string },
): (type: InstanceType) => MemoryEstimate {
  const family = imageFamily(image)
  const here = samples.filter(({ node }) => imageFamily(node) === family)
  const seen = groupBy(here, ({ type }) => type.name)
  const seenAnywhere = groupBy(samples, ({ type }) => type.name)
  const byFamily = groupBy(here, ({ type }) => `${type.family} ${machineClass(type)}`)
  const families = new Map([...byFamily].map(([key, group]) => [key, points(group)]))
  const byClass = groupBy(here, ({ type }) => machineClass(type))
  const classes = new Map([...byClass].map(([key, group]) => [key, { curve: points(group), drift: drifts(group) }]))

  const estimate = (
    type: InstanceType,
    overheadMib: number,
    atLeastMib: number,
    step: MemoryStep,
    basis: string,
  ): MemoryEstimate => {
    const marginMib = Math.max(marginOf(overheadMib), Math.ceil(atLeastMib))
    return { memory: toBytes(type.memoryMib - overheadMib), marginMib, uncertaintyMib: marginMib, step, basis }
  }

  return (type) => {
    const same = seen.get(type.name)
    if (same !== undefined) {
      const basis = `memory of ${liveNodes(same.length)} of ${type.name}`
      return { memory: leastMemory(same), marginMib: 0, uncertaintyMib: 0, step: 'seen', basis }
    }
    const other = seenAnywhere.get(type.name)
    if (other !== undefined) {
      return {
        memory: leastMemory(other),
        marginMib: OTHER_IMAGE_MIB,
        uncertaintyMib: OTHER_IMAGE_MIB,
        step: 'seen-other-image',
        basis: `memory of ${liveNodes(other.length)} of ${type.name} with another image`,
      }
    }
    const { memoryMib } = type
    const measured = type.measuredOverheadMib?.max
    const live = classes.get(machineClass(type))
    const drift = along(live?.drift ?? [], memoryMib) ?? 0
    const sizes = families.get(`${type.family} ${machineClass(type)}`)
    if (sizes !== undefined) {
      const overhead = upperOf(sizes, memoryMib)
      const upper = measured === undefined ? 0 : measured + drift - overhead
      return estimate(type, overhead, upper, 'same-family', `memory scaled from live ${type.family} sizes`)
    }
    if (measured !== undefined) {
      const basis =
        drift > 0 ? 'measured memory overhead, and what live nodes keep above theirs' : 'measured memory overhead'
      return estimate(type, measured + drift, 0, 'measured', basis)
    }
    const curve = along(live?.curve ?? [], memoryMib)
    if (curve !== undefined) {
      return estimate(type, curve, memoryMib * 0.01, 'same-image', 'memory overhead of live nodes of this image')
    }
    const assumed = karpenterMemoryMib(type.memoryMib, type.architectures.includes('arm64'))
    return {
      memory: toBytes(assumed),
      marginMib: 0,
      uncertaintyMib: Math.ceil(type.memoryMib * 0.05),
      step: 'karpenter',
      basis: "memory by Karpenter's 7.5 % (no live or measured node)",
    }
  }
}
