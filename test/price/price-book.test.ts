import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readCatalog } from '../../src/collect/catalog-file.js'
import type { PriceBook, PriceCatalog, RegionPrices, SpotTable } from '../../src/domain/catalog.js'
import type { Price } from '../../src/domain/offering.js'
import { priceBook } from '../../src/price/price-book.js'

const catalog = await readCatalog(fileURLToPath(new URL('../../data/catalog.json.gz', import.meta.url)))
const book = (region: string | undefined) => priceBook(catalog, region)
const virginia = book('us-east-1')

/** `rate source` of a known price, the reason of an unknown one. */
const say = (price: Price): string =>
  price.kind === 'known' ? `${price.rate} ${price.basis}: ${price.source}` : price.why

describe('on-demand', () => {
  test.each([
    ['us-east-1', 'm5.large', undefined, '96000 list: on-demand list 2026-07-20'],
    ['us-east-1', 'm5.large', 'us-east-1a', '96000 list: on-demand list 2026-07-20'],
    ['us-east-1', 't4g.nano', 'us-east-1f', '4200 list: on-demand list 2026-07-20'],
    ['us-east-1', 'c6i.large', undefined, '85000 list: on-demand list 2026-07-20'],
    ['eu-west-1', 'm5.large', 'eu-west-1b', '107000 list: on-demand list 2025-04-04'],
    ['eu-central-1', 'm5.large', undefined, '115000 list: on-demand list 2025-04-04'],
    ['us-gov-west-1', 'm5.large', 'us-gov-west-1a', '121000 list: on-demand list 2026-07-20'],
    // Zone names of a simulated cluster.
    ['us-east-1', 'm5.large', 'test-zone-a', '96000 list: on-demand list 2026-07-20'],
    // Local Zones and Wavelength Zones have lists of their own.
    ['af-south-1', 'm5.xlarge', 'af-south-1-los-1a', '292000 list: on-demand list 2025-04-04'],
    ['ap-northeast-1', 't3.medium', 'ap-northeast-1-wl1-kix-wlz-1', '73400 list: on-demand list 2025-04-04'],
    ['us-east-1', 't3.medium', 'us-east-1-wl1-bos-wlz-1', '56000 list: on-demand list 2025-04-04'],
    // A price that is listed counts, though EC2 does not describe the type.
    ['us-east-1', 'cr1.8xlarge', undefined, '3500000 list: on-demand list 2026-07-20'],
  ])('%s %s in %s: %s', (region, type, zone, want) => expect(say(book(region).onDemand(type, zone))).toBe(want))

  test.each([
    [undefined, 'm5.large', undefined, 'the region is not known'],
    ['xx-north-9', 'm5.large', undefined, 'region xx-north-9 is not in the price catalog'],
    ['cn-north-1', 'm5.large', undefined, 'listed in CNY, not USD'],
    ['ap-east-2', 'm5.large', undefined, 'no on-demand price of ap-east-2 is in the price catalog'],
    ['us-east-1', 'z99.large', undefined, 'instance type z99.large is not in the price catalog'],
    ['us-east-1', 'mac2.metal', undefined, 'mac2.metal has no on-demand price in us-east-1 (list of 2026-07-20)'],
    ['eu-west-1', 'm8i.large', undefined, 'm8i.large has no on-demand price in eu-west-1 (list of 2025-04-04)'],
    ['us-east-1', 'm5.large', 'us-west-2a', 'zone us-west-2a is not in region us-east-1'],
    ['us-east-1', 'm5.large', 'us-west-2-lax-1a', 'zone us-west-2-lax-1a is not in region us-east-1'],
    [
      'us-east-1',
      'm5.large',
      'us-east-1-xyz-1a',
      'zone us-east-1-xyz-1a has prices of its own, which are not in the price catalog',
    ],
    [
      'af-south-1',
      'm5.large',
      'af-south-1-los-1a',
      'm5.large has no on-demand price in zone af-south-1-los-1a (list of 2025-04-04)',
    ],
  ])('%s %s in %s: %s', (region, type, zone, want) => expect(say(book(region).onDemand(type, zone))).toBe(want))
})

describe('spot', () => {
  test.each([
    ['us-east-1', 'c5.large', 'us-east-1a', 'use1-az2', '28600 observed: spot region observed 2026-07'],
    ['us-east-1', 'c5.large', undefined, undefined, '28600 observed: spot region observed 2026-07'],
    // The zone's price comes before the region's, which is newer.
    ['ap-northeast-2', 'm7g.2xlarge', 'ap-northeast-2d', 'apne2-az4', '92100 observed: spot zone observed 2026-04'],
    // Zone names differ per account: a name alone leads to no zone's price, but to 0.4012 less 60 %.
    ['ap-northeast-2', 'm7g.2xlarge', 'ap-northeast-2d', undefined, '160480 estimate: spot estimate 2025-06'],
    // 0.114 less 71 %.
    ['af-south-1', 'c5.large', 'af-south-1a', 'afs1-az1', '33060 estimate: spot estimate 2025-06'],
    // A saving of -62 %: the estimate stays at the on-demand price.
    ['ca-central-1', 'p5.48xlarge', undefined, undefined, '113068000 estimate: spot estimate 2025-06'],
    // Observed at the on-demand price: a fact, and kept.
    ['us-east-1', 'a1.large', undefined, undefined, '51000 observed: spot region observed 2026-07'],
  ])('%s %s in %s %s: %s', (region, type, zone, zoneId, want) =>
    expect(say(book(region).spot(type, zone, zoneId))).toBe(want),
  )

  test.each([
    [undefined, 'm5.large', undefined, undefined, 'the region is not known'],
    ['xx-north-9', 'm5.large', undefined, undefined, 'region xx-north-9 is not in the price catalog'],
    ['cn-north-1', 'm5.large', undefined, undefined, 'listed in CNY, not USD'],
    ['us-east-1', 'z99.large', undefined, undefined, 'instance type z99.large is not in the price catalog'],
    // The spot feed has a price for it; EC2 says that it is not sold so.
    ['us-east-1', 'c8ine.large', undefined, undefined, 'c8ine.large is not sold as spot'],
    [
      'us-gov-west-1',
      'm5.large',
      undefined,
      undefined,
      'neither a spot price nor a saving of m5.large in us-gov-west-1 is in the price catalog',
    ],
    [
      'me-central-1',
      'm7g.2xlarge',
      'me-central-1b',
      'mec1-az2',
      'm7g.2xlarge had no spot price in mec1-az2 (observed 2026-04)',
    ],
    ['us-east-1', 'm5.large', 'us-west-2a', undefined, 'zone us-west-2a is not in region us-east-1'],
    [
      'af-south-1',
      'm5.xlarge',
      'af-south-1-los-1a',
      undefined,
      'no spot price of zone af-south-1-los-1a is in the price catalog',
    ],
  ])('%s %s in %s %s: %s', (region, type, zone, zoneId, want) =>
    expect(say(book(region).spot(type, zone, zoneId))).toBe(want),
  )

  test('no estimate is above the on-demand price, and no price is 0', () => {
    let estimates = 0
    for (const region of catalog.regions.keys()) {
      const prices = book(region)
      for (const { name } of prices.types()) {
        const spot = prices.spot(name, undefined, undefined)
        if (spot.kind === 'unknown') continue
        expect(spot.rate).toBeGreaterThan(0)
        if (spot.basis !== 'estimate') continue
        expect(spot.rate).toBeLessThanOrEqual(rateIn(prices, name))
        estimates++
      }
    }
    expect(estimates).toBeGreaterThan(13_000)
  })

  test('says what its prices rest on', () => {
    expect(virginia.spotPriceNote).toBe(
      'spot prices of us-east-1: 9 types observed 2026-04 by zone, 1105 types observed 2026-07 by region, estimates from the savings of 2025-06 otherwise',
    )
    expect(book('us-gov-west-1').spotPriceNote).toBe('spot prices of us-gov-west-1: none')
    expect(book('cn-north-1').spotPriceNote).toBe('spot prices are not known: listed in CNY, not USD')
  })
})

describe('spot prices read with the account of the user', () => {
  const table = (scope: SpotTable['scope'], place: string, source: string, rate: number | undefined): SpotTable => ({
    scope,
    place,
    source,
    rates: new Map(rate === undefined ? [] : [['m5.large', rate]]),
    unlisted: new Set(rate === undefined ? ['m5.large'] : []),
  })
  const withSpot = (...spot: SpotTable[]) => priceBook(changed('eu-west-1', { spot }), 'eu-west-1')
  const stored = table('zone-id', 'euw1-az1', 'spot-zones-2026-04', 50000)

  test('the newest observation of the zone wins, by id or by name', () => {
    const live = table('zone-name', 'eu-west-1a', 'types-2026-08-02', 40000)
    for (const prices of [withSpot(stored, live), withSpot(live, stored)])
      expect(say(prices.spot('m5.large', 'eu-west-1a', 'euw1-az1'))).toBe('40000 observed: spot zone observed 2026-08')
    expect(say(withSpot(stored, live).spot('m5.large', 'eu-west-1b', 'euw1-az1'))).toBe(
      '50000 observed: spot zone observed 2026-04',
    )
  })

  test('a newer look that found no price wins too', () => {
    const live = table('zone-name', 'eu-west-1a', 'types-2026-08-02', undefined)
    expect(say(withSpot(stored, live).spot('m5.large', 'eu-west-1a', 'euw1-az1'))).toBe(
      'm5.large had no spot price in eu-west-1a (observed 2026-08)',
    )
    const region = table('region', 'eu-west-1', 'types-2026-08-02', undefined)
    expect(say(withSpot(region).spot('m5.large', 'eu-west-1a', undefined))).toBe(
      'm5.large had no spot price in eu-west-1 (observed 2026-08)',
    )
  })

  test('a Local Zone takes prices seen in it', () => {
    const live = table('zone-name', 'us-west-2-lax-1a', 'types-2026-08-02', 30000)
    const prices = priceBook(changed('us-west-2', { spot: [live] }), 'us-west-2')
    expect(say(prices.spot('m5.large', 'us-west-2-lax-1a', undefined))).toBe(
      '30000 observed: spot zone observed 2026-08',
    )
  })
})

test('spot advice', () => {
  expect(book('af-south-1').spotAdvice('c5.large')).toEqual({ band: '10-15%', savingsPercent: 71, asOf: '2025-06-28' })
  expect(book('ca-central-1').spotAdvice('p5.48xlarge')).toMatchObject({ savingsPercent: -62 })
  expect(book('af-south-1').spotAdvice('z99.large')).toBeUndefined()
  expect(book('us-gov-west-1').spotAdvice('c5.large')).toBeUndefined()
  expect(book(undefined).spotAdvice('c5.large')).toBeUndefined()
})

describe('offered', () => {
  test.each([
    // use1-az3 is the old zone that has few types; the recording account called it us-east-1e.
    ['m7g.large', undefined, 'use1-az3', false],
    ['m7g.large', undefined, 'use1-az1', true],
    ['m7g.large', 'us-east-1e', undefined, false],
    ['m7g.large', 'us-east-1e', 'use1-az1', true],
    ['m7g.large', 'us-east-1a', 'use1-az3', false],
    // An id that is not known leaves the name.
    ['m7g.large', 'us-east-1a', 'use1-az9', true],
    ['z99.large', 'us-east-1a', undefined, false],
    ['m7g.large', 'us-east-1z', undefined, undefined],
    ['m7g.large', undefined, undefined, undefined],
    ['m7g.large', 'us-east-1-bos-1a', undefined, undefined],
  ])('%s in %s %s: %s', (type, zone, zoneId, want) => expect(virginia.offered(type, zone, zoneId)).toBe(want))

  test('a region without offerings', () => {
    expect(book('us-gov-west-1').offered('m5.large', 'us-gov-west-1a', undefined)).toBeUndefined()
    expect(book(undefined).offered('m5.large', 'us-east-1a', 'use1-az1')).toBeUndefined()
  })
})

describe('what is not an instance', () => {
  test.each([
    // 0.25 x 0.04048 + 0.5 x 0.004445 = 0.0123425
    [0.25, 0.5, 'amd64', 'linux', '12343 list: fargate list 2025-07-07'],
    [4, 8, 'amd64', 'linux', '197480 list: fargate list 2025-07-07'],
    [1, 2, 'arm64', 'linux', '39500 list: fargate list 2021-04-22'],
    // 0.09148 and the licence of 0.046 per vCPU, 0.01005 per GB
    [1, 2, 'amd64', 'windows', '157580 list: fargate list 2021-04-22'],
    [1, 2, 'arm64', 'windows', 'no Fargate price for windows on arm64 is in the price catalog'],
    [Number.NaN, 2, 'amd64', 'linux', 'the size that Fargate bills is not known'],
    [1, 0, 'amd64', 'linux', 'the size that Fargate bills is not known'],
  ] as const)('Fargate with %s vCPU and %s GB, %s %s: %s', (vcpu, memoryGb, architecture, os, want) =>
    expect(say(virginia.fargate(vcpu, memoryGb, architecture, os))).toBe(want),
  )

  test('Fargate elsewhere is unknown', () => {
    expect(say(book('eu-west-1').fargate(1, 2, 'amd64', 'linux'))).toBe(
      'no Fargate price of eu-west-1 is in the price catalog',
    )
    expect(say(book('cn-north-1').fargate(1, 2, 'amd64', 'linux'))).toBe('listed in CNY, not USD')
  })

  test('control plane', () => {
    expect(say(virginia.controlPlane(false))).toBe('100000 list: eks standard support list 2025-07-07')
    expect(say(virginia.controlPlane(true))).toBe('600000 list: eks extended support list 2025-07-07')
    expect(say(book('eu-west-1').controlPlane(false))).toBe(
      'no EKS control plane price of eu-west-1 is in the price catalog',
    )
    expect(say(book(undefined).controlPlane(false))).toBe('the region is not known')
  })

  test('public IPv4 address', () => {
    expect(say(book('eu-west-1').publicIpv4())).toBe('5000 list: public IPv4 list 2026-07-21')
    expect(say(book('cn-north-1').publicIpv4())).toBe('listed in CNY, not USD')
    expect(say(priceBook({ ...catalog, publicIpv4: undefined }, 'eu-west-1').publicIpv4())).toBe(
      'no price of public IPv4 addresses is in the price catalog',
    )
  })

  test.each([
    ['us-east-1', 'gp3', { kind: 'known', microUsdPerMonth: 80000, source: 'ebs list 2024-07-18' }],
    ['eu-central-1', 'gp2', { kind: 'known', microUsdPerMonth: 119000, source: 'ebs list 2024-07-18' }],
    ['af-south-1', 'sc1', { kind: 'known', microUsdPerMonth: 19992, source: 'ebs list 2024-07-18' }],
    ['af-south-1', 'io2', { kind: 'unknown', why: 'no price of EBS io2 in af-south-1 is in the price catalog' }],
    ['mx-central-1', 'gp3', { kind: 'unknown', why: 'no EBS price of mx-central-1 is in the price catalog' }],
    ['cn-north-1', 'gp3', { kind: 'unknown', why: 'listed in CNY, not USD' }],
    [undefined, 'gp3', { kind: 'unknown', why: 'the region is not known' }],
  ])('EBS in %s: %s', (region, kind, want) => expect(book(region).ebsGbMonth(kind)).toEqual(want))
})

describe('rates per core and GiB', () => {
  test('solve the two prices they come from', () => {
    // 0.085 = 2c + 4m and 0.126 = 2c + 16m
    expect(virginia.coreAndMemoryRates()).toEqual({
      microUsdPerCoreHour: 35667,
      microUsdPerGibHour: 3417,
      basis: 'on-demand prices of c6i.large and r6i.large in us-east-1 on 2026-07-20',
    })
    for (const region of catalog.regions.keys()) {
      const { basis, microUsdPerCoreHour, microUsdPerGibHour } = book(region).coreAndMemoryRates()
      if (!basis.includes(` in ${region} on `)) continue
      expect(
        Math.abs(2 * microUsdPerCoreHour + 4 * microUsdPerGibHour - rateIn(book(region), 'c6i.large')),
      ).toBeLessThan(4)
      expect(
        Math.abs(2 * microUsdPerCoreHour + 16 * microUsdPerGibHour - rateIn(book(region), 'r6i.large')),
      ).toBeLessThan(10)
    }
  })

  test('come from us-east-1 where the region cannot give them', () => {
    const rates = virginia.coreAndMemoryRates()
    expect(book('cn-north-1').coreAndMemoryRates()).toEqual(rates)
    expect(book(undefined).coreAndMemoryRates()).toEqual(rates)
    expect(book('ap-east-2').coreAndMemoryRates()).toEqual(rates)
  })

  test('are built in for a catalog that has neither', () => {
    const alone = priceBook({ ...catalog, regions: new Map() }, 'eu-west-1').coreAndMemoryRates()
    expect(alone).toEqual({
      ...virginia.coreAndMemoryRates(),
      basis: 'on-demand prices of c6i.large and r6i.large in us-east-1 on 2026-07-20, built in',
    })
  })
})

test('what the book is about', () => {
  expect(virginia).toMatchObject({
    region: 'us-east-1',
    regionKnown: true,
    currency: 'USD',
    asOf: { oldest: '2026-07-20', newest: '2026-07-20' },
  })
  expect(book('cn-north-1')).toMatchObject({ regionKnown: true, currency: 'CNY' })
  expect(book('ap-east-2')).toMatchObject({ regionKnown: false, currency: undefined, asOf: undefined })
  expect(book(undefined)).toMatchObject({ region: undefined, regionKnown: false, currency: undefined, asOf: undefined })
  expect(virginia.types()).toHaveLength(1395)
  expect(virginia.type('m5.large')).toMatchObject({ vcpus: 2, memoryMib: 8192, enis: 3, ipv4PerEni: 10 })
  expect(virginia.type('z99.large')).toBeUndefined()
})

function changed(name: string, parts: Partial<RegionPrices>): PriceCatalog {
  const region = catalog.regions.get(name)
  if (region === undefined) throw new Error(`no region ${name}`)
  return { ...catalog, regions: new Map([...catalog.regions, [name, { ...region, ...parts }]]) }
}

/** NaN where there is no price: no comparison holds with it. */
function rateIn(prices: PriceBook, type: string): number {
  const price = prices.onDemand(type)
  return price.kind === 'known' ? price.rate : Number.NaN
}
