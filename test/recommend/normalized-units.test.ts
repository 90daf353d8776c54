import { describe, expect, it } from 'vitest'
import { coversOtherSizes, familyOf, normalizedUnits } from '../../src/recommend/normalized-units.js'

const TYPES = ['m5.large', 'm5.24xlarge', 'm5.metal', 'i3.16xlarge', 'i3.metal', 'c7i.48xlarge', 'c7i.metal-24xl']

describe('normalized units', () => {
  it.each([
    ['t3.nano', 0.25],
    ['t3.micro', 0.5],
    ['t3.small', 1],
    ['t3.medium', 2],
    ['m5.large', 4],
    ['m5.xlarge', 8],
    ['m5.2xlarge', 16],
    ['c5.9xlarge', 72],
    ['m4.10xlarge', 80],
    ['m5.24xlarge', 192],
    ['x1.32xlarge', 256],
    // Bare metal is its largest size, or the one that it names.
    ['m5.metal', 192],
    ['i3.metal', 128],
    ['c7i.metal-24xl', 192],
    ['c7i.metal-48xl', 384],
  ])('%s has %s', (type, units) => {
    expect(normalizedUnits(TYPES)(type)).toBe(units)
  })

  it.each(['g9.metal', 'mock', 'm5.', 'm5.huge', 'u-6tb1.metal', 'm5.constructor'])('%s has none', (type) => {
    expect(normalizedUnits(TYPES)(type)).toBeUndefined()
  })

  it('knows the families of which each size stands for itself', () => {
    expect(['m5.large', 'p3.2xlarge', 'inf1.xlarge', 'g4dn.xlarge', 'u7i-8tb.112xlarge'].map(coversOtherSizes)).toEqual(
      [true, true, false, false, false],
    )
    expect(familyOf('u7i-8tb.112xlarge')).toBe('u7i-8tb')
  })
})
