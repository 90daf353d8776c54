/**
 * Sizes of one family in the units in which regional Reserved Instances cover them (EC2 User Guide, "How Reserved Instance
 * discounts are applied"): nano .25, micro .5, small 1, medium 2, large 4, xlarge 8, Nxlarge 8 × N.
 */
const NAMED: ReadonlyMap<string, number> = new Map([
  ['nano', 0.25],
  ['micro', 0.5],
  ['small', 1],
  ['medium', 2],
  ['large', 4],
  ['xlarge', 8],
])
const UNITS_OF_XLARGE = 8

/** Families of which a Reserved Instance covers its own size alone, as the same page lists them. */
const FIXED = new Set('g4ad g4dn g5 g5g g6 g6e g6f gr6 gr6f hpc7a p5 inf1 inf2 u7i-6tb u7i-8tb'.split(' '))

const split = (type: string): readonly [family: string, size: string] => {
  const dot = type.indexOf('.')
  return dot < 0 ? [type, ''] : [type.slice(0, dot), type.slice(dot + 1)]
}

export const familyOf = (type: string): string => split(type)[0]

/** Whether regional Reserved Instances of the type, for Linux on shared hardware, cover other sizes of its family. */
export const coversOtherSizes = (type: string): boolean => !FIXED.has(familyOf(type))

/** Of sizes that say it themselves; bare metal that names no size does not. */
function unitsOfSize(size: string): number | undefined {
  const times = /^(?:metal-)?(\d+)xl(?:arge)?$/.exec(size)?.[1]
  return times === undefined ? NAMED.get(size) : UNITS_OF_XLARGE * Number(times)
}

/**
 * Units of each type; undefined where they are not known. `metal` counts as the largest size of its family, which is why
 * the names of all types are asked for.
 */
export function normalizedUnits(types: Iterable<string>): (type: string) => number | undefined {
  const largest = new Map<string, number>()
  for (const type of types) {
    const [family, size] = split(type)
    const units = unitsOfSize(size)
    if (units !== undefined) largest.set(family, Math.max(units, largest.get(family) ?? 0))
  }
  return (type) => {
    const [family, size] = split(type)
    return size === 'metal' ? largest.get(family) : unitsOfSize(size)
  }
}
