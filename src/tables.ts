import { readCatalog } from './collect/catalog-file.js'
import type { TableFormat } from './command-line.js'
import type { PriceCatalog } from './domain/catalog.js'
import type { InstanceType } from './domain/offering.js'
import { FailureError } from './failure.js'
import { maxPodsTable } from './model/capacity/max-pods.js'
import { matchesAny } from './options.js'
import { packageData } from './package.js'
import { aligned } from './report/aligned.js'
import { maxPodsText } from './report/max-pods.js'

export const EMBEDDED_CATALOG = 'catalog.json.gz'

/** The answer of `max-pods`: the types that fit any of the names or patterns, all of them without one. */
export async function maxPodsAnswer(patterns: readonly string[], format: TableFormat): Promise<string> {
  const catalog = await readCatalog(packageData(EMBEDDED_CATALOG))
  const types = [...catalog.types.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  const wanted = patterns.length === 0 ? types : matching(types, patterns)
  return maxPodsText(
    wanted.map((type) => maxPodsTable(type)),
    format,
  )
}

function matching(types: readonly InstanceType[], patterns: readonly string[]): readonly InstanceType[] {
  for (const pattern of patterns) {
    if (types.some(({ name }) => matchesAny([pattern], name))) continue
    const want = 'an instance type of the catalog, or a pattern such as m7g.* that fits one'
    throw new FailureError({ kind: 'bad-option', name: 'TYPE', got: pattern, want })
  }
  return types.filter(({ name }) => matchesAny(patterns, name))
}

/** The answer of `catalog show`: what the catalog in the package holds, and how old each part is. */
export async function catalogAnswer(): Promise<string> {
  const catalog = await readCatalog(packageData(EMBEDDED_CATALOG))
  const regions = [...catalog.regions].sort(([a], [b]) => (a < b ? -1 : 1))
  const rows = regions.map(([id, region]) => [
    id,
    region.currency ?? '-',
    String(region.onDemand?.rates.size ?? 0),
    dayOf(catalog, region.onDemand?.source),
    String(new Set(region.spot.flatMap(({ rates }) => [...rates.keys()])).size),
    newest(region.spot.map(({ source }) => dayOf(catalog, source))),
    region.offerings === undefined ? 'no' : 'yes',
  ])
  const header = ['region', 'currency', 'on_demand_types', 'as_of', 'spot_types', 'spot_as_of', 'zones_known']
  const sources = [...catalog.sources.values()].map(({ id, origin, asOf }) => [id, asOf, origin])
  return [
    `The price catalog in the package: ${catalog.types.size} instance types, ${regions.length} regions.`,
    '',
    ...aligned([header, ...rows]),
    '',
    'Sources',
    ...aligned(sources),
    '',
  ].join('\n')
}

const dayOf = (catalog: PriceCatalog, source: string | undefined): string =>
  (source === undefined ? undefined : catalog.sources.get(source)?.asOf) ?? '-'

const newest = (days: readonly string[]): string => [...days].sort().at(-1) ?? '-'
