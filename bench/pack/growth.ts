import type { ClusterSpec } from './generate.js'
import type { Measured } from './measure.js'
import { fixed, growthExponent } from './table.js'

const CENTRE = { pods: 40_000, classes: 400, types: 200, zones: 1, spot: false }
const SERIES = [
  { dimension: 'pods', sizes: [10_000, 40_000, 160_000] },
  { dimension: 'classes', sizes: [100, 400, 1_600] },
  { dimension: 'types', sizes: [50, 200, 800] },
] as const

export type GrowthSpec = {
  readonly dimension: 'pods' | 'classes' | 'types'
  readonly size: number
  readonly spec: ClusterSpec
}

/** One problem in the middle, and a quarter and four times of one dimension after the other. */
export const growthSpecs = (): GrowthSpec[] =>
  SERIES.flatMap(({ dimension, sizes }) =>
    sizes.map((size) => {
      const spec = { ...CENTRE, [dimension]: size }
      return { dimension, size, spec: { ...spec, name: `growth-${spec.pods}-${spec.classes}-${spec.types}` } }
    }),
  )

export function growthTable(measured: ReadonlyMap<string, Measured>): string[] {
  return SERIES.map(({ dimension }) => {
    const points = growthSpecs()
      .filter((each) => each.dimension === dimension)
      .flatMap(({ size, spec }) => {
        const row = measured.get(spec.name)
        return row === undefined ? [] : [[size, row.cpuSeconds, row.gap] as const]
      })
    const exponent = growthExponent(points.map(([size, seconds]) => [size, seconds]))
    const shown = points
      .map(([size, seconds, gap]) => `${size}: ${fixed(seconds, 2)} s (gap ${fixed(gap, 2)} %)`)
      .join(', ')
    return `growth of processor time in ${dimension === 'types' ? 'options' : dimension}: exponent ${fixed(exponent, 2)}   ${shown}`
  })
}
