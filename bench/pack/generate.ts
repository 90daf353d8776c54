import { catalogOptions, type Option } from './options.js'
import type { ItemClass, Problem } from './problem.js'
import { random, type Random } from './random.js'

/** A cluster to make up: the same figures give the same problem on every machine. */
export type ClusterSpec = {
  readonly name: string
  readonly pods: number
  readonly classes: number
  /** Instance types of the catalog. */
  readonly types: number
  readonly zones: number
  readonly spot: boolean
}

/** The large problem: 150,000 pods in 2,000 classes, 1,000 instance types × 3 zones × on-demand and spot. */
export const LARGE: ClusterSpec = {
  name: 'large-150k',
  pods: 150_000,
  classes: 2_000,
  types: 1_000,
  zones: 3,
  spot: true,
}

const SEED = 6
/** Milli-cores that people write into requests; what stands there more often is drawn more often. */
const CPU = [
  ...[10, 20, 25, 50, 50, 100, 100, 100, 100, 150, 200, 200, 250, 250, 250, 300, 400, 500, 500, 500, 500, 600, 750],
  ...[1_000, 1_000, 1_000, 1_000, 1_500, 1_500, 2_000, 2_000, 2_000, 3_000, 4_000, 4_000, 8_000, 16_000],
]
/** MiB for each core. */
const MIB_PER_CORE = [512, 1_024, 1_024, 2_048, 2_048, 2_048, 4_096, 4_096, 4_096, 6_144, 8_192, 8_192, 16_384]
/** Replicas, before they are scaled to the number of pods. */
const REPLICAS = [1, 1, 2, 2, 3, 3, 5, 8, 13, 20, 40, 80, 150, 300]
/** Per cent of the classes. */
const ARM_READY = 30
const SPOT_FIT = 40
const ZONE_BOUND = 6
const ONE_PER_NODE = 3
/** One per node is for services of a few replicas. */
const MOST_ONE_PER_NODE = 60

export async function generate(spec: ClusterSpec): Promise<Problem> {
  const options = await catalogOptions(spec.types, spec.zones, spec.spot)
  const next = random(SEED)
  const lists = new Map<string, readonly number[]>()
  const drawn = distinctClasses(spec, next, (arm, onSpot, zone) => {
    const key = `${arm}/${onSpot}/${zone}`
    const list =
      lists.get(key) ?? options.flatMap((option, index) => (reaches(option, arm, onSpot, zone) ? [index] : []))
    lists.set(key, list)
    return list
  })
  const counts = apportioned(
    spec.pods,
    drawn.map(({ count }) => count),
  )
  return {
    name: spec.name,
    resources: ['cpu_milli', 'memory_mib', 'pods'],
    types: options.map(({ name, rate, capacity }) => ({ name, cost: rate, fileCost: rate / 1e6, capacity })),
    items: drawn.map(({ onePerNode, ...item }, index): ItemClass => {
      const count = counts[index] ?? 0
      return { ...item, count, ...(onePerNode && count <= MOST_ONE_PER_NODE ? { maxPerBin: 1 } : {}) }
    }),
    unitsPerCost: 1e6,
    exact: true,
  }
}

const reaches = (option: Option, arm: boolean, onSpot: boolean, zone: number | undefined): boolean =>
  (arm || option.architecture === 'amd64') &&
  (onSpot || option.capacityType === 'on-demand') &&
  (zone === undefined || option.zone === zone)

type Drawn = ItemClass & { readonly onePerNode: boolean }

function distinctClasses(
  spec: ClusterSpec,
  next: Random,
  listOf: (arm: boolean, onSpot: boolean, zone: number | undefined) => readonly number[],
): Drawn[] {
  const seen = new Set<string>()
  const classes: Drawn[] = []
  while (classes.length < spec.classes) {
    const cpu = CPU[next(CPU.length)] ?? 100
    const perCore = MIB_PER_CORE[next(MIB_PER_CORE.length)] ?? 2_048
    // Memory is measured, not chosen: up to a quarter off the round figure, in steps of 32 MiB.
    const memory = Math.max(1, Math.round((cpu * perCore * (75 + next(51))) / 100 / 1_000 / 32)) * 32
    const arm = next(100) < ARM_READY
    const onSpot = next(100) < SPOT_FIT
    const zone = next(100) < ZONE_BOUND ? next(spec.zones) : undefined
    const onePerNode = next(100) < ONE_PER_NODE
    const count = REPLICAS[next(REPLICAS.length)] ?? 1
    const key = [cpu, memory, arm, onSpot, zone, onePerNode].join()
    if (seen.has(key)) continue
    seen.add(key)
    classes.push({ size: [cpu, memory, 1], count, types: listOf(arm, onSpot, zone), onePerNode })
  }
  return classes
}

/** Whole numbers in the ratio of the weights, each at least 1, that add up to `total`. */
function apportioned(total: number, weights: readonly number[]): number[] {
  const spare = Math.max(0, total - weights.length)
  const sum = weights.reduce((all, weight) => all + weight, 0)
  let given = 0
  let passed = 0
  return weights.map((weight) => {
    passed += weight
    const upTo = Math.floor((spare * passed) / sum)
    const count = 1 + upTo - given
    given = upTo
    return count
  })
}
