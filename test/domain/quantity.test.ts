import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatBytes, formatCpu, milliValueOf, parseQuantity, valueOf } from '../../src/domain/quantity.js'
import { bytes, milliCpu } from '../../src/domain/units.js'

const NANO = 1_000_000_000n

/** Text, value rounded up to units, value rounded up to thousandths. */
const READABLE: readonly (readonly [text: string, value: number, milli?: number])[] = [
  ['0', 0, 0],
  ['1024Mi', 1073741824],
  ['1Gi', 1073741824],
  ['1.5Gi', 1610612736],
  ['128974848', 128974848],
  ['129e6', 129000000],
  ['129M', 129000000],
  ['128974848000m', 128974848],
  ['123Mi', 128974848],
  ['1E3', 1000],
  ['1e3', 1000],
  ['1E+3', 1000],
  ['12e-1', 2, 1200],
  ['.001Ki', 2, 1024],
  ['0.5', 1, 500],
  ['.5', 1, 500],
  ['1.', 1, 1000],
  ['+1', 1, 1000],
  ['-1', -1, -1000],
  ['-1.5', -2, -1500],
  ['100n', 1, 1],
  ['100u', 1, 1],
  ['5k', 5000],
  ['2T', 2e12],
  ['1P', 1e15],
  ['3Ti', 3 * 2 ** 40],
  ['1Pi', 2 ** 50],
]

const UNREADABLE = [
  ...['1.1.M', '1+1.0M', '0.1mi', '0.1am', 'aoeu', '.5i', '1i', '-3.01i', '-3.01e-', ' 1', '1 ', '1K', ''],
  ...['1e', '1KiB', '1g', '1mi', '.', '+', '-', '1,5', '1_000', 'NaN', '٣', '1e101', `1${'0'.repeat(64)}`, '1\n'],
]

describe('parseQuantity', () => {
  it.each(READABLE.map(([text, value, milli]) => ({ text, value, milli })))('reads $text', ({ text, value, milli }) => {
    const nano = parseQuantity(text) ?? 0n
    expect(parseQuantity(text)).toBeDefined()
    expect(valueOf(nano)).toBe(value)
    if (milli !== undefined) expect(milliValueOf(nano)).toBe(milli)
  })

  it.each(UNREADABLE)('refuses %j', (text) => {
    expect(parseQuantity(text)).toBeUndefined()
    expect(parseQuantity(text)).toBeUndefined()
  })

  it('is exact where a double is not', () => {
    expect((parseQuantity('0.1') ?? 0n) + (parseQuantity('0.2') ?? 0n)).toBe(parseQuantity('0.3'))
    expect(parseQuantity('9223372036854775807')).toBe(9223372036854775807n * NANO)
    expect(parseQuantity('1E')).toBe(10n ** 18n * NANO)
  })

  it('rounds what is finer than nano away from zero', () => {
    expect(parseQuantity('.000000000001Ki')).toBe(2n)
    expect(parseQuantity('0.1n')).toBe(1n)
    expect(parseQuantity('-0.1n')).toBe(-1n)
    expect(parseQuantity('1e-100')).toBe(1n)
    expect(parseQuantity('0e-100')).toBe(0n)
  })

  it('caps binary suffixes at 2^63-1 and lets decimal ones be', () => {
    expect(parseQuantity('100Ei')).toBe((2n ** 63n - 1n) * NANO)
    expect(parseQuantity('-100Ei')).toBe(-(2n ** 63n - 1n) * NANO)
    expect(parseQuantity('100E')).toBe(10n ** 20n * NANO)
  })

  it('gives the same answer however often it is asked, past the size of its cache', () => {
    for (let round = 0; round < 2; round++)
      for (let value = 0; value < 12_000; value++) {
        if (parseQuantity(`${value}m`) !== BigInt(value) * 1_000_000n) expect.fail(`${value}m in round ${round}`)
      }
    expect(parseQuantity('11999m')).toBe(11_999_000_000n)
  })

  it('reads a decimal number as itself times its suffix', () => {
    const suffixes = [
      ['m', 1_000_000n],
      ['', NANO],
      ['Ki', 1024n * NANO],
      ['M', 1_000_000n * NANO],
    ] as const
    fc.assert(
      fc.property(fc.nat(), fc.stringMatching(/^\d{0,9}$/), fc.constantFrom(...suffixes), (whole, fraction, suffix) => {
        const [text, factor] = suffix
        const exact = (BigInt(whole) * 10n ** BigInt(fraction.length) + BigInt(fraction || '0')) * factor
        const scale = 10n ** BigInt(fraction.length)
        expect(parseQuantity(`${whole}.${fraction}${text}`)).toBe((exact + scale - 1n) / scale)
      }),
    )
  })
})

describe('valueOf and milliValueOf', () => {
  it('stay within the numbers that JavaScript counts exactly', () => {
    expect(valueOf(10n ** 40n)).toBe(Number.MAX_SAFE_INTEGER)
    expect(valueOf(-(10n ** 40n))).toBe(-Number.MAX_SAFE_INTEGER)
    expect(milliValueOf(9223372036854775807n * NANO)).toBe(Number.MAX_SAFE_INTEGER)
  })
})

describe('formatting', () => {
  it.each([
    [0, '0'],
    [250, '250m'],
    [1930, '1930m'],
    [2000, '2'],
  ])('writes %i millicores', (milli, text) => expect(formatCpu(milliCpu(milli))).toBe(text))

  it.each([
    [0, '0'],
    [1000, '1000'],
    [7134168 * 1024, '7134168Ki'],
    [8 * 2 ** 30, '8Gi'],
  ])('writes %i bytes', (value, text) => expect(formatBytes(bytes(value))).toBe(text))

  it('can be read back', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(milliValueOf(parseQuantity(formatCpu(milliCpu(value))) ?? -1n)).toBe(value)
        expect(valueOf(parseQuantity(formatBytes(bytes(value))) ?? -1n)).toBe(value)
      }),
    )
    fc.assert(
      fc.property(fc.nat(2 ** 20), fc.integer({ min: 0, max: 3 }), (value, power) => {
        const size = value * 1024 ** power
        expect(valueOf(parseQuantity(formatBytes(bytes(size))) ?? -1n)).toBe(size)
      }),
    )
  })
})
