import type { PriceBook, PriceCatalog, RegionPrices, RunAs } from '../domain/catalog.js'
import type { Price } from '../domain/offering.js'
import { datesOf, known, type Unknown, unknown } from './answers.js'
import { withAutoModeFee } from './auto-mode.js'
import { spotNote, spotPrice } from './spot-price.js'
import { coreAndMemoryRates } from './unit-rates.js'
import { placeOf } from './zone-place.js'

/**
 * The prices of one region out of a catalog. Unknown is an answer with its reason: no price is borrowed from another
 * region or type, and none in another currency is passed on as dollars.
 */
export function priceBook(catalog: PriceCatalog, regionName: string | undefined): PriceBook {
  const region = regionName === undefined ? undefined : catalog.regions.get(regionName)
  const dates = datesOf(catalog)
  /** Answers for a region with prices in dollars; the reason why there are none otherwise. */
  const inDollars = <Answer>(answer: (region: RegionPrices) => Answer): Answer | Unknown => {
    if (regionName === undefined) return unknown('the region is not known')
    if (region === undefined) return unknown(`region ${regionName} is not in the price catalog`)
    if (region.currency !== undefined && region.currency !== 'USD')
      return unknown(`listed in ${region.currency}, not USD`)
    return answer(region)
  }
  const types = [...catalog.types.values()]
  const tables = region?.onDemand && [region.onDemand.source, ...(region.onDemand.sources?.values() ?? [])]
  const listed = [...new Set(tables)].map(dates.day).sort()
  const [oldest] = listed
  const newest = listed.at(-1)
  const note = inDollars((priced) => spotNote(catalog, priced))
  /** Every group of nodes asks for every type in every zone. */
  const spotPrices = new Map<string, Price>()
  const spotIn = (priced: RegionPrices, type: string, zone: string | undefined, zoneId: string | undefined): Price => {
    const key = `${type} ${zone} ${zoneId}`
    const price = spotPrices.get(key) ?? spotPrice(catalog, priced, type, zone, zoneId)
    spotPrices.set(key, price)
    return price
  }

  return {
    region: regionName,
    regionKnown: region?.onDemand !== undefined,
    currency: region?.currency,
    asOf: oldest === undefined || newest === undefined ? undefined : { oldest, newest },
    listedOn: (type) => {
      const table = region?.onDemand
      return table?.rates.has(type) === true ? dates.day(table.sources?.get(type) ?? table.source) : undefined
    },
    spotPriceNote: typeof note === 'string' ? note : `spot prices are not known: ${note.why}`,
    onDemand: (type, zone, runAs = SHARED_LINUX) =>
      inDollars((priced) => {
        const price = isSharedLinux(runAs)
          ? onDemandPrice(catalog, priced, type, zone)
          : otherOnDemandPrice(catalog, priced, type, zone, runAs)
        return withAutoModeFee(price, catalog, priced, type, runAs)
      }),
    spot: (type, zone, zoneId, runAs = SHARED_LINUX) =>
      inDollars((priced) => {
        if (!isSharedLinux(runAs)) return unknown(`spot prices of ${wordsOf(runAs)} are not read`)
        return withAutoModeFee(spotIn(priced, type, zone, zoneId), catalog, priced, type, runAs)
      }),
    spotAdvice: (type) => {
      const found = region?.advice?.types.get(type)
      return region?.advice && found && { ...found, asOf: dates.day(region.advice.source) }
    },
    offered: (type, zone, zoneId) => {
      const byId = zoneId === undefined ? undefined : region?.offerings?.zoneIds.get(zoneId)
      const byName = zone === undefined ? undefined : region?.offerings?.zoneNames.get(zone)
      return (byId ?? byName)?.has(type)
    },
    fargate: (vcpu, memoryGb, architecture, os) =>
      inDollars(({ name, fargate }) => {
        if (fargate.length === 0) return unknown(`no Fargate price of ${name} is in the price catalog`)
        const rates = fargate.find((entry) => entry.os === os && entry.architecture === architecture)
        if (rates === undefined) return unknown(`no Fargate price for ${os} on ${architecture} is in the price catalog`)
        if (!(vcpu > 0 && memoryGb > 0)) return unknown('the size that Fargate bills is not known')
        const microUsd = Math.round(vcpu * rates.vcpuHour + memoryGb * rates.gbHour)
        return known(microUsd, 'list', `fargate list ${dates.day(rates.source)}`)
      }),
    // EKS's fee seems to be one figure for all regions, but it was read for one: elsewhere it is unknown, not assumed.
    controlPlane: (extended) =>
      inDollars(({ name, controlPlane: fee }) => {
        if (fee === undefined) return unknown(`no EKS control plane price of ${name} is in the price catalog`)
        const support = extended ? 'extended' : 'standard'
        return known(fee[support], 'list', `eks ${support} support list ${dates.day(fee.source)}`)
      }),
    publicIpv4: () =>
      inDollars(() => {
        const address = catalog.publicIpv4
        if (address === undefined) return unknown('no price of public IPv4 addresses is in the price catalog')
        return known(address.inUse, 'list', `public IPv4 list ${dates.day(address.source)}`)
      }),
    ebsGbMonth: (kind) =>
      inDollars(({ name, ebs }) => {
        if (ebs === undefined) return unknown(`no EBS price of ${name} is in the price catalog`)
        const microUsdPerMonth = ebs.perMonth.get(`${kind}GbMonth`)
        if (microUsdPerMonth === undefined) return unknown(`no price of EBS ${kind} in ${name} is in the price catalog`)
        return { kind: 'known' as const, microUsdPerMonth, source: `ebs list ${dates.day(ebs.source)}` }
      }),
    types: () => types,
    type: (name) => catalog.types.get(name),
    coreAndMemoryRates: () => coreAndMemoryRates(catalog, region),
  }
}

const SHARED_LINUX: RunAs = { windows: false, tenancy: 'shared' }
const isSharedLinux = ({ windows, tenancy }: RunAs): boolean => !windows && tenancy === 'shared'

const wordsOf = ({ windows, tenancy }: RunAs): string =>
  tenancy === 'shared' ? 'Windows' : `${tenancy} tenancy${windows ? ' with Windows' : ''}`

/** What is run otherwise has a price of its own or none: that of Linux on shared hardware would be too low. */
function otherOnDemandPrice(
  catalog: PriceCatalog,
  region: RegionPrices,
  type: string,
  zone: string | undefined,
  runAs: RunAs,
): Price {
  if (runAs.tenancy === 'host') return unknown('on a dedicated host, which is paid as a whole')
  if (runAs.windows && runAs.tenancy === 'dedicated')
    return unknown('prices of Windows on dedicated tenancy are not read')
  const place = placeOf(region, zone)
  if (place.kind === 'unpriced') return unknown(place.why)
  const words = wordsOf(runAs)
  if (place.kind === 'local') return unknown(`prices of ${words} in zone ${zone} are not read`)
  const table = region.otherOnDemand?.get(runAs.windows ? 'windows' : 'dedicated')
  if (table === undefined)
    return unknown(`no price of ${words} in ${region.name} is known: the catalog has none, AWS gave none`)
  const day = datesOf(catalog).day(table.sources?.get(type) ?? table.source)
  const rate = table.rates.get(type)
  if (rate === undefined) return unknown(`${type} has no price with ${words} in ${region.name} (list of ${day})`)
  return known(rate, 'list', `on-demand list ${day}, ${words}`)
}

/** Linux, shared tenancy. Local and Wavelength Zones have lists of their own, and nothing else holds there. */
function onDemandPrice(catalog: PriceCatalog, region: RegionPrices, type: string, zone: string | undefined) {
  const place = placeOf(region, zone)
  if (place.kind === 'unpriced') return unknown(place.why)
  const table = place.kind === 'local' ? place.zone.onDemand : region.onDemand
  const where = place.kind === 'local' ? `zone ${zone}` : region.name
  if (table === undefined) return unknown(`no on-demand price of ${where} is in the price catalog`)
  const rate = table.rates.get(type)
  const day = datesOf(catalog).day(table.sources?.get(type) ?? table.source)
  if (rate !== undefined) return known(rate, 'list', `on-demand list ${day}`)
  if (!catalog.types.has(type)) return unknown(`instance type ${type} is not in the price catalog`)
  return unknown(`${type} has no on-demand price in ${where} (list of ${day})`)
}
