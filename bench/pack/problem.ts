/** A kind of bin that can be bought any number of times. `cost` is in whole units of `Problem.unitsPerCost`. */
export type BinType = {
  readonly name: string
  readonly cost: number
  /** As the file has it, e.g. dollars per hour. */
  readonly fileCost: number
  readonly capacity: readonly number[]
}

/** Equal items. `types`: indexes of the bin types that may take them; absent: all. */
export type ItemClass = {
  /** A few public problems have sizes below 0: such an item makes room for others. */
  readonly size: readonly number[]
  readonly count: number
  readonly maxPerBin?: number
  readonly types?: readonly number[]
}

/** What is known of the optimum, in the file's own unit. */
export type Best = { readonly cost: number; readonly proven: boolean; readonly lowerBound?: number }

/** A packing problem in the format of `../shared/data/packing/README.md`. All sizes and capacities are whole numbers. */
export type Problem = {
  readonly name: string
  /** Names of the resources, cpu and memory first; absent for problems that are no clusters. */
  readonly resources?: readonly string[]
  readonly types: readonly BinType[]
  readonly items: readonly ItemClass[]
  /** How many whole units of `BinType.cost` make 1 in the file. */
  readonly unitsPerCost: number
  /** Whether every cost is a whole number of units. If not, the units are rounded down, so that bounds stay valid. */
  readonly exact: boolean
  readonly best?: Best
}

/** `n` equal bins of a type, each with so many items of some classes. */
export type PackedBin = {
  readonly type: number
  readonly n: number
  readonly items: readonly (readonly [item: number, count: number])[]
}

/** What a baseline came to. `left`: items that fit no type of bin. */
export type Packing = {
  readonly bins: readonly PackedBin[]
  readonly left: readonly (readonly [item: number, count: number])[]
}

export const itemCount = ({ items }: Problem): number => items.reduce((sum, { count }) => sum + count, 0)
export const binCount = (bins: readonly PackedBin[]): number => bins.reduce((sum, { n }) => sum + n, 0)

/** Cost of the bins in whole units. */
export const unitCost = ({ types }: Problem, bins: readonly PackedBin[]): number =>
  bins.reduce((sum, { type, n }) => sum + n * (types[type]?.cost ?? 0), 0)

/** Cost of the bins in the file's unit: exact to the last digit of a double where the costs are whole units. */
export function fileCost(problem: Problem, bins: readonly PackedBin[]): number {
  if (problem.exact) return unitCost(problem, bins) / problem.unitsPerCost
  return bins.reduce((sum, { type, n }) => sum + n * (problem.types[type]?.fileCost ?? 0), 0)
}

/** How many items of one size fit into the room, at most `most`. */
export function howMany(room: ArrayLike<number>, size: readonly number[], most: number): number {
  let fit = most
  for (let resource = 0; resource < size.length; resource += 1) {
    const each = size[resource] ?? 0
    if (each > 0) fit = Math.min(fit, Math.floor((room[resource] ?? 0) / each))
  }
  return Math.max(0, fit)
}

const listed = new WeakMap<readonly number[], ReadonlySet<number>>()

/** Whether the item may use the type, whatever its room. Lists are long and shared by many classes. */
export function mayUse({ items }: Problem, type: number, item: number): boolean {
  const types = items[item]?.types
  if (types === undefined) return true
  const set = listed.get(types) ?? new Set(types)
  listed.set(types, set)
  return set.has(type)
}

/** How many items of a class an empty bin of the type takes; 0 where it may take none. */
export function takes(problem: Problem, type: number, item: number): number {
  const { size = [], count = 0, maxPerBin = count } = problem.items[item] ?? {}
  if (!mayUse(problem, type, item)) return 0
  return howMany(problem.types[type]?.capacity ?? [], size, Math.min(count, maxPerBin))
}
