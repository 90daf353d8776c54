import { fileURLToPath } from 'node:url'
import { readCatalog } from '../../src/collect/catalog-file.js'
import type { InstanceType } from '../../src/domain/offering.js'
import { priceBook } from '../../src/price/price-book.js'

const CATALOG = fileURLToPath(new URL('../../data/catalog.json.gz', import.meta.url))
const REGION = 'us-east-1'
/** Requests of the DaemonSets: milli-cores, MiB, pods. */
const DAEMONS = [250, 512, 4]
/** EKS reserves so much of the 1st, 2nd, 3rd, 4th and of every other core, in hundredths of a per cent. */
const CPU_RESERVED = [600, 100, 50, 50]
const CPU_RESERVED_LATER = 25

/** Burstable, for high-performance computing, or with terabytes of memory: nobody's default nodes. */
const UNUSUAL = /^(t\d|hpc|u|x)/

/** A machine in a zone, paid for in one way. */
export type Option = {
  readonly name: string
  readonly zone: number
  readonly capacityType: 'on-demand' | 'spot'
  readonly architecture: 'amd64' | 'arm64'
  /** Micro-dollars per hour. */
  readonly rate: number
  /** Milli-cores, MiB and pods, net of reservations and DaemonSets. */
  readonly capacity: readonly number[]
}

/**
 * So many instance types of the catalog in the package (on-demand price known, no metal, no
 * accelerators, none that are `UNUSUAL`; evenly over the list by name) in so many zones, with spot where `spot` and the catalog has a price. The catalog
 * has spot prices of the region, mostly; zones differ by up to 5 %, as drawn from the names.
 */
export async function catalogOptions(types: number, zones: number, spot: boolean): Promise<Option[]> {
  const book = priceBook(await readCatalog(CATALOG), REGION)
  const listed = book
    .types()
    .filter(
      ({ bareMetal, accelerators, status, family }) =>
        !bareMetal && accelerators.length === 0 && status !== 'retired' && !UNUSUAL.test(family),
    )
    .flatMap((type) => {
      const capacity = netCapacity(type)
      const price = book.onDemand(type.name)
      return price.kind === 'known' && capacity.every((room) => room > 0) ? [{ type, capacity, rate: price.rate }] : []
    })
    .sort((a, b) => (a.type.name < b.type.name ? -1 : 1))
  if (listed.length < types) throw new Error(`the catalog has ${listed.length} types that can be used, not ${types}`)
  const chosen = Array.from({ length: types }, (_, index) => listed[Math.floor((index * listed.length) / types)])
  return chosen.flatMap((each) => {
    if (each === undefined) return []
    const { type, capacity, rate } = each
    const architecture = type.architectures.includes('arm64') ? 'arm64' : 'amd64'
    return Array.from({ length: zones }, (_, zone): Option[] => {
      const place = `${REGION}${String.fromCharCode(97 + zone)}`
      const onDemand: Option = {
        name: `${type.name}/${place}/on-demand`,
        zone,
        capacityType: 'on-demand',
        architecture,
        rate,
        capacity,
      }
      const seen = spot ? book.spot(type.name, place, undefined) : undefined
      if (seen?.kind !== 'known') return [onDemand]
      const spotRate = Math.round((seen.rate * (95 + (textHash(`${type.name}/${place}`) % 11))) / 100)
      return [onDemand, { ...onDemand, name: `${type.name}/${place}/spot`, capacityType: 'spot', rate: spotRate }]
    }).flat()
  })
}

/** As `../shared/data/packing/README.md` states it: EKS's reservations, 7.5 % of memory for the hypervisor, max-pods by ENIs. */
function netCapacity({ vcpus, memoryMib, enis, ipv4PerEni }: InstanceType): number[] {
  const pods = enis * (ipv4PerEni - 1) + 2
  let reserved = 0
  for (let core = 0; core < vcpus; core += 1) reserved += CPU_RESERVED[core] ?? CPU_RESERVED_LATER
  const cpu = vcpus * 1_000 - Math.ceil(reserved / 10)
  const memory = Math.floor(memoryMib * 0.925) - 255 - 11 * pods - 100
  return [cpu, memory, pods].map((room, resource) => room - (DAEMONS[resource] ?? 0))
}

function textHash(text: string): number {
  let hash = 2_166_136_261
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 16_777_619) >>> 0
  return hash
}
