import type { Bytes, MilliCpu } from './units.js'

/**
 * Kubernetes quantities ("250m", "1.5Gi", "129e6"), read exactly. A parsed quantity is a count of billionths (nano):
 * the finest step that Kubernetes keeps, and whole numbers all the way, so that sums never drift.
 */
const NANO_PER_UNIT = 1_000_000_000n
const NANO_PER_MILLI = 1_000_000n

/** Powers of ten of the decimal suffixes (apimachinery pkg/api/resource/suffix.go). */
const DECIMAL_POWERS: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
}
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

const QUANTITY = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))((?:[KMGTPE]i)|[numkMGTPE]|[eE][+-]?\d+)?$/

/** Longer texts and larger exponents are nobody's request; as numbers they would fill the memory. */
const LONGEST_TEXT = 64
const LARGEST_EXPONENT = 100

/** What a quantity with a binary suffix is capped at. */
const BINARY_CAP = (2n ** 63n - 1n) * NANO_PER_UNIT

/** Away from zero, as Go's resource.Quantity rounds. */
const divideUp = (dividend: bigint, divisor: bigint): bigint => {
  const rest = dividend % divisor
  return dividend / divisor + (rest > 0n ? 1n : rest < 0n ? -1n : 0n)
}

function parse(text: string): bigint | undefined {
  const match = text.length <= LONGEST_TEXT ? QUANTITY.exec(text) : null
  if (match === null) return undefined
  const [, sign, whole = '', fraction = match[4] ?? '', , suffix = ''] = match
  const digits = BigInt(whole + fraction)
  const binary = BINARY_SUFFIXES.indexOf(suffix)
  const power = DECIMAL_POWERS[suffix] ?? (binary > 0 ? 0 : Number(suffix.slice(1)))
  if (Math.abs(power) > LARGEST_EXPONENT) return undefined
  const nanoPower = power + 9 - fraction.length
  const scaled = digits * (binary > 0 ? 1024n ** BigInt(binary) : 1n)
  const exact = nanoPower >= 0 ? scaled * 10n ** BigInt(nanoPower) : divideUp(scaled, 10n ** BigInt(-nanoPower))
  const capped = binary > 0 && exact > BINARY_CAP ? BINARY_CAP : exact
  return sign === '-' ? -capped : capped
}

/** A cluster of 150,000 pods writes the same few hundred quantities over and over. */
const CACHE_SIZE = 10_000
const LONGEST_CACHED = 20
const cache = new Map<string, bigint | undefined>()

/**
 * The quantity in nano units; finer than nano is rounded away from zero, as the API server does. Undefined where the
 * text is no quantity (grammar of apimachinery pkg/api/resource/quantity.go), is longer than 64 characters or has an
 * exponent beyond ±100.
 */
export function parseQuantity(text: string): bigint | undefined {
  const known = cache.get(text)
  if (known !== undefined) return known
  const parsed = parse(text)
  if (parsed === undefined || text.length > LONGEST_CACHED) return parsed
  if (cache.size >= CACHE_SIZE) cache.clear()
  cache.set(text, parsed)
  return parsed
}

/** What the API server stores of a resource quantity: thousandths, rounded away from zero (pkg/apis/core/v1/defaults.go). */
export const milliUp = (nano: bigint): bigint => divideUp(nano, NANO_PER_MILLI)

/** Thousandths to whole units, rounded away from zero. */
export const unitsUp = (milli: bigint): bigint => divideUp(milli, 1000n)

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER)

/** To a number; beyond ±(2^53 - 1) it stays there, as no node or pod is that large. */
export const toSafeNumber = (value: bigint): number =>
  Number(value > LARGEST ? LARGEST : value < -LARGEST ? -LARGEST : value)

/** Whole units (bytes, devices, pod slots) of a parsed quantity, rounded away from zero (`Quantity.Value`). */
export const valueOf = (nano: bigint): number => toSafeNumber(divideUp(nano, NANO_PER_UNIT))

/** Thousandths (millicores) of a parsed quantity, rounded away from zero (`Quantity.MilliValue`). */
export const milliValueOf = (nano: bigint): number => toSafeNumber(milliUp(nano))

/** CPU as the API server writes it: `2`, `1930m`. */
export const formatCpu = (cpu: MilliCpu): string => (cpu % 1000 === 0 ? String(cpu / 1000) : `${cpu}m`)

/** Bytes as the API server writes them, with the largest binary suffix that divides them: `7134168Ki`, `8Gi`, `1000`. */
export function formatBytes(bytes: Bytes): string {
  let value: number = bytes
  let suffix = 0
  while (value !== 0 && value % 1024 === 0 && suffix < BINARY_SUFFIXES.length - 1) {
    value /= 1024
    suffix++
  }
  return `${value}${BINARY_SUFFIXES[suffix] ?? ''}`
}
