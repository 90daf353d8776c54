/**
 * Whole numbers with a brand, so that a value of one unit cannot be handed over as another.
 * A brand guards hand-overs, not arithmetic: sums and comparisons of units stay in this room.
 */
declare const unit: unique symbol
export type Unit<Name extends string> = number & { readonly [unit]: Name }

/** Thousandths of a core. */
export type MilliCpu = Unit<'MilliCpu'>
/** Bytes of memory or of disk. */
export type Bytes = Unit<'Bytes'>
/** How many pods, of any size, a node may hold or a pod takes (always 1). */
export type PodSlots = Unit<'PodSlots'>
/** Millionths of a US dollar per hour: every sum of prices is exact. */
export type MicroUsdPerHour = Unit<'MicroUsdPerHour'>

/** AWS bills a month as 730 hours (365 days × 24 hours ÷ 12 months). */
export const HOURS_PER_MONTH = 730

export const KIBIBYTE = 1024
export const MEBIBYTE = 1024 * KIBIBYTE
export const GIBIBYTE = 1024 * MEBIBYTE

export const milliCpu = (value: number): MilliCpu => value as MilliCpu
export const bytes = (value: number): Bytes => value as Bytes
export const mebibytes = (value: number): Bytes => Math.round(value * MEBIBYTE) as Bytes
export const podSlots = (value: number): PodSlots => value as PodSlots

/** Dollars per hour, as AWS lists them, to whole micro-dollars. */
export const usdPerHour = (dollars: number): MicroUsdPerHour => Math.round(dollars * 1e6) as MicroUsdPerHour

/** A share of 1, for people: `29 %`, `12.5 %`. */
export const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`

export const sumRates = (rates: readonly MicroUsdPerHour[]): MicroUsdPerHour =>
  rates.reduce((sum: number, rate) => sum + rate, 0) as MicroUsdPerHour
