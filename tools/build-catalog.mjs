#!/usr/bin/env node
/**
 * Builds data/catalog.json.gz, the price catalog that ships in the package, from a folder of public AWS figures.
 *
 *   node tools/build-catalog.mjs --from DIR [--out data/catalog.json.gz] [--memory-overhead CSV] [--branch-enis CSV]
 *
 * The same input gives the same bytes: no clock, keys in a fixed order, gzip level 9 without a time stamp or host mark.
 *
 * THE FORMAT (schemaVersion 1; gzip or plain JSON). Money is a whole number of millionths of the currency.
 *
 *   format, schemaVersion   'k8s-cost/price-catalog', 1
 *   sources                 id -> {origin: 'owner/repo@commit path', asOf: ISO date, month or interval}; every table
 *                           below has `source`, the id of where its figures were read
 *   names                   the shared index of instance types: first those that `types` describes, then those that
 *                           have a price but that EC2 does not describe
 *   types                   columns of equal length, one value per described type; null = not known. `family` and
 *                           `size` are the two halves of the name. Coded columns:
 *                             status       0 current, 1 previous, 2 retired
 *                             arch         bits: 1 amd64, 2 arm64
 *                             usage        bits: 1 on-demand, 2 spot, 4 capacity-block
 *                             hypervisor   0 none, 1 nitro, 2 xen
 *                             flags        bits: 1 bare metal, 2 burstable, 4 trunking, 8 encryption in transit
 *                             ebsKind      0 not known, 1 shared, 2 dedicated
 *                             accelerators, cpu, source   positions in `lists.accelerators` (0 = none, so counted from
 *                                          1), `lists.cpus` (null = not known) and `lists.sources`
 *                           `branchEniSource` and `overheadSource` name the sources of those columns
 *   regions                 name -> {currency, onDemand, spot, advice, offerings, ebs, controlPlane, fargate, localZones}
 *                           each part absent where nothing is known; `currency` is that of every figure of the region
 *     row                   the list form of a table over `names`: a number is the value of the next name, a negative
 *                           number -n skips n names, null is a name that was looked up and found without a value
 *     onDemand              {source, rates: row}  Linux, shared tenancy, per hour
 *     spot                  [{scope: 'region' | 'zone-id', place, source, rates: row}]; a catalog read with the user's
 *                           own account may also have the scope 'zone-name'
 *     advice                {source, bands: [label], codes: row of 1000 x band + 500 + savings in percent}; one saving
 *                           is below zero: a spot price above the on-demand price of its day
 *     offerings             {source, zoneIds: id -> bits, zoneNames: name -> zone id}; bits is a string of hex digits,
 *                           the first digit's highest bit being the first name; zone names are those of the account
 *                           that recorded them
 *     ebs                   {source, perMonth: figure name -> micro-dollars per month and unit}
 *     controlPlane          {source, standard, extended}  per cluster and hour
 *     fargate               [{source, os, arch, vcpuHour, gbHour}]
 *     localZones            name -> {kind: 'local-zone' | 'wavelength', onDemand}; a Local Zone's name lacks the letter
 *                           that ends its zone names, a Wavelength Zone's name is the zone name
 *   publicIpv4              {source, inUse}  per address and hour, every region
 *
 * WHAT IS LEFT OUT, and why
 *   region-price-index      a price that is not listed is unknown, never a guess from another region
 *   region-2025-derived     it is on-demand price x (1 - Spot Advisor saving), both of which are here: the price book
 *                           derives it, so that an estimate follows the on-demand price that it is compared with
 *   az-2024-05              old, the zone names of a stranger's account, and a list of the cheapest offers only:
 *                           it would pull every price down
 *   region-2020-07          six years old: the estimate from last year's savings is nearer to today's market
 *   reserved prices, data transfer, NAT, load balancers   nothing in the program reads them
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync, gzipSync } from 'node:zlib'

const { values: options } = parseArgs({
  options: {
    from: { type: 'string' },
    out: { type: 'string', default: 'data/catalog.json.gz' },
    'memory-overhead': { type: 'string' },
    'branch-enis': { type: 'string' },
  },
})
if (options.from === undefined) {
  console.error(
    'usage: node tools/build-catalog.mjs --from DIR [--out FILE] [--memory-overhead CSV] [--branch-enis CSV]',
  )
  process.exit(2)
}

const readJson = (name) => {
  const data = readFileSync(join(options.from, name))
  return JSON.parse((name.endsWith('.gz') ? gunzipSync(data) : data).toString('utf8'))
}
const readCsv = (file) => {
  const [header, ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/)
  const columns = header.split(',')
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, at) => [columns[at], cell])))
}
const ensure = (condition, message) => {
  if (!condition) throw new Error(message)
}
/** Dollars to whole micro-dollars; a figure with more digits would be changed by rounding, so it stops the build. */
const micro = (dollars, what) => {
  const value = Math.round(dollars * 1e6)
  ensure(
    value > 0 && Math.abs(dollars * 1e6 - value) < 1e-3,
    `${what}: ${dollars} is no positive whole number of micro-dollars`,
  )
  return value
}
const thousandths = (value) => (value === null || value === undefined ? null : Math.round(value * 1000))
const sortedKeys = (object) => Object.keys(object).sort()

const sources = {}
/** Registers where figures come from and gives the id back; the same id always means the same origin and date. */
const source = (id, { repo, commit, path }, asOf) => {
  const origin = `${repo}${commit ? `@${commit.slice(0, 9)}` : ''}${path ? ` ${path}` : ''}`
  ensure(sources[id] === undefined || sources[id].origin === origin, `two origins for source ${id}`)
  sources[id] = { origin, asOf }
  return id
}

const instanceTypes = readJson('instance-types.json')
const onDemand = readJson('on-demand-prices.json')
const localZones = readJson('on-demand-prices-local-zones.json')
const spot = readJson('spot-prices.json').datasets
const interruption = readJson('spot-interruption.json')
const offeringsById = readJson('offerings-zone-ids.json')
const offeringsByName = readJson('offerings.json')
const other = readJson('other-prices.json')

const known = instanceTypes.types.map((type) => type.type)
const priced = [...Object.values(onDemand.regions), ...Object.values(localZones.zones)].flatMap((place) =>
  Object.keys(place.prices),
)
const names = [...known, ...[...new Set(priced)].filter((name) => !known.includes(name)).sort()]
const indexOf = new Map(names.map((name, index) => [name, index]))
ensure(indexOf.size === names.length, 'an instance type is listed twice')

/** A table by instance type as a row over `names`; see the format above. */
function row(table, encode) {
  const out = []
  let next = 0
  for (const name of Object.keys(table).sort((a, b) => indexOf.get(a) - indexOf.get(b))) {
    const index = indexOf.get(name)
    ensure(index !== undefined, `${name} is not in the index of instance types`)
    if (index > next) out.push(next - index)
    out.push(table[name] === null ? null : encode(table[name], name))
    next = index + 1
  }
  return out
}

function bits(offered) {
  const set = new Set(offered.map((name) => indexOf.get(name)))
  ensure(set.size === offered.length && !set.has(undefined), 'an offering of an unknown or repeated instance type')
  let text = ''
  for (let digit = 0; digit * 4 < names.length; digit++)
    text += [0, 1, 2, 3].reduce((sum, bit) => sum * 2 + (set.has(digit * 4 + bit) ? 1 : 0), 0).toString(16)
  return text
}

// The versions of EC2's answer that still had the types that it has dropped since, by date.
const RETIRED_COMMITS = {
  '2026-07-02': 'c4ea638016b2413f644a0e332fd7923047003602',
  '2026-04-01': '95a01280bd2c20fd7fcfb36deaf0820f5d3f0bfa',
  '2025-07-20': 'cb405a79422409d9c101ddd8d5f840fa5321acd9',
  '2025-06-22': '451658da034652bf859799d4b15bf56006c56a9b',
  '2025-03-16': 'a625589aa6850fe7866cad8a672a38fa79197203',
  '2024-11-03': 'bc221b5e73ad90b19d082172e6057a0517859af6',
  '2023-10-01': '2e06ed15ef7427c9e278a4dc8c0a2ff31f810a8f',
  '2023-02-26': 'b696a283bef49b88870e70576704c6761562cde4',
}

/** Devices that pods ask for. A fractional GPU has a count of 0, but its driver offers one (logical) device to pods. */
const accelerators = (type) => [
  ...(type.gpus ?? []).map((gpu) => ({
    kind: 'gpu',
    manufacturer: gpu.manufacturer,
    name: gpu.name,
    count: gpu.count > 0 ? gpu.count : gpu.logicalCount,
    memoryMib: gpu.memoryMiB,
  })),
  ...(type.neuron ?? []).map((device) => ({
    kind: 'neuron',
    manufacturer: 'AWS',
    name: device.name,
    count: device.count,
    memoryMib: device.memoryMiB,
    coresPerDevice: device.coresPerDevice,
  })),
  ...[...(type.inferenceAccelerators ?? []), ...(type.fpgas ?? []), ...(type.mediaAccelerators ?? [])].map(
    (device) => ({
      kind: 'other',
      manufacturer: device.manufacturer,
      name: device.name,
      count: device.count,
    }),
  ),
]

function typeColumns() {
  const [specs, limits] = instanceTypes.sources
  const typeSource = (asOf) =>
    source(
      `types-${asOf ?? specs.asOf}`,
      asOf ? { ...specs, commit: RETIRED_COMMITS[asOf] } : specs,
      asOf ?? specs.asOf,
    )
  const overheads = new Map(
    options['memory-overhead'] === undefined
      ? []
      : readCsv(options['memory-overhead']).map((line) => [line.instance_type, line]),
  )
  const branches = new Map(
    options['branch-enis'] === undefined
      ? []
      : readCsv(options['branch-enis']).map((line) => [line.instance_type, line]),
  )
  const encrypted = new Set(
    [...readJson('describe-instance-types.json.gz'), ...readJson('describe-instance-types-retired.json.gz')]
      .filter((type) => type.NetworkInfo.EncryptionInTransitSupported === true)
      .map((type) => type.InstanceType),
  )
  const listed = (list, value) => {
    const text = JSON.stringify(value)
    const at = list.findIndex((item) => JSON.stringify(item) === text)
    return at >= 0 ? at : list.push(value) - 1
  }
  const lists = { accelerators: [], cpus: [], sources: [] }
  const columns = {}
  const add = (values) =>
    Object.entries(values).forEach(([column, value]) => (columns[column] ??= []).push(value ?? null))

  for (const type of instanceTypes.types) {
    const { network, ebs } = type
    ensure(type.type === `${type.family}.${type.size}`, `${type.type} is not family and size`)
    const branch = branches.get(type.type)
    if (branch !== undefined && network.branchEnis !== null)
      ensure(Number(branch.branch_enis) === network.branchEnis, `${type.type}: two counts of branch interfaces`)
    const overhead = overheads.get(type.type)
    ensure(
      overhead === undefined || Number(overhead.ec2_memory_mib) === type.memoryMiB,
      `${type.type}: two memory sizes`,
    )
    const measured = [overhead?.overhead_mib_2023_08, overhead?.overhead_mib_2023_07].filter(Boolean).map(Number)
    const devices = accelerators(type)
    add({
      source: listed(lists.sources, typeSource(type.asOf)),
      status: ['current', 'previous', 'retired'].indexOf(type.status),
      generation: type.generation,
      vcpus: type.vcpus,
      memoryMib: type.memoryMiB,
      arch: (type.arch.includes('x86_64') ? 1 : 0) + (type.arch.includes('arm64') ? 2 : 0),
      usage: ['on-demand', 'spot', 'capacity-block'].reduce(
        (sum, name, bit) => sum + (type.usageClasses.includes(name) ? 2 ** bit : 0),
        0,
      ),
      hypervisor: type.hypervisor === null ? 0 : 1 + ['nitro', 'xen'].indexOf(type.hypervisor),
      flags:
        (type.bareMetal ? 1 : 0) +
        (type.burstable ? 2 : 0) +
        ((network.trunking ?? branch?.trunking === '1') ? 4 : 0) +
        (encrypted.has(type.type) ? 8 : 0),
      accelerators: devices.length === 0 ? 0 : 1 + listed(lists.accelerators, devices),
      localStorageGb: type.localStorage?.totalGB ?? 0,
      localNvmeDisks: type.localStorage?.nvme ? type.localStorage.disks.reduce((sum, disk) => sum + disk.count, 0) : 0,
      enis: network.defaultCardMaxEnis,
      enisAllCards: network.maxEnis,
      ipv4PerEni: network.ipv4PerEni,
      ipv6PerEni: network.ipv6PerEni,
      branchEnis: network.branchEnis ?? (branch === undefined ? null : Number(branch.branch_enis)),
      maxEfa: network.efa ? network.maxEfa : 0,
      ebsKind: ebs.attachmentLimitType === null ? 0 : 1 + ['shared', 'dedicated'].indexOf(ebs.attachmentLimitType),
      ebsCount: ebs.maxAttachments,
      overheadMin: measured.length === 0 ? null : Math.min(...measured),
      overheadMax: measured.length === 0 ? null : Math.max(...measured),
      cpu: type.cpuManufacturer === null ? null : listed(lists.cpus, type.cpuManufacturer),
      clockMhz: thousandths(type.clockGhz),
      networkBaselineMbps: thousandths(network.baselineGbps),
      ebsMaxMbps: ebs.maxMbps,
    })
  }
  const branchEniSource = source('branch-enis', limits, limits.asOf)
  const overheadSource =
    overheads.size === 0
      ? undefined
      : source(
          'memory-overhead',
          { repo: 'aws/karpenter-provider-aws', commit: '33450d8f8', path: '(with 15e87699c)' },
          '2023-08',
        )
  return { branchEniSource, ...(overheadSource === undefined ? {} : { overheadSource }), lists, columns }
}

/** Wavelength locations of the price list to zone names; the two oldest carry no city in the price list. */
function localZoneName(location, kind) {
  if (kind === 'local-zone') return location
  const oldest = { 'us-east-1-wl1': 'us-east-1-wl1-bos-wlz-1', 'us-west-2-wl1': 'us-west-2-wl1-sfo-wlz-1' }[location]
  const name = oldest ?? location.replace(/-([a-z]{3})(\d)$/, '-$1-wlz-$2')
  ensure(name !== location, `${location}: no zone name for this Wavelength location`)
  return name
}

function localZonesOf(region) {
  const id = source('local-zones', localZones.source, localZones.source.asOf.slice(0, 10))
  const entries = sortedKeys(localZones.zones)
    .map((location) => [location, localZones.zones[location]])
    .filter(([, zone]) => zone.parentRegion === region)
    .map(([location, zone]) => [
      localZoneName(location, zone.kind),
      { kind: zone.kind, onDemand: { source: id, rates: row(zone.prices, micro) } },
    ])
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

function spotOf(region) {
  const tables = []
  const zones = spot['az-2026-04']
  for (const zone of sortedKeys(zones.regions[region] ?? {})) {
    const id = source('spot-zones-2026-04', zones.source, zones.asOf.slice(0, 10))
    tables.push({ scope: 'zone-id', place: zone, source: id, rates: row(zones.regions[region][zone], micro) })
  }
  const whole = spot['region-2026-us-east-1']
  if (whole.regions[region] !== undefined) {
    // No date is stated: the file is newer than a type that it lists, and older than the day it was read.
    const [first, last] = whole.asOf
      .match(/\d{4}-\d{2}-\d{2}/g)
      .sort((a, b) => (a < b ? -1 : 1))
      .filter((day, at, days) => at === 0 || at === days.length - 1)
    const id = source('spot-region-2026', whole.source, `${first}/${last}`)
    tables.push({ scope: 'region', place: region, source: id, rates: row(whole.regions[region], micro) })
  }
  return tables.length === 0 ? undefined : tables
}

function adviceOf(region) {
  const table = interruption.regions[region]
  if (table === undefined) return undefined
  const bands = interruption.bands.map((band) => band.label)
  const code = ([band, savings], name) => {
    ensure(
      bands[band] !== undefined && Number.isInteger(savings) && savings > -500 && savings < 100,
      `advice of ${name}`,
    )
    return 1000 * band + 500 + savings
  }
  const id = source('spot-advisor', interruption.source, interruption.source.asOf)
  return { source: id, bands, codes: row(table, code) }
}

function offeringsOf(region) {
  const byId = offeringsById.regions[region]
  if (byId === undefined) return undefined
  const id = source('offerings', offeringsById.source, offeringsById.source.asOf)
  const zoneIds = Object.fromEntries(sortedKeys(byId).map((zone) => [zone, bits(byId[zone])]))
  // Where two zones offer the same types, either id stands for the name: the name serves to look up offerings only.
  const free = new Set(Object.keys(zoneIds))
  const zoneNames = {}
  for (const name of sortedKeys(offeringsByName.regions[region])) {
    const wanted = bits(offeringsByName.regions[region][name])
    const match = [...free].find((zone) => zoneIds[zone] === wanted)
    ensure(match !== undefined, `${name}: no zone id with the same offerings`)
    free.delete(match)
    zoneNames[name] = match
  }
  return { source: id, zoneIds, zoneNames }
}

function ebsOf(region) {
  const table = other.ebs.regions[region]
  if (table === undefined) return undefined
  const perMonth = Object.fromEntries(sortedKeys(table).map((figure) => [figure, micro(table[figure], figure)]))
  return { source: source('ebs', other.ebs.source, other.ebs.asOf), perMonth }
}

/** The fee was read for one region; that it is the same elsewhere is an assumption, so it stands there alone. */
function controlPlaneOf(region) {
  const fee = other.eksControlPlane
  if (region !== fee.region.split(' ')[0]) return undefined
  const id = source('eks', fee.source, fee.source.asOf)
  return { source: id, standard: micro(fee.standardPerHour, 'eks'), extended: micro(fee.extendedSupportPerHour, 'eks') }
}

function fargateOf(region) {
  const table = other.fargate[region]
  if (table === undefined) return undefined
  const [page, check] = other.fargate.source
  // Only the Linux x86 rates were confirmed by the second, dated source.
  const confirmed = source('fargate', check, check.asOf)
  const stated = source('fargate-page', { repo: page.page }, page.asOf.slice(0, 10))
  const rate = (id, os, arch, figures) => ({
    source: id,
    os,
    arch,
    vcpuHour:
      micro(figures.vcpuHour, 'fargate') +
      (figures.osLicencePerVcpuHour === undefined ? 0 : micro(figures.osLicencePerVcpuHour, 'fargate')),
    gbHour: micro(figures.gbHour, 'fargate'),
  })
  return [
    rate(confirmed, 'linux', 'amd64', table.linuxX86),
    rate(stated, 'linux', 'arm64', table.linuxArm),
    rate(stated, 'windows', 'amd64', table.windowsX86),
  ]
}

function regionOf(name) {
  const prices = onDemand.regions[name]
  const parts = {
    onDemand: prices && {
      source: source(prices.source, onDemand.sources[prices.source], prices.asOf),
      rates: row(prices.prices, micro),
    },
    spot: spotOf(name),
    advice: adviceOf(name),
    offerings: offeringsOf(name),
    ebs: ebsOf(name),
    controlPlane: controlPlaneOf(name),
    fargate: fargateOf(name),
    localZones: localZonesOf(name),
  }
  return {
    ...(prices === undefined ? {} : { currency: prices.currency }),
    ...Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)),
  }
}

const regionNames = [onDemand.regions, interruption.regions, offeringsById.regions, other.ebs.regions].flatMap(
  Object.keys,
)
const types = typeColumns()
const regions = Object.fromEntries([...new Set(regionNames)].sort().map((name) => [name, regionOf(name)]))
const address = other.publicIpv4.sources[1]
const publicIpv4 = {
  source: source('public-ipv4', address, address.asOf),
  inUse: micro(other.publicIpv4.inUsePerHour, 'public IPv4'),
}
const catalog = {
  format: 'k8s-cost/price-catalog',
  schemaVersion: 1,
  sources: Object.fromEntries(sortedKeys(sources).map((id) => [id, sources[id]])),
  names,
  types,
  regions,
  publicIpv4,
}

const gzip = gzipSync(JSON.stringify(catalog), { level: 9 })
gzip.writeUInt32LE(0, 4) // no time stamp
gzip.writeUInt8(255, 9) // host system: not stated
mkdirSync(dirname(options.out), { recursive: true })
writeFileSync(options.out, gzip)
const count = Object.values(onDemand.regions).reduce((sum, region) => sum + Object.keys(region.prices).length, 0)
console.log(
  `${options.out}: ${gzip.length} bytes, ${known.length} instance types, ${regionNames.length === 0 ? 0 : Object.keys(regions).length} regions, ${count} on-demand prices`,
)
