import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeCatalog } from '../../src/collect/catalog-decode.js'
import { readCatalog } from '../../src/collect/catalog-file.js'
import { CatalogDamage } from '../../src/collect/catalog-schema.js'
import { FailureError } from '../../src/failure.js'

const EMBEDDED = fileURLToPath(new URL('../../data/catalog.json.gz', import.meta.url))
const packed = readFileSync(EMBEDDED)
const text = gunzipSync(packed).toString('utf8')

type Cells = (number | null)[]
type Json = {
  schemaVersion: unknown
  names: string[]
  sources: Record<string, unknown>
  types: { columns: Record<string, unknown[]>; lists: { sources: string[]; cpus: string[] } }
  regions: Record<
    string,
    {
      onDemand: { source: string; rates: unknown[] }
      advice: { codes: unknown[] }
      offerings: { zoneIds: Record<string, string>; zoneNames: Record<string, string> }
      ebs: { perMonth: Record<string, unknown> }
    }
  >
}
/** The embedded catalog with a change. */
function damaged(change: (json: Json) => void): unknown {
  const json = JSON.parse(text) as Json
  change(json)
  return json
}
const region = (json: Json, name = 'us-east-1') => {
  const found = json.regions[name]
  if (found === undefined) throw new Error(`no region ${name}`)
  return found
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'k8s-cost-catalog-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function failureOf(name: string, content: string | Buffer): Promise<FailureError> {
  const file = join(folder, name)
  await writeFile(file, content)
  const error: unknown = await readCatalog(file).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof FailureError)) throw new Error(`want a FailureError, got ${String(error)}`)
  expect(error.failure).toMatchObject({ kind: 'bad-input', file })
  expect(error.message).not.toContain('\n')
  return error
}

describe('the catalog in the package', () => {
  test('holds what it should', async () => {
    const catalog = await readCatalog(EMBEDDED)
    expect(catalog.types.size).toBe(1395)
    expect(catalog.regions.size).toBe(36)
    const rates = [...catalog.regions.values()].map((entry) => entry.onDemand?.rates.size ?? 0)
    expect(rates.reduce((sum, count) => sum + count, 0)).toBe(16510)
    expect(catalog.regions.get('us-east-1')?.onDemand?.rates.get('m5.large')).toBe(96000)
    expect(catalog.regions.get('cn-north-1')?.currency).toBe('CNY')
    expect(catalog.publicIpv4).toEqual({ source: 'public-ipv4', inUse: 5000 })
  })

  test('describes a machine', async () => {
    const { types, typeSources, sources } = await readCatalog(EMBEDDED)
    expect(types.get('p5.48xlarge')).toEqual({
      name: 'p5.48xlarge',
      family: 'p5',
      size: '48xlarge',
      generation: 5,
      status: 'current',
      vcpus: 192,
      memoryMib: 2097152,
      architectures: ['amd64'],
      usageClasses: ['on-demand', 'spot', 'capacity-block'],
      hypervisor: 'nitro',
      bareMetal: false,
      burstable: false,
      accelerators: [{ kind: 'gpu', manufacturer: 'NVIDIA', name: 'H100', count: 8, memoryMib: 81920 }],
      localStorageGb: 30400,
      enis: 2,
      enisAllCards: 64,
      ipv4PerEni: 50,
      ipv6PerEni: 50,
      trunking: true,
      branchEnis: 120,
      maxEfa: 32,
      ebsAttachmentLimit: { kind: 'dedicated', count: 64 },
      measuredOverheadMib: { min: 49192, max: 49192 },
      hardware: {
        encryptionInTransit: true,
        localNvmeDisks: 8,
        cpuManufacturer: 'AMD',
        clockMhz: 3600,
        networkBaselineMbps: 3200000,
        ebsMaxMbps: 80000,
      },
    })
    expect(types.get('c5.large')?.measuredOverheadMib).toEqual({ min: 405, max: 433 })
    expect(types.get('p3.2xlarge')?.status).toBe('retired')
    expect(sources.get(typeSources.get('p3.2xlarge') ?? '')?.asOf).toBe('2026-04-01')
  })

  test('says "not known" where it is not known', async () => {
    const { types } = await readCatalog(EMBEDDED)
    expect(types.get('cc2.8xlarge')).toMatchObject({
      generation: undefined,
      branchEnis: undefined,
      ebsAttachmentLimit: undefined,
      measuredOverheadMib: undefined,
    })
    expect(types.get('m5.metal')?.hypervisor).toBeUndefined()
    expect(types.get('mac2.metal')?.architectures).toEqual([])
  })

  test('a fractional GPU is one device to pods', async () => {
    const { types } = await readCatalog(EMBEDDED)
    expect(types.get('g6f.large')?.accelerators).toEqual([
      { kind: 'gpu', manufacturer: 'NVIDIA', name: 'L4', count: 1, memoryMib: 2861 },
    ])
  })

  test('reads the same from plain JSON', async () => {
    const file = join(folder, 'plain.json')
    await writeFile(file, text)
    const plain = await readCatalog(file)
    const zipped = await readCatalog(EMBEDDED)
    expect(plain.types).toEqual(zipped.types)
    expect(plain.regions.get('eu-west-1')?.onDemand).toEqual(zipped.regions.get('eu-west-1')?.onDemand)
  })

  test('fits into the package', () => expect(packed.length).toBeLessThan(700_000))
})

describe('a file that is no catalog', () => {
  test('absent', async () => {
    const file = join(folder, 'absent.json.gz')
    await expect(readCatalog(file)).rejects.toMatchObject({ failure: { kind: 'bad-input', file } })
  })

  test.each([
    ['gzip that was cut short', packed.subarray(0, packed.length / 2), /gzip data is damaged or cut short/],
    ['gzip with a flipped bit', flipped(packed, packed.length - 6), /gzip data is damaged or cut short/],
    ['gzip of something else', gzipSync('hello'), /not JSON/],
    ['empty', '', /not JSON/],
    ['half of the JSON', text.slice(0, 5000), /not JSON/],
    ['JSON with line breaks that is not JSON', '{\n"a": \n\nx}', /not JSON/],
    ['another list', '{"kind": "List", "items": []}', /does not begin with format k8s-cost\/price-catalog/],
    ['null', 'null', /does not begin with format/],
    [
      'a catalog of the future',
      JSON.stringify(damaged((json) => (json.schemaVersion = 2))),
      /schemaVersion is 2, this program reads 1/,
    ],
  ])('%s', async (name, content, message) => {
    expect((await failureOf(`${name}.json`, content)).message).toMatch(message)
  })
})

describe('a damaged catalog names the place', () => {
  test.each<[string, (json: Json) => void, RegExp]>([
    [
      'a text for a rate',
      (json) => (region(json).onDemand.rates[0] = '96000'),
      /us-east-1.onDemand.rates\[0\] .*"96000"/,
    ],
    ['half a micro-dollar', (json) => (region(json).onDemand.rates[0] = 0.5), /onDemand.rates\[0\] .*0.5 is no whole/],
    ['a price of 0', (json) => (region(json).onDemand.rates[0] = 0), /onDemand.rates\[0\] \(a1.medium\): 0/],
    [
      'too many rates',
      (json) => region(json).onDemand.rates.push(-2000, 1),
      /more values than the 1399 instance types/,
    ],
    ['rates that are no list', (json) => Object.assign(region(json).onDemand, { rates: {} }), /rates: want a list/],
    ['a source that is not listed', (json) => (region(json).onDemand.source = 'x'), /onDemand.source: source x is not/],
    ['advice in no band', (json) => (region(json).advice.codes[0] = 9500), /advice.codes \(a1.medium\): 9500/],
    ['a saving of 100 %', (json) => (region(json).advice.codes[0] = 600), /advice.codes \(a1.medium\): 600/],
    [
      'offerings too short',
      (json) => (region(json).offerings.zoneIds['use1-az1'] = 'f'),
      /use1-az1: want 350 hex digits/,
    ],
    [
      'a zone of nowhere',
      (json) => (region(json).offerings.zoneNames['us-east-1a'] = 'x'),
      /us-east-1a: x is not among/,
    ],
    [
      'an EBS price as text',
      (json) => (region(json).ebs.perMonth['gp3GbMonth'] = '1'),
      /us-east-1.ebs.perMonth.gp3GbMonth/,
    ],
    [
      'a column too short',
      (json) => json.types.columns['enis']?.pop(),
      /columns.enis: 1394 values, but vcpus has 1395/,
    ],
    ['a column left out', (json) => delete json.types.columns['enis'], /columns.enis\[0\]/],
    [
      'a number left out',
      (json) => (json.types.columns['vcpus']![3] = null),
      /columns.vcpus\[3\]: a number is missing/,
    ],
    ['memory below 0', (json) => (json.types.columns['memoryMib']![0] = -1), /columns.memoryMib\[0\]: -1/],
    [
      'a code without meaning',
      (json) => (json.types.columns['status']![0] = 3),
      /columns.status\[0\]: 3 is not in the list/,
    ],
    ['a type listed twice', (json) => (json.names[1] = json.names[0] ?? ''), /listed twice/],
    ['a name that is none', (json) => (json.names[1] = 'large'), /names.1: want a name like m5.large/],
    ['a source without a date', (json) => (json.sources['ebs'] = { origin: 'x' }), /sources.ebs.asOf/],
  ])('%s', (_, change, message) => {
    const json = damaged(change)
    expect(() => decodeCatalog(json)).toThrow(CatalogDamage)
    expect(() => decodeCatalog(json)).toThrow(message)
  })

  test('no damaged rate goes unseen, wherever it is', () => {
    const json = JSON.parse(text) as Json
    const names = Object.keys(json.regions).filter((name) => json.regions[name]?.onDemand !== undefined)
    const garbage = fc.constantFrom<unknown>('1', 1.5, 0, true, {}, [], 1e300, Number.MAX_VALUE, 'NaN')
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), garbage, (name, seed, value) => {
        const { rates } = region(json, name).onDemand
        const at = seed % rates.length
        const before = rates[at]
        rates[at] = value
        expect(() => decodeCatalog(json)).toThrow(CatalogDamage)
        rates[at] = before
      }),
      { numRuns: 40, seed: 1 },
    )
  })
})

test('a row skips names, and a null is a name that was looked up in vain', () => {
  const json = damaged((whole) => {
    const cells: Cells = [-2, 7, null, -1, 9]
    region(whole).onDemand.rates = cells
    Object.assign(region(whole), {
      spot: [{ scope: 'zone-id', place: 'use1-az1', source: 'ebs', rates: cells }],
    })
  })
  const [, , third = '', fourth = '', , sixth = ''] = (json as Json).names
  const catalog = decodeCatalog(json).regions.get('us-east-1')
  const rates = new Map([
    [third, 7],
    [sixth, 9],
  ])
  expect(catalog?.onDemand?.rates).toEqual(rates)
  expect(catalog?.spot).toEqual([
    { scope: 'zone-id', place: 'use1-az1', source: 'ebs', rates, unlisted: new Set([fourth]) },
  ])
})

function flipped(data: Buffer, at: number): Buffer {
  const copy = Buffer.from(data)
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
  return copy
}
