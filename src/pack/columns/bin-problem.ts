/** A kind of bin that may be bought: for a cluster one machine of one template, net of everything that runs on it anyway. */
export type BinType = {
  readonly name: string
  /** Whole micro-dollars per hour, not negative. */
  readonly cost: number
  /** Whole numbers, one per resource. */
  readonly capacity: readonly number[]
  /** Most bins of this type, for machines that exist already; absent: any number. */
  readonly limit?: number
}

/** Items that may take each other's place in every bin. */
export type BinClass = {
  /** Whole numbers, one per resource. */
  readonly size: readonly number[]
  readonly count: number
  readonly maxPerBin?: number
  /** Indexes of the bin types that it may use; absent: all. */
  readonly types?: readonly number[]
  /** A bin holds at most one item of all classes with the same number. */
  readonly conflict?: number
}

/** Buy bins so that all items fit, for as little as possible. */
export type BinProblem = {
  readonly resources: readonly string[]
  readonly types: readonly BinType[]
  readonly classes: readonly BinClass[]
}

/** `n` bins of one type with the same items. */
export type Bin = {
  readonly type: number
  readonly n: number
  readonly items: readonly (readonly [classIndex: number, count: number])[]
}

export type Bound = {
  /** Micro-dollars per hour: no way to pack all items that fit any type costs less. */
  readonly lowerBound: number
  /** One sentence for people: what the bound rests on. */
  readonly basis: string
  /** Prices of the classes, micro-dollars per hour and item: no bin holds items worth more than it costs. */
  readonly duals: readonly number[]
}

export type BinPlan = Bound & {
  readonly bins: readonly Bin[]
  /** Micro-dollars per hour. */
  readonly cost: number
  /** The cost is the least that is possible. */
  readonly proven: boolean
  /** What is left over: items that fit no type at all, or no longer fit because the types have limits. */
  readonly unpacked: readonly (readonly [classIndex: number, count: number])[]
}
