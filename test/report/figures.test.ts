import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  cores,
  count,
  hourlyUsd,
  mib,
  monthlySaving,
  monthlyUsd,
  percent,
  share,
  type Figure,
} from '../../src/report/figures.js'
import { microUsd } from './parse-csv.js'

const both = ({ exact, short }: Figure): [string, string] => [exact, short]

describe('figures', () => {
  it.each([
    [96_000, '0.096', '$0.096'],
    [0, '0.00', '$0.00'],
    [1, '0.000001', '$0.00'],
    [3_647_123, '3.647123', '$3.65'],
    [1_234_567_800_000, '1234567.80', '$1,234,567.80'],
    [-100_000, '-0.10', '-$0.10'],
  ])('prints %i micro-dollars per hour', (micro, exact, short) => {
    expect(both(hourlyUsd(micro))).toEqual([exact, short])
  })

  it.each([
    [70_080_000, '70.08', '$70.08'],
    [2_661_864_800, '2661.8648', '$2,662'],
    [-1_500_000_000, '-1500.00', '-$1,500'],
  ])('prints %i micro-dollars per month', (micro, exact, short) => {
    expect(both(monthlyUsd(micro))).toEqual([exact, short])
  })

  it.each([
    // Rounded by itself, the first would be $2,621.
    [5_449_617_900, 2_828_239_000, '2621.3789', '$2,622'],
    [146_730_000, 97_820_000, '48.91', '$48.91'],
    [30_368_000, 6_862_000, '23.506', '$23.51'],
    [97_820_000, 146_730_000, '-48.91', '-$48.91'],
  ])('prints %i less %i a month as the difference of what people see', (now, planned, exact, short) => {
    expect(both(monthlySaving(now, planned))).toEqual([exact, short])
  })

  it('loses no micro-dollar between number, text and JSON number', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e14, max: 1e14 }), (micro) => {
        for (const { exact } of [hourlyUsd(micro), monthlyUsd(micro)]) {
          expect(microUsd(exact)).toBe(micro)
          expect(Math.round(Number(exact) * 1e6)).toBe(micro)
          expect(Number(exact)).toBe(JSON.parse(exact))
        }
      }),
    )
  })

  it('prints cores, MiB, shares and percentages with the decimals of the contract', () => {
    expect(both(cores(1930))).toEqual(['1.93', '1.93'])
    expect(both(cores(2000))).toEqual(['2', '2'])
    expect(both(cores(1_234_567))).toEqual(['1234.567', '1,235'])
    expect(both(mib(7_516_717_056))).toEqual(['7168.5', '7.0 GiB'])
    expect(both(mib(1))).toEqual(['0', '0 MiB'])
    expect(both(share(0.53125))).toEqual(['0.53125', '53.1 %'])
    expect(both(share(1))).toEqual(['1.0000', '100.0 %'])
    expect(both(share(1 / 3))).toEqual(['0.333333', '33.3 %'])
    expect(both(percent(58.64))).toEqual(['58.64', '58.6 %'])
    expect(both(percent(-3.2))).toEqual(['-3.20', '-3.2 %'])
    expect(both(percent(-0.000001))).toEqual(['0.00', '0.0 %'])
    expect(both(count(150_000))).toEqual(['150000', '150,000'])
  })

  it('never prints an exponent, a NaN or a minus zero', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (value) => {
        for (const { exact } of [share(value), percent(value), mib(Math.round(value)), cores(Math.round(value))]) {
          expect(exact).toMatch(/^-?\d+(\.\d+)?$/)
          expect(exact).not.toMatch(/^-0(\.0*)?$/)
        }
      }),
    )
  })
})
