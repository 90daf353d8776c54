import { MEBIBYTE } from '../domain/units.js'

/**
 * A number, rounded: once for files and programs, once for people. Every figure of a report is made here and nowhere
 * else, so that CSV, JSON and Markdown cannot disagree.
 */
export type Figure = {
  /** Decimal text for CSV and JSON, e.g. `0.096`; never an exponent, never a separator. */
  readonly exact: string
  /** For people, with its unit, e.g. `$70.08`, `53.1 %`, `7.0 GiB`. */
  readonly short: string
}

/**
 * A whole number of 10^-decimals as decimal text, without passing through a fraction: `decimalText(96000, 6, 2)` is
 * `0.096`. Trailing zeros go, but `atLeast` decimals stay.
 */
export function decimalText(whole: number, decimals: number, atLeast: number): string {
  const digits = String(Math.abs(whole)).padStart(decimals + 1, '0')
  const cut = digits.length - decimals
  const kept = digits.slice(cut).replace(/0+$/, '').padEnd(atLeast, '0')
  const sign = whole < 0 ? '-' : ''
  return `${sign}${digits.slice(0, cut)}${kept === '' ? '' : `.${kept}`}`
}

/** Rounds half away from zero, so that a saving and the same loss read alike. */
const round = (value: number): number => Math.sign(value) * Math.round(Math.abs(value)) + 0

const fixed = (value: number, decimals: number, atLeast = decimals): string =>
  decimalText(round(value * 10 ** decimals), decimals, atLeast)

const grouped = (text: string): string =>
  text.replace(/^(-?)(\d+)/, (_, sign: string, whole: string) => sign + whole.replace(/\B(?=(\d{3})+$)/g, ','))

const dollars = (text: string): string => (text.startsWith('-') ? `-$${grouped(text.slice(1))}` : `$${grouped(text)}`)

/** Micro-dollars per hour: at most 6 decimals, exact. People see as many as a small price needs. */
export function hourlyUsd(microUsd: number): Figure {
  const people = Math.abs(microUsd) < 1e6 ? fixed(microUsd / 1e6, 4, 2) : fixed(microUsd / 1e6, 2)
  return { exact: decimalText(round(microUsd), 6, 2), short: dollars(people) }
}

/**
 * Decimals of monthly amounts in micro-dollars, as people see them: cents below 100 dollars, whole dollars above. Amounts
 * that are read together all have cents as soon as one of them does.
 */
export const monthlyDecimals = (...microUsd: readonly number[]): number =>
  microUsd.some((amount) => Math.abs(amount) < 100e6) ? 2 : 0

/** Micro-dollars per month. */
export const monthlyUsd = (microUsd: number, decimals = monthlyDecimals(microUsd)): Figure => ({
  exact: decimalText(round(microUsd), 6, 2),
  short: dollars(fixed(microUsd / 1e6, decimals)),
})

/**
 * What the second of two monthly costs saves against the first, in micro-dollars. People see the difference of the two
 * amounts as they see these: whoever subtracts them must find the saving that is printed beside them.
 */
export function monthlySaving(now: number, planned: number, decimals = monthlyDecimals(now, planned)): Figure {
  const shown = (microUsd: number): number => round((microUsd / 1e6) * 10 ** decimals)
  return {
    exact: monthlyUsd(now - planned).exact,
    short: dollars(decimalText(shown(now) - shown(planned), decimals, decimals)),
  }
}

/** Thousandths of a core, printed as cores. */
export const cores = (milliCpu: number): Figure => ({
  exact: decimalText(round(milliCpu), 3, 0),
  short: grouped(fixed(milliCpu / 1000, Math.abs(milliCpu) < 100_000 ? 2 : 0, 0)),
})

/** Bytes, printed as MiB with at most 3 decimals; people see GiB once there is one. */
export const mib = (bytes: number): Figure => ({
  exact: fixed(bytes / MEBIBYTE, 3, 0),
  short:
    Math.abs(bytes) < 1024 * MEBIBYTE
      ? `${fixed(bytes / MEBIBYTE, 0)} MiB`
      : `${grouped(fixed(bytes / MEBIBYTE / 1024, 1))} GiB`,
})

/** A fraction of 1: 4 to 6 decimals; people see a percentage. */
export const share = (fraction: number): Figure => ({
  exact: fixed(fraction, 6, 4),
  short: `${fixed(fraction * 100, 1)} %`,
})

/** A percentage that is given as such (58.64, not 0.5864): 2 to 4 decimals. */
export const percent = (value: number): Figure => ({ exact: fixed(value, 4, 2), short: `${fixed(value, 1)} %` })

/** Machines, in parts where a commitment covers a part of one: at most 4 decimals; people see 2. */
export const instances = (value: number): Figure => ({ exact: fixed(value, 4, 0), short: grouped(fixed(value, 2, 0)) })

export const count = (value: number): Figure => ({ exact: String(value), short: grouped(String(value)) })

/** Keeps the unknown unknown: a figure of nothing is nothing. */
export const known = <Value>(value: Value | undefined, figure: (value: Value) => Figure): Figure | undefined =>
  value === undefined ? undefined : figure(value)

/** `part ÷ whole`, unknown where there is no whole. */
export const ratio = (part: number, whole: number): number | undefined => (whole > 0 ? part / whole : undefined)
