import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readCatalog } from '../../src/collect/catalog-file.js'
import { priceBook } from '../../src/price/price-book.js'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const SHARED = path('../../../shared')
const EMBEDDED = path('../../data/catalog.json.gz')
const present = existsSync(join(SHARED, 'data/aws'))
const read = <Shape>(name: string): Shape => JSON.parse(readFileSync(join(SHARED, 'data/aws', name), 'utf8')) as Shape
const csv = (name: string): string[][] =>
  readFileSync(join(SHARED, 'facts', name), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))

type Table<Value> = Record<string, Record<string, Value>>
type Device = { manufacturer?: string; name: string; count: number; logicalCount?: number }
type RawType = {
  type: string
  family: string
  size: string
  generation: number | null
  status: string
  vcpus: number
  memoryMiB: number
  arch: string[]
  cpuManufacturer: string | null
  clockGhz: number | null
  usageClasses: string[]
  hypervisor: string | null
  bareMetal: boolean
  burstable: boolean
  gpus?: Device[]
  neuron?: Device[]
  inferenceAccelerators?: Device[]
  fpgas?: Device[]
  mediaAccelerators?: Device[]
  localStorage?: { totalGB: number; nvme: boolean; disks: { count: number }[] }
  localNvmeGB: number
  network: {
    baselineGbps: number | null
    defaultCardMaxEnis: number
    maxEnis: number
    ipv4PerEni: number
    ipv6PerEni: number
    maxEfa: number | null
    trunking: boolean | null
    branchEnis: number | null
  }
  ebs: { attachmentLimitType: string | null; maxAttachments: number | null; maxMbps?: number | null }
  asOf?: string
}

describe.skipIf(!present)(
  `the catalog equals the figures that it was built from${present ? '' : ' (skipped: ../shared is absent)'}`,
  async () => {
    const catalog = await readCatalog(EMBEDDED)
    const microUsd = (dollars: number) => Math.round(dollars * 1e6)
    const orNull = <Value>(value: Value | undefined): Value | null => value ?? null

    test('every instance type', () => {
      const { types } = read<{ types: RawType[] }>('instance-types.json')
      expect([...catalog.types.keys()]).toEqual(types.map(({ type }) => type))
      const devices = (type: RawType) => [
        ...(type.gpus ?? []),
        ...(type.neuron ?? []),
        ...(type.inferenceAccelerators ?? []),
        ...(type.fpgas ?? []),
        ...(type.mediaAccelerators ?? []),
      ]
      for (const raw of types) {
        const type = catalog.types.get(raw.type)
        expect({
          ...type,
          generation: orNull(type?.generation),
          hypervisor: orNull(type?.hypervisor),
          accelerators: type?.accelerators.map(({ name, count }) => [name, count]),
          branchEnis: orNull(type?.branchEnis),
          ebsAttachmentLimit: [orNull(type?.ebsAttachmentLimit?.kind), orNull(type?.ebsAttachmentLimit?.count)],
          usageClasses: [...(type?.usageClasses ?? [])].sort(),
          asOf: catalog.sources.get(catalog.typeSources.get(raw.type) ?? '')?.asOf,
          measuredOverheadMib: undefined,
          hardware: {
            cpuManufacturer: orNull(type?.hardware?.cpuManufacturer),
            clockMhz: orNull(type?.hardware?.clockMhz),
            networkBaselineMbps: orNull(type?.hardware?.networkBaselineMbps),
            ebsMaxMbps: orNull(type?.hardware?.ebsMaxMbps),
            nvme: (type?.hardware?.localNvmeDisks ?? 0) > 0,
          },
        }).toEqual({
          name: raw.type,
          family: raw.family,
          size: raw.size,
          generation: raw.generation,
          status: raw.status,
          vcpus: raw.vcpus,
          memoryMib: raw.memoryMiB,
          architectures: [
            ...(raw.arch.includes('x86_64') ? ['amd64'] : []),
            ...(raw.arch.includes('arm64') ? ['arm64'] : []),
          ],
          usageClasses: [...raw.usageClasses].sort(),
          hypervisor: raw.hypervisor,
          bareMetal: raw.bareMetal,
          burstable: raw.burstable,
          accelerators: devices(raw).map((device) => [device.name, device.count || device.logicalCount]),
          localStorageGb: raw.localStorage?.totalGB ?? 0,
          enis: raw.network.defaultCardMaxEnis,
          enisAllCards: raw.network.maxEnis,
          ipv4PerEni: raw.network.ipv4PerEni,
          ipv6PerEni: raw.network.ipv6PerEni,
          trunking: raw.network.trunking ?? false,
          branchEnis: raw.network.branchEnis,
          maxEfa: raw.network.maxEfa ?? 0,
          ebsAttachmentLimit: [raw.ebs.attachmentLimitType, raw.ebs.maxAttachments],
          measuredOverheadMib: undefined,
          hardware: {
            cpuManufacturer: raw.cpuManufacturer,
            clockMhz: raw.clockGhz === null ? null : Math.round(raw.clockGhz * 1000),
            networkBaselineMbps: raw.network.baselineGbps === null ? null : Math.round(raw.network.baselineGbps * 1000),
            ebsMaxMbps: raw.ebs.maxMbps ?? null,
            nvme: raw.localNvmeGB > 0,
          },
          asOf: raw.asOf ?? '2026-08-02',
        })
      }
    })

    test('every measured memory overhead', () => {
      const lines = csv('memory-overhead.csv')
      for (const [type = '', , august, july] of lines) {
        const measured = [august, july].filter((text) => text !== undefined && text !== '').map(Number)
        expect([type, catalog.types.get(type)?.measuredOverheadMib]).toEqual([
          type,
          { min: Math.min(...measured), max: Math.max(...measured) },
        ])
      }
      const known = [...catalog.types.values()].filter((type) => type.measuredOverheadMib !== undefined)
      expect(known).toHaveLength(lines.length)
    })

    test('every branch interface limit', () => {
      for (const [type = '', trunking, count] of csv('branch-eni-limits.csv')) {
        const found = catalog.types.get(type)
        if (found === undefined) continue
        expect([type, found.trunking, found.branchEnis]).toEqual([type, trunking === '1', Number(count)])
      }
    })

    test('every on-demand price, and none besides', () => {
      const { regions } = read<{
        regions: Record<string, { prices: Record<string, number>; asOf: string; currency: string }>
      }>('on-demand-prices.json')
      for (const [name, region] of Object.entries(regions)) {
        const found = catalog.regions.get(name)
        expect(new Map(found?.onDemand?.rates)).toEqual(
          new Map(Object.entries(region.prices).map(([type, dollars]) => [type, microUsd(dollars)])),
        )
        expect(found?.currency).toBe(region.currency)
        expect(catalog.sources.get(found?.onDemand?.source ?? '')?.asOf).toBe(region.asOf)
        if (region.currency !== 'USD') continue
        const book = priceBook(catalog, name)
        for (const [type, dollars] of Object.entries(region.prices))
          expect([type, book.onDemand(type)]).toEqual([
            type,
            { kind: 'known', rate: microUsd(dollars), basis: 'list', source: `on-demand list ${region.asOf}` },
          ])
      }
      const listed = [...catalog.regions.values()].filter((region) => region.onDemand !== undefined)
      expect(listed).toHaveLength(Object.keys(regions).length)
    })

    test('every price of a Local or Wavelength Zone', () => {
      const { zones } = read<{
        zones: Record<string, { parentRegion: string; kind: string; prices: Record<string, number> }>
      }>('on-demand-prices-local-zones.json')
      const cities: Record<string, string> = {
        'us-east-1-wl1': 'us-east-1-wl1-bos1',
        'us-west-2-wl1': 'us-west-2-wl1-sfo1',
      }
      for (const [location, { parentRegion, kind, prices }] of Object.entries(zones)) {
        const book = priceBook(catalog, parentRegion)
        const zone = kind === 'wavelength' ? (cities[location] ?? location).replace(/(\d)$/, '-wlz-$1') : `${location}a`
        for (const [type, dollars] of Object.entries(prices))
          expect([zone, type, book.onDemand(type, zone)]).toMatchObject([zone, type, { rate: microUsd(dollars) }])
      }
      const held = [...catalog.regions.values()].reduce((sum, region) => sum + region.localZones.size, 0)
      expect(held).toBe(Object.keys(zones).length)
    })

    test('every interruption band and saving', () => {
      const { regions, bands } = read<{ regions: Table<[number, number]>; bands: { label: string }[] }>(
        'spot-interruption.json',
      )
      for (const [name, types] of Object.entries(regions)) {
        const book = priceBook(catalog, name)
        for (const [type, [band, savingsPercent]] of Object.entries(types))
          expect([type, book.spotAdvice(type)]).toEqual([
            type,
            { band: bands[band]?.label, savingsPercent, asOf: '2025-06-28' },
          ])
        expect(catalog.regions.get(name)?.advice?.types.size).toBe(Object.keys(types).length)
      }
    })

    test.each([
      ['offerings-zone-ids.json', 'id'],
      ['offerings.json', 'name'],
    ])('every offering of %s, and none besides', (file, by) => {
      const { regions } = read<{ regions: Table<string[]> }>(file)
      for (const [name, zones] of Object.entries(regions)) {
        const book = priceBook(catalog, name)
        for (const [zone, offered] of Object.entries(zones)) {
          const [zoneName, zoneId] = by === 'id' ? [undefined, zone] : [zone, undefined]
          const found = book.types().filter((type) => book.offered(type.name, zoneName, zoneId) === true)
          expect([zone, found.map((type) => type.name).sort()]).toEqual([zone, [...offered].sort()])
        }
      }
    })

    type Datasets = {
      'region-2026-us-east-1': { regions: Table<number> }
      'az-2026-04': { regions: Record<string, Table<number | null>> }
      'region-2025-derived': { regions: Table<number> }
    }

    test('every observed spot price', () => {
      const { datasets } = read<{ datasets: Datasets }>('spot-prices.json')
      for (const [region, zones] of Object.entries(datasets['az-2026-04'].regions)) {
        const book = priceBook(catalog, region)
        for (const [zone, types] of Object.entries(zones))
          for (const [type, dollars] of Object.entries(types))
            expect([zone, type, book.spot(type, undefined, zone)]).toMatchObject([
              zone,
              type,
              dollars === null
                ? { kind: 'unknown' }
                : { rate: microUsd(dollars), basis: 'observed', source: 'spot zone observed 2026-04' },
            ])
      }
      const book = priceBook(catalog, 'us-east-1')
      for (const [type, dollars] of Object.entries(datasets['region-2026-us-east-1'].regions['us-east-1'] ?? {})) {
        const sold = catalog.types.get(type)?.usageClasses.includes('spot')
        expect([type, book.spot(type, 'us-east-1b', undefined)]).toEqual([
          type,
          sold
            ? { kind: 'known', rate: microUsd(dollars), basis: 'observed', source: 'spot region observed 2026-07' }
            : { kind: 'unknown', why: `${type} is not sold as spot` },
        ])
      }
    })

    test('estimates are the derived prices, held at the on-demand price', () => {
      const { datasets } = read<{ datasets: Datasets }>('spot-prices.json')
      let compared = 0
      for (const [region, types] of Object.entries(datasets['region-2025-derived'].regions)) {
        // The list of us-east-1 is newer than the one that the derived prices were made from.
        if (region === 'us-east-1') continue
        const book = priceBook(catalog, region)
        for (const [type, dollars] of Object.entries(types)) {
          const spot = book.spot(type, undefined, undefined)
          const listed = book.onDemand(type)
          if (spot.kind === 'unknown' || listed.kind === 'unknown') throw new Error(`${region} ${type} has no price`)
          const want = Math.min(listed.rate, microUsd(dollars))
          // The derived prices were rounded to 4 decimals.
          expect([region, type, Math.abs(spot.rate - want) <= 50]).toEqual([region, type, true])
          expect(spot).toMatchObject({ basis: 'estimate', source: 'spot estimate 2025-06' })
          compared++
        }
      }
      expect(compared).toBe(13_279)
    })

    test('every EBS price', () => {
      const { ebs } = read<{ ebs: { regions: Table<number> } }>('other-prices.json')
      for (const [name, figures] of Object.entries(ebs.regions))
        expect([name, new Map(catalog.regions.get(name)?.ebs?.perMonth)]).toEqual([
          name,
          new Map(Object.entries(figures).map(([figure, dollars]) => [figure, microUsd(dollars)])),
        ])
    })

    test('building it again gives the same bytes', () => {
      const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-build-'))
      const out = join(folder, 'catalog.json.gz')
      execFileSync(process.execPath, [
        path('../../tools/build-catalog.mjs'),
        ...['--from', join(SHARED, 'data/aws'), '--out', out],
        ...['--memory-overhead', join(SHARED, 'facts/memory-overhead.csv')],
        ...['--branch-enis', join(SHARED, 'facts/branch-eni-limits.csv')],
      ])
      const same = readFileSync(out).equals(readFileSync(EMBEDDED))
      rmSync(folder, { recursive: true })
      expect(same).toBe(true)
    })
  },
)
