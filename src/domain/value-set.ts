import { parseInt64 } from './requirement.js'
import type { Expression } from './snapshot.js'

/**
 * What an expression leaves of a label: the listed values (`only`), or every value but the listed ones (`except`), there
 * perhaps only integers strictly between two bounds. `absent`: the label may also be missing.
 */
export type ValueSet = {
  readonly kind: 'only' | 'except'
  readonly values: ReadonlySet<string>
  readonly above: bigint | undefined
  readonly below: bigint | undefined
  readonly absent: boolean
}

const NO_BOUNDS = { above: undefined, below: undefined }
export const ANY_VALUE: ValueSet = { kind: 'except', values: new Set(), ...NO_BOUNDS, absent: true }
const NO_VALUE: ValueSet = { kind: 'only', values: new Set(), ...NO_BOUNDS, absent: false }

const inside = (value: string, above: bigint | undefined, below: bigint | undefined): boolean => {
  if (above === undefined && below === undefined) return true
  const number = parseInt64(value)
  return number !== undefined && (above === undefined || number > above) && (below === undefined || number < below)
}

/** Karpenter's Gte and Lte included; an expression that cannot be read leaves nothing. */
export function valuesOf(expression: Expression): ValueSet {
  const values = new Set(expression.values)
  const bound = expression.values.length === 1 ? parseInt64(expression.values[0] ?? '') : undefined
  const range = (above: bigint | undefined, below: bigint | undefined): ValueSet =>
    bound === undefined ? NO_VALUE : { kind: 'except', values: new Set(), above, below, absent: false }
  switch (expression.operator) {
    case 'In':
      return { kind: 'only', values, ...NO_BOUNDS, absent: false }
    case 'NotIn':
      return values.size > 0 ? { kind: 'except', values, ...NO_BOUNDS, absent: true } : NO_VALUE
    case 'Exists':
      return values.size > 0 ? NO_VALUE : { ...ANY_VALUE, absent: false }
    case 'DoesNotExist':
      return values.size > 0 ? NO_VALUE : { ...NO_VALUE, absent: true }
    case 'Gt':
      return range(bound, undefined)
    case 'Gte':
      return range(bound === undefined ? undefined : bound - 1n, undefined)
    case 'Lt':
      return range(undefined, bound)
    case 'Lte':
      return range(undefined, bound === undefined ? undefined : bound + 1n)
    default:
      return NO_VALUE
  }
}

/** Whether a label may have this value; undefined asks whether it may be missing. */
export const allows = (set: ValueSet, value: string | undefined): boolean =>
  value === undefined
    ? set.absent
    : set.values.has(value) === (set.kind === 'only') && inside(value, set.above, set.below)

export function intersect(a: ValueSet, b: ValueSet): ValueSet {
  const absent = a.absent && b.absent
  const listed = a.kind === 'only' ? a : b.kind === 'only' ? b : undefined
  if (listed !== undefined) {
    const values = new Set([...listed.values].filter((value) => allows(a, value) && allows(b, value)))
    return { kind: 'only', values, ...NO_BOUNDS, absent }
  }
  const above = a.above === undefined || (b.above !== undefined && b.above > a.above) ? b.above : a.above
  const below = a.below === undefined || (b.below !== undefined && b.below < a.below) ? b.below : a.below
  return { kind: 'except', values: new Set([...a.values, ...b.values]), above, below, absent }
}

/** What all expressions on one label leave together. */
export const valuesOfAll = (expressions: readonly Expression[]): ValueSet =>
  expressions.reduce((set, expression) => intersect(set, valuesOf(expression)), ANY_VALUE)

const LOWEST = -(2n ** 63n)
const HIGHEST = 2n ** 63n - 1n

/** Neither a value nor a missing label will do. An integer has many spellings, so excluded ones never use a range up. */
export const isImpossible = (set: ValueSet): boolean => {
  if (set.absent) return false
  if (set.kind === 'only') return set.values.size === 0
  const lowest = set.above === undefined ? LOWEST : set.above + 1n
  const highest = set.below === undefined ? HIGHEST : set.below - 1n
  return (
    (set.above !== undefined || set.below !== undefined) && (lowest > highest || lowest > HIGHEST || highest < LOWEST)
  )
}
