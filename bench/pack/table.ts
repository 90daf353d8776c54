/** One column of a printed table; numbers are right-aligned by `align`. */
export type Column<Row> = {
  readonly title: string
  readonly width: number
  readonly align?: 'left'
  readonly cell: (row: Row) => string
}

const padded = <Row>({ width, align }: Column<Row>, text: string): string =>
  align === 'left' ? text.padEnd(width) : text.padStart(width)

export const heading = <Row>(columns: readonly Column<Row>[]): string =>
  columns.map((column) => padded(column, column.title)).join('  ')

export const line = <Row>(columns: readonly Column<Row>[], row: Row): string =>
  columns.map((column) => padded(column, column.cell(row))).join('  ')

/** With a thin space for thousands left out: figures are compared, not read aloud. */
export const fixed = (value: number | undefined, digits: number): string =>
  value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(digits)

/** How far `value` lies above `base`, in per cent. */
export const percentAbove = (value: number | undefined, base: number): number | undefined =>
  value === undefined || base <= 0 ? undefined : 100 * (value / base - 1)

export const mean = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length

/** Of positive ratios. */
export function geometricMean(ratios: readonly number[]): number | undefined {
  const logarithm = mean(ratios.map((ratio) => Math.log(ratio)))
  return logarithm === undefined ? undefined : Math.exp(logarithm)
}

/** The exponent `b` of `y ≈ a · x^b` by least squares over the logarithms. */
export function growthExponent(points: readonly (readonly [x: number, y: number])[]): number | undefined {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const)
  const meanX = mean(logs.map(([x]) => x)) ?? 0
  const meanY = mean(logs.map(([, y]) => y)) ?? 0
  const spread = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return spread === 0 ? undefined : logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread
}
