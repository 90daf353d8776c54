import type { PriceCatalog } from '../domain/catalog.js'
import type { Architecture, Hardware, InstanceType } from '../domain/offering.js'
import { CatalogDamage, type CatalogText, type Decoder } from './catalog-schema.js'

type TypesText = CatalogText['types']
type DecodedTypes = Pick<PriceCatalog, 'types' | 'typeSources' | 'branchEniSource' | 'memoryOverheadSource'>

const STATUSES = ['current', 'previous', 'retired'] as const
const HYPERVISORS = [undefined, 'nitro', 'xen'] as const
const EBS_KINDS = [undefined, 'shared', 'dedicated'] as const
const ARCHITECTURES: readonly Architecture[] = ['amd64', 'arm64']
const FLAGS = ['bareMetal', 'burstable', 'trunking', 'encryptionInTransit'] as const
const USAGE_CLASSES = ['on-demand', 'spot', 'capacity-block'] as const

/** The columns of `types` to instance types; the meaning of each code is in the header of tools/build-catalog.mjs. */
export function decodeTypes(text: TypesText, decoder: Decoder): DecodedTypes {
  // Position 0 stands for a type without accelerators.
  const lists = { ...text.lists, accelerators: [[], ...text.lists.accelerators] }
  const table = columnsOf(text.columns, decoder.names.length)
  const types = new Map<string, InstanceType>()
  const typeSources = new Map<string, string>()
  for (const [row, name] of decoder.names.slice(0, table.rows).entries()) {
    types.set(name, decodeType(name, row, table, lists))
    const source = pick(lists.sources, table.number('source', row), `types.columns.source[${row}]`)
    typeSources.set(name, decoder.source(source, 'types.lists.sources'))
  }
  const optional = (id: string | undefined, what: string) => (id === undefined ? undefined : decoder.source(id, what))
  return {
    types,
    typeSources,
    branchEniSource: optional(text.branchEniSource, 'types.branchEniSource'),
    memoryOverheadSource: optional(text.overheadSource, 'types.overheadSource'),
  }
}

function decodeType(name: string, row: number, table: Columns, lists: TypesText['lists']): InstanceType {
  const { number, maybe } = table
  const coded = <Value>(column: string, values: readonly Value[]): Value =>
    pick(values, number(column, row), `types.columns.${column}[${row}]`)
  const bits = <Value>(column: string, values: readonly Value[]): Value[] =>
    values.filter((_, bit) => (number(column, row) & (1 << bit)) !== 0)
  const flags = bits('flags', FLAGS)
  const ebsKind = coded('ebsKind', EBS_KINDS)
  const ebsCount = maybe('ebsCount', row)
  const min = maybe('overheadMin', row)
  const max = maybe('overheadMax', row)
  const dot = name.indexOf('.')
  return {
    name,
    family: name.slice(0, dot),
    size: name.slice(dot + 1),
    generation: maybe('generation', row),
    status: coded('status', STATUSES),
    vcpus: number('vcpus', row),
    memoryMib: number('memoryMib', row),
    architectures: bits('arch', ARCHITECTURES),
    usageClasses: bits('usage', USAGE_CLASSES),
    hypervisor: coded('hypervisor', HYPERVISORS),
    bareMetal: flags.includes('bareMetal'),
    burstable: flags.includes('burstable'),
    accelerators: coded('accelerators', lists.accelerators),
    localStorageGb: number('localStorageGb', row),
    enis: number('enis', row),
    enisAllCards: number('enisAllCards', row),
    ipv4PerEni: number('ipv4PerEni', row),
    ipv6PerEni: number('ipv6PerEni', row),
    trunking: flags.includes('trunking'),
    branchEnis: maybe('branchEnis', row),
    maxEfa: number('maxEfa', row),
    ebsAttachmentLimit:
      ebsKind === undefined || ebsCount === undefined ? undefined : { kind: ebsKind, count: ebsCount },
    measuredOverheadMib: min === undefined || max === undefined ? undefined : { min, max },
    hardware: {
      encryptionInTransit: flags.includes('encryptionInTransit'),
      localNvmeDisks: number('localNvmeDisks', row),
      ...hardwareOf(row, table, lists),
    },
  }
}

function hardwareOf(row: number, { maybe }: Columns, lists: TypesText['lists']): Partial<Hardware> {
  const cpu = maybe('cpu', row)
  const clockMhz = maybe('clockMhz', row)
  const networkBaselineMbps = maybe('networkBaselineMbps', row)
  const ebsMaxMbps = maybe('ebsMaxMbps', row)
  return {
    ...(cpu === undefined ? {} : { cpuManufacturer: pick(lists.cpus, cpu, `types.columns.cpu[${row}]`) }),
    ...(clockMhz === undefined ? {} : { clockMhz }),
    ...(networkBaselineMbps === undefined ? {} : { networkBaselineMbps }),
    ...(ebsMaxMbps === undefined ? {} : { ebsMaxMbps }),
  }
}

type Columns = {
  readonly rows: number
  /** Both throw CatalogDamage for anything but a whole number from 0 up; `maybe` takes null for "not known". */
  readonly number: (column: string, row: number) => number
  readonly maybe: (column: string, row: number) => number | undefined
}

function columnsOf(columns: TypesText['columns'], names: number): Columns {
  const rows = columns['vcpus']?.length ?? 0
  if (rows > names) throw new CatalogDamage(`types.columns.vcpus: ${rows} values for ${names} names`)
  for (const [column, values] of Object.entries(columns))
    if (values.length !== rows)
      throw new CatalogDamage(`types.columns.${column}: ${values.length} values, but vcpus has ${rows}`)
  const maybe = (column: string, row: number): number | undefined => {
    const value = columns[column]?.[row]
    if (value === null) return undefined
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    throw new CatalogDamage(`types.columns.${column}[${row}]: ${JSON.stringify(value)} is no whole number from 0 up`)
  }
  const number = (column: string, row: number): number => {
    const value = maybe(column, row)
    if (value === undefined) throw new CatalogDamage(`types.columns.${column}[${row}]: a number is missing`)
    return value
  }
  return { rows, number, maybe }
}

function pick<Value>(values: readonly Value[], at: number, path: string): Value {
  if (at >= values.length) throw new CatalogDamage(`${path}: ${at} is not in the list of ${values.length}`)
  return values[at] as Value
}
