import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { AWS_ACTIONS, policyStatement } from '../../../src/collect/aws/actions.js'
import { defaultCacheDir } from '../../../src/collect/aws/cache.js'
import { awsFindings } from '../../../src/collect/aws/findings.js'
import { generationOf, readInstanceType } from '../../../src/collect/aws/instance-type.js'
import { microOf } from '../../../src/collect/aws/money.js'
import { catalogFromAws, zoneIdsOf } from '../../../src/collect/aws/overlay.js'
import { readPriceItem } from '../../../src/collect/aws/price-item.js'
import { redactAws } from '../../../src/collect/aws/redact.js'
import { partitionOf, pricingRegionOf } from '../../../src/collect/aws/region.js'
import { isAwsSnapshot, readAwsSnapshot } from '../../../src/collect/aws/schema.js'
import { isHourOf, pricesOf } from '../../../src/collect/aws/sku.js'
import { spotPriceSeen, spotPricesOf } from '../../../src/collect/aws/spot-prices.js'
import { readCatalog } from '../../../src/collect/catalog-file.js'
import { AWS_SNAPSHOT, type AwsInstanceType, type AwsSnapshot } from '../../../src/domain/aws-snapshot.js'
import type { PriceCatalog } from '../../../src/domain/catalog.js'
import { FailureError } from '../../../src/failure.js'
import { priceBook } from '../../../src/price/price-book.js'
import { entry, NOW, product } from './answers.js'

const EMBEDDED = fileURLToPath(new URL('../../../data/catalog.json.gz', import.meta.url))
const SHARED = fileURLToPath(new URL('../../../../shared/data/aws/', import.meta.url))
const LINUX = { operatingSystem: 'Linux', tenancy: 'Shared' } as const
let embedded: PriceCatalog
beforeAll(async () => {
  embedded = await readCatalog(EMBEDDED)
})

describe('money', () => {
  test.each([
    ['0.0960000000', 96000],
    ['0.000111', 111],
    ['1.5', 1500000],
    ['5E-3', 5000],
    ['0.0000000000', undefined],
    ['0.0000001', undefined],
    ['-1', undefined],
    ['', undefined],
    ['Infinity', undefined],
    ['0x10', undefined],
    [undefined, undefined],
  ])('%s is %s', (text, micro) => expect(microOf(text)).toBe(micro))
})

describe('regions', () => {
  test.each([
    ['eu-west-1', 'aws', 'eu-central-1'],
    ['me-central-1', 'aws', 'eu-central-1'],
    ['ap-southeast-2', 'aws', 'ap-south-1'],
    ['us-west-2', 'aws', 'us-east-1'],
    ['ca-west-1', 'aws', 'us-east-1'],
    ['cn-north-1', 'aws-cn', 'cn-northwest-1'],
    ['us-gov-west-1', 'aws-us-gov', undefined],
    ['us-iso-east-1', 'other', undefined],
  ])('%s is in %s and its prices in %s', (region, partition, pricing) => {
    expect([partitionOf(region), pricingRegionOf(region)]).toEqual([partition, pricing])
  })
})

describe('an entry of the price list', () => {
  const m5 = readPriceItem(product('m5.large', '0.0960000000'), 'USD', NOW)

  test('gives its price; in another currency it has none', () => {
    expect(m5).toMatchObject({ rate: 96000, unit: 'Hrs', family: 'Compute Instance' })
    expect(readPriceItem(product('m5.large', '0.966', {}, 'CNY'), 'USD', NOW)?.rate).toBeUndefined()
    expect(readPriceItem(product('m5.large', '0.966', {}, 'CNY'), 'CNY', NOW)?.rate).toBe(966000)
  })

  test('may be a String object, as the SDK hands it over', () => {
    expect(readPriceItem(Object(product('m5.large', '0.096')), 'USD', NOW)?.rate).toBe(96000)
  })

  test('of several terms the one in force counts, not one to come', () => {
    const termed = (effectiveDate: string, price: string, sku: string) =>
      JSON.parse(
        entry({ family: 'Compute Instance', attributes: {}, unit: 'Hrs', price: { USD: price }, effectiveDate, sku }),
      ) as { terms: { OnDemand: Record<string, unknown> } }
    const old = termed('2026-01-01T00:00:00Z', '0.1', 'A')
    Object.assign(old.terms.OnDemand, termed('2026-11-01T00:00:00Z', '0.2', 'B').terms.OnDemand)
    Object.assign(old.terms.OnDemand, termed('2026-12-01T00:00:00Z', '0.3', 'C').terms.OnDemand)
    expect(readPriceItem(JSON.stringify(old), 'USD', NOW)?.rate).toBe(200000)
  })

  test.each(['', '{', '[]', '{"product":{"sku":"A","attributes":{}}}'])('that is damaged is none: %s', (text) => {
    expect(readPriceItem(text, 'USD', NOW)).toBeUndefined()
  })

  test.each<readonly [string, Readonly<Record<string, string>>, boolean]>([
    ['as it should be', {}, true],
    ['us-east-1 has no prefix', { usagetype: 'BoxUsage:m5.large' }, true],
    ['the oldest usage type has no name', { usagetype: 'EU-BoxUsage' }, true],
    ['another type in the usage type', { usagetype: 'EU-BoxUsage:m5.xlarge' }, false],
    ['an unused reservation', { capacitystatus: 'UnusedCapacityReservation' }, false],
    ['a reservation', { capacitystatus: 'AllocatedCapacityReservation' }, false],
    ['dedicated', { tenancy: 'Dedicated' }, false],
    ['licence brought along', { licenseModel: 'Bring your own license' }, false],
    ['SQL Server', { preInstalledSw: 'SQL Web' }, false],
    ['Ubuntu Pro', { operation: 'RunInstances:0g00' }, false],
    ['a Local Zone', { locationType: 'AWS Local Zone' }, false],
    ['a capacity block', { marketoption: 'CapacityBlock' }, false],
  ])('%s', (_name, changes, expected) => {
    const item = readPriceItem(product('m5.large', '0.096', changes), 'USD', NOW)
    expect(item !== undefined && isHourOf(item, 'eu-west-1', LINUX)).toBe(expected)
  })

  test('a day or a GB is no hour', () => {
    const item = m5 && { ...m5, unit: 'Quantity' }
    expect(item !== undefined && isHourOf(item, 'eu-west-1', LINUX)).toBe(false)
  })

  test('no price of its own is no price, and equal prices are no matter', () => {
    const items = ['0.096', '0.0000', '0.096'].flatMap(
      (usd) => readPriceItem(product('m5.large', usd), 'USD', NOW) ?? [],
    )
    expect(pricesOf(items, () => 'm5.large')).toEqual({ rates: { 'm5.large': 96000 }, ambiguous: [] })
  })

  const sample = join(SHARED, 'pricing-get-products-sample.json.gz')
  test.skipIf(!existsSync(sample))('recorded entries (skipped without ../shared): every price of the list', () => {
    const { assembled, recorded } = JSON.parse(gunzipSync(readFileSync(sample)).toString('utf8')) as {
      assembled: { regions: Record<string, { PriceList: string[] }> }
      recorded: { PriceList: string[] }
    }
    const unused = readPriceItem(recorded.PriceList[0], 'USD', NOW)
    expect(unused?.attributes['capacitystatus']).toBe('UnusedCapacityReservation')
    expect(unused !== undefined && isHourOf(unused, 'af-south-1', LINUX)).toBe(false)
    const prices = JSON.parse(readFileSync(join(SHARED, 'on-demand-prices.json'), 'utf8')) as {
      regions: Record<string, { source: string; prices: Record<string, number> }>
    }
    let compared = 0
    for (const [region, { PriceList }] of Object.entries(assembled.regions)) {
      const items = PriceList.flatMap((text) => readPriceItem(text, 'USD', NOW) ?? [])
      expect(items).toHaveLength(PriceList.length)
      const found = pricesOf(items, (item) =>
        isHourOf(item, region, LINUX) ? item.attributes['instanceType'] : undefined,
      )
      expect(found.ambiguous).toEqual([])
      expect(Object.keys(found.rates)).toHaveLength(PriceList.length)
      const listed = prices.regions[region]
      if (!listed?.source.startsWith('ec2shop')) continue
      for (const [type, rate] of Object.entries(found.rates)) {
        compared += 1
        expect(rate, `${region} ${type}`).toBe(Math.round((listed.prices[type] ?? 0) * 1e6))
      }
    }
    expect(compared).toBeGreaterThan(3000)
  })
})

describe('spot prices', () => {
  const entryOf = (zone: string, hour: string, price: string, type: 'm5.large' | 'c6g.large' = 'm5.large') =>
    ({
      AvailabilityZone: zone,
      InstanceType: type,
      ProductDescription: 'Linux/UNIX',
      SpotPrice: price,
      Timestamp: new Date(`2026-11-21T${hour}:00Z`),
    }) as const

  const seen = (...of: Parameters<typeof entryOf>) => spotPriceSeen(entryOf(...of))

  test('the newest of each zone', () => {
    const { zones } = spotPricesOf(
      [seen('a', '10:00', '0.04'), seen('a', '11:00', '0.05'), seen('b', '09:00', '0.03')],
      1,
    )
    expect(zones.map(({ zone, prices }) => [zone, prices['m5.large']?.rate])).toEqual([
      ['a', 50000],
      ['b', 30000],
    ])
  })

  test('what is not Linux, or lacks a field, is left out', () => {
    const windows = spotPriceSeen({ ...entryOf('a', '10:00', '0.09'), ProductDescription: 'Windows' })
    const { zones, unreadable } = spotPricesOf([windows, seen('a', '10:00', '0'), seen('', '10:00', '0.1')], 1)
    expect({ zones, unreadable }).toEqual({ zones: [], unreadable: 2 })
  })

  test('the order of the entries does not matter, and the newest is within the spread', () => {
    const entries = fc.array(
      fc.record({
        zone: fc.constantFrom('a', 'b'),
        hour: fc.constantFrom('08:00', '09:00', '10:00', '11:00'),
        price: fc.integer({ min: 1, max: 99 }).map((cents) => `0.${String(cents).padStart(2, '0')}`),
        type: fc.constantFrom<'m5.large' | 'c6g.large'>('m5.large', 'c6g.large'),
      }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(entries, fc.array(fc.nat(), { minLength: 30, maxLength: 30 }), (list, keys) => {
        const observations = list.map(({ zone, hour, price, type }) => seen(zone, hour, price, type))
        const shuffled = observations
          .map((one, at) => ({ one, key: keys[at] ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one)
        const found = spotPricesOf(observations, 3)
        expect(JSON.stringify(spotPricesOf(shuffled, 3))).toBe(JSON.stringify(found))
        for (const { prices } of found.zones)
          for (const { rate, min, max } of Object.values(prices)) expect(min <= rate && rate <= max).toBe(true)
      }),
    )
  })
})

describe('instance types', () => {
  test.each([
    ['m5', 5],
    ['c7gn', 7],
    ['u-6tb1', 1],
    ['u7i-12tb', 7],
    ['mac', undefined],
  ])('family %s is of generation %s', (family, generation) => expect(generationOf(family)).toBe(generation))

  const raw = join(SHARED, 'describe-instance-types.json.gz')
  test.skipIf(!existsSync(raw))('all of EC2 (skipped without ../shared): equal to those of the catalog', () => {
    const all = JSON.parse(gunzipSync(readFileSync(raw)).toString('utf8')) as Parameters<typeof readInstanceType>[0][]
    expect(all.length).toBeGreaterThan(1300)
    for (const info of all) {
      const type = readInstanceType(info)
      expect(type, info.InstanceType).toBeDefined()
      expect(embedded.types.get(info.InstanceType ?? '')).toMatchObject(type ?? {})
    }
  })
})

/** A snapshot of which nothing was read but what is given. */
function snapshotOf(parts: Partial<AwsSnapshot>): AwsSnapshot {
  const none = { kind: 'failed', why: 'not asked' } as const
  return {
    ...AWS_SNAPSHOT,
    metadata: { name: 'eu-west-1' },
    region: 'eu-west-1',
    currency: 'USD',
    instanceTypes: none,
    offerings: none,
    spotPrices: none,
    instances: none,
    subnets: none,
    reservedInstances: none,
    onDemand: none,
    windows: none,
    dedicated: none,
    autoMode: none,
    ebs: none,
    controlPlane: none,
    fargate: none,
    savingsPlans: none,
    cluster: none,
    nodeGroups: none,
    ...parts,
  }
}

const read = <Value>(value: Value, incomplete?: string) => ({
  kind: 'read' as const,
  readAt: '2026-11-21T12:00:00.000Z',
  value,
  ...(incomplete === undefined ? {} : { incomplete }),
})
const prices = (rates: Readonly<Record<string, number>>) => ({ rates, ambiguous: [] })
const spotOf = (rates: Readonly<Record<string, number>>, since = '2026-11-21T10:00:00.000Z') =>
  Object.fromEntries(Object.entries(rates).map(([type, rate]) => [type, { rate, since, min: rate, max: rate }]))

describe('the catalog with live figures', () => {
  const bookOf = (parts: Partial<AwsSnapshot>, region = 'eu-west-1') =>
    priceBook(catalogFromAws(embedded, snapshotOf(parts)), region)

  test('nothing read: the catalog as it was', () => {
    const catalog = catalogFromAws(embedded, snapshotOf({}))
    expect(catalog.regions.get('eu-west-1')).toEqual(embedded.regions.get('eu-west-1'))
    expect(catalog.sources).toEqual(embedded.sources)
    expect(catalog.types).toEqual(embedded.types)
  })

  test('live prices win, with their date; other regions keep theirs', () => {
    const onDemand = read(prices({ 'm5.large': 123456 }))
    expect(bookOf({ onDemand }).onDemand('m5.large')).toEqual({
      kind: 'known',
      rate: 123456,
      basis: 'list',
      source: 'on-demand list 2026-11-21',
    })
    expect(bookOf({ onDemand }, 'us-east-1').onDemand('m5.large')).toEqual(
      priceBook(embedded, 'us-east-1').onDemand('m5.large'),
    )
  })

  test('a type that the live list lacks keeps its price, under its own source', () => {
    const onDemand = read(prices({ 'm5.large': 123456 }))
    const catalog = catalogFromAws(embedded, snapshotOf({ onDemand }))
    const table = catalog.regions.get('eu-west-1')?.onDemand
    const before = embedded.regions.get('eu-west-1')?.onDemand
    expect(table?.rates.get('m5.xlarge')).toBe(before?.rates.get('m5.xlarge'))
    expect(table?.sources?.get('m5.xlarge')).toBe(before?.source)
    expect(table?.sources?.has('m5.large')).toBe(false)
    expect(catalog.sources.get(table?.source ?? '')).toEqual({
      id: 'aws-eu-west-1-onDemand',
      origin: 'AWS Pricing GetProducts eu-west-1',
      asOf: '2026-11-21',
    })
  })

  test('spot prices by zone; a type that a zone has not is not to be had there', () => {
    const book = bookOf({
      spotPrices: read({
        days: 3,
        zones: [
          { zone: 'eu-west-1a', zoneId: 'euw1-az1', prices: spotOf({ 'm5.large': 40000 }) },
          { zone: 'eu-west-1b', prices: spotOf({ 'm5.large': 41000, 'c5.large': 30000 }, '2026-11-21T11:00:00.000Z') },
        ],
      }),
    })
    expect(book.spot('m5.large', 'eu-west-1a', 'euw1-az1')).toEqual({
      kind: 'known',
      rate: 40000,
      basis: 'observed',
      source: 'spot zone observed 2026-11',
    })
    expect(book.spot('c5.large', 'eu-west-1a', undefined)).toMatchObject({ kind: 'unknown' })
    // Of a zone that was not answered for, the newest price of the region is known.
    expect(book.spot('m5.large', 'eu-west-1c', undefined)).toMatchObject({
      kind: 'known',
      rate: 41000,
      source: 'spot region observed 2026-11',
    })
  })

  test('of an answer that broke off nothing is concluded from what is missing', () => {
    const zones = [{ zone: 'eu-west-1a', prices: spotOf({ 'm5.large': 40000 }) }]
    const broken = bookOf({
      instanceTypes: read([c5]),
      spotPrices: read({ days: 3, zones }, 'the answer broke off'),
    })
    expect(broken.spot('c5.large', 'eu-west-1a', undefined).kind).toBe('known')
    const whole = bookOf({ instanceTypes: read([c5]), spotPrices: read({ days: 3, zones }) })
    expect(whole.spot('c5.large', 'eu-west-1a', undefined).kind).toBe('unknown')
  })

  test('offers by the names of the account, and by id where it is known', () => {
    const subnet = { id: 's', vpcId: 'v', zone: 'eu-west-1a', zoneId: 'euw1-az2', cidr: '', freeIpv4: 1, ipv6: false }
    const parts = { subnets: read([subnet]), offerings: read({ 'eu-west-1a': ['m5.large'] }) }
    const book = bookOf(parts)
    expect(zoneIdsOf(snapshotOf(parts))).toEqual(new Map([['eu-west-1a', 'euw1-az2']]))
    expect(book.offered('m5.large', 'eu-west-1a', 'euw1-az2')).toBe(true)
    expect(book.offered('c5.large', 'eu-west-1a', 'euw1-az2')).toBe(false)
    expect(book.offered('c5.large', 'eu-west-1a', undefined)).toBe(false)
    expect(book.offered('m5.large', 'eu-west-1b', undefined)).toBeUndefined()
    const few = bookOf({ ...parts, askedTypes: ['m5.large'] })
    expect(few.offered('c5.large', 'eu-west-1a', 'euw1-az2')).toBe(
      priceBook(embedded, 'eu-west-1').offered('c5.large', undefined, 'euw1-az2'),
    )
  })

  test('types: figures of EC2, and what EC2 does not say from the catalog', () => {
    const catalog = catalogFromAws(embedded, snapshotOf({ instanceTypes: read([{ ...c5, vcpus: 3 }, novel]) }))
    const known = embedded.types.get('c5.large')
    expect(catalog.types.get('c5.large')).toMatchObject({
      vcpus: 3,
      trunking: known?.trunking,
      branchEnis: known?.branchEnis,
      measuredOverheadMib: known?.measuredOverheadMib,
    })
    expect(catalog.types.get('z9.large')).toMatchObject({ vcpus: 2, trunking: false })
    expect(catalog.types.get('z9.large')?.branchEnis).toBeUndefined()
    expect(catalog.typeSources.get('z9.large')).toBe('aws-eu-west-1-instanceTypes')
    expect(catalog.typeSources.get('m5.large')).toBe(embedded.typeSources.get('m5.large'))
  })

  test('disks, control plane and Fargate', () => {
    const book = bookOf({
      ebs: read({ gp3GbMonth: 90000 }),
      controlPlane: read({ standard: 100000, extended: 600000 }),
      fargate: read({ vcpuHour: 40000, gbHour: 4000 }),
    })
    expect(book.ebsGbMonth('gp3')).toMatchObject({ microUsdPerMonth: 90000, source: 'ebs list 2026-11-21' })
    expect(book.controlPlane(true)).toMatchObject({ rate: 600000 })
    expect(book.fargate(1, 2, 'amd64', 'linux')).toMatchObject({ rate: 48000, source: 'fargate list 2026-11-21' })
    const half = bookOf({ ebs: read({ gp2GbMonth: 1 }, 'the answer broke off') })
    expect(half.ebsGbMonth('gp3')).toEqual(priceBook(embedded, 'eu-west-1').ebsGbMonth('gp3'))
  })

  test('a region that the catalog does not have', () => {
    const aws = { ...snapshotOf({ onDemand: read(prices({ 'm5.large': 96000 })) }), region: 'eu-north-9' }
    expect(priceBook(catalogFromAws(embedded, aws), 'eu-north-9').onDemand('m5.large')).toMatchObject({ rate: 96000 })
  })

  test('Windows and others have tables of their own; yuan are no dollars', () => {
    const windows = catalogFromAws(embedded, snapshotOf({ windows: read(prices({ 'm5.large': 199000 })) }))
    expect(windows.regions.get('eu-west-1')?.otherOnDemand?.get('windows')?.rates.get('m5.large')).toBe(199000)
    const yuan = { ...snapshotOf({ onDemand: read(prices({ 'm5.large': 966000 })) }), currency: 'CNY' }
    const region = catalogFromAws(embedded, yuan).regions.get('eu-west-1')
    expect(region?.currency).toBe('CNY')
    expect([...(region?.onDemand?.rates ?? [])]).toEqual([['m5.large', 966000]])
    expect(region?.spot).toEqual([])
  })
})

const c5: AwsInstanceType = {
  name: 'c5.large',
  family: 'c5',
  size: 'large',
  generation: 5,
  status: 'current',
  vcpus: 2,
  memoryMib: 4096,
  architectures: ['amd64'],
  usageClasses: ['on-demand', 'spot'],
  hypervisor: 'nitro',
  bareMetal: false,
  burstable: false,
  accelerators: [],
  localStorageGb: 0,
  enis: 3,
  enisAllCards: 3,
  ipv4PerEni: 10,
  ipv6PerEni: 10,
  maxEfa: 0,
  ebsAttachmentLimit: undefined,
}
const novel: AwsInstanceType = { ...c5, name: 'z9.large', family: 'z9', generation: 9 }

describe('the snapshot in a file', () => {
  test('is known by its kind', () => {
    expect(isAwsSnapshot({ kind: 'AwsSnapshot' })).toBe(true)
    expect(isAwsSnapshot({ kind: 'Node' })).toBe(false)
  })

  test.each<readonly [string, (snapshot: Record<string, unknown>) => void, string]>([
    ['a price of 0', (one) => (one['onDemand'] = read(prices({ 'm5.large': 0 }))), 'onDemand.value.rates.m5.large'],
    ['a part missing', (one) => delete one['fargate'], 'fargate'],
    ['another version', (one) => (one['apiVersion'] = 'k8s-cost/v9'), 'apiVersion'],
    ['no time', (one) => (one['ebs'] = { kind: 'read', value: {} }), 'ebs.readAt'],
  ])('%s is a damage with its place', (_name, damage, place) => {
    const snapshot = JSON.parse(JSON.stringify(snapshotOf({}))) as Record<string, unknown>
    damage(snapshot)
    const failing = () => readAwsSnapshot(snapshot, 'x.json')
    expect(failing).toThrow(FailureError)
    expect(failing).toThrow(`x.json: the AwsSnapshot in it is damaged at ${place}`)
  })
})

describe('redacting', () => {
  test("replaces every name that is the user's, the same name by the same pseudonym, and nothing else", () => {
    const instance = {
      id: 'i-secret1',
      type: 'm5.large',
      zone: 'eu-west-1a',
      tenancy: 'default',
      platform: 'Linux/UNIX',
      publicIpv4: false,
      subnetId: 'subnet-secret',
      vpcId: 'vpc-secret',
      capacityReservationId: 'cr-secret',
      autoScalingGroup: 'asg-secret',
      nodeName: 'ip-secret.internal',
    }
    const subnet = { id: 'subnet-secret', vpcId: 'vpc-secret', zone: 'eu-west-1a', cidr: '10.9.8.0/24', ipv6: false }
    const reserved = {
      type: 'm5.large',
      count: 1,
      platform: 'Linux/UNIX',
      tenancy: 'default',
      offeringClass: 'standard',
    }
    const snapshot = snapshotOf({
      instances: read([instance]),
      subnets: read([{ ...subnet, freeIpv4: 7 }]),
      reservedInstances: read([{ ...reserved, id: 'ri-secret', end: '2027-01-01T00:00:00Z' }]),
      savingsPlans: read([
        { id: 'sp-secret', type: 'Compute', commitmentMicroPerHour: 1, currency: 'USD', end: '2027-01-01T00:00:00Z' },
      ]),
      cluster: read({ name: 'secret', vpcId: 'vpc-secret', autoMode: false }),
      nodeGroups: read([{ name: 'ng-secret', instanceTypes: ['m5.large'], subnets: ['subnet-secret'] }]),
      onDemand: { kind: 'failed', why: 'arn:aws:iam::111122223333:role/secret may not' },
      ebs: read({ gp3GbMonth: 1 }, 'broke off for arn:aws:iam::111122223333:role/secret'),
    })
    const given = new Map<string, string>()
    const redacted = redactAws(snapshot, (kind, name) => {
      const known = given.get(`${kind} ${name}`) ?? `${kind}-${given.size + 1}`
      given.set(`${kind} ${name}`, known)
      return known
    })
    const text = JSON.stringify(redacted)
    expect(text).not.toMatch(/secret|10\.9\.8|arn:/)
    expect(redacted.instances).toMatchObject({
      value: [
        {
          type: 'm5.large',
          subnetId: given.get('subnet subnet-secret'),
          nodeName: given.get('node ip-secret.internal'),
        },
      ],
    })
    expect(redacted.subnets).toMatchObject({ value: [{ id: given.get('subnet subnet-secret'), freeIpv4: 7 }] })
    expect(readAwsSnapshot(JSON.parse(text), 'x')).toEqual(redacted)
  })
})

describe('findings', () => {
  test('one for each cause, and none for what was not wanted', () => {
    const denied = { kind: 'denied', action: 'pricing:GetProducts', permission: 'pricing:GetProducts' } as const
    const skipped = { kind: 'skipped', why: 'no need' } as const
    const findings = awsFindings(
      snapshotOf({ onDemand: denied, ebs: denied, windows: skipped, dedicated: skipped, instances: read([]) }),
      [],
    )
    expect(findings.map(({ code, subject }) => `${code} ${subject}`)).toEqual([
      'aws-denied pricing:GetProducts',
      expect.stringMatching(/^aws-not-read instanceTypes offerings spotPrices subnets/),
    ])
    expect(findings[0]?.detail).toBe(
      "AWS denied pricing:GetProducts, so on-demand prices, EBS prices could not be read; the on-demand prices of the price catalog are used; the EBS prices of the price catalog are used. Allow pricing:GetProducts to have today's list prices.",
    )
  })
})

describe('permissions', () => {
  test('are sorted, each once, and those of a policy leave out what needs none', () => {
    const actions = AWS_ACTIONS.map(({ action }) => action)
    expect(actions).toEqual([...new Set(actions)].sort())
    expect(policyStatement(actions).Action).toEqual(actions.filter((name) => name !== 'sts:GetCallerIdentity'))
    expect(actions.every((name) => /^[a-z0-9]+:(Describe|Get|List)[A-Za-z]+$/.test(name))).toBe(true)
  })

  test('stand in docs/permissions.md, all of them and no others', () => {
    const docs = readFileSync(fileURLToPath(new URL('../../../docs/permissions.md', import.meta.url)), 'utf8')
    const named = [...docs.matchAll(/\b(?:ec2|eks|pricing|savingsplans|sts):[A-Z][A-Za-z]+/g)].map(([name]) => name)
    expect([...new Set(named)].sort()).toEqual(AWS_ACTIONS.map(({ action }) => action))
    const policy = JSON.parse(/```json\n(.*?)```/s.exec(docs)?.[1] ?? '') as { readonly Statement: unknown }
    expect(policy.Statement).toEqual([policyStatement(AWS_ACTIONS.map(({ action }) => action))])
  })
})

describe('the cache folder', () => {
  test.each([
    [{ XDG_CACHE_HOME: '/x' }, 'linux', '/x/k8s-cost'],
    [{}, 'linux', '/home/u/.cache/k8s-cost'],
    [{}, 'darwin', '/home/u/Library/Caches/k8s-cost'],
  ] as const)('%j on %s', (env, platform, folder) => {
    expect(defaultCacheDir(env, platform, '/home/u')).toBe(folder)
  })
})
