import type { PriceCatalog, RegionPrices, UnitRates } from '../domain/catalog.js'
import { datesOf } from './answers.js'

/** Two types of one generation that differ in memory alone: 2 vCPU with 4 GiB, and 2 vCPU with 16 GiB. */
const LEAN = { type: 'c6i.large', cores: 2, gib: 4 }
const RICH = { type: 'r6i.large', cores: 2, gib: 16 }
const FALLBACK_REGION = 'us-east-1'
/** What the two types give for us-east-1 at its list of 2026-07-20: for catalogs that do not hold that region. */
const BUILT_IN: UnitRates = {
  microUsdPerCoreHour: 35667,
  microUsdPerGibHour: 3417,
  basis: `on-demand prices of ${LEAN.type} and ${RICH.type} in ${FALLBACK_REGION} on 2026-07-20, built in`,
}

/**
 * What a vCPU and a GiB cost, from two on-demand prices: c6i.large = 2 cores + 4 GiB, r6i.large = 2 cores + 16 GiB.
 * The ratio of the two is what splits the cost of a node; it is nearly the same everywhere, so where the region does not
 * have both prices in dollars those of us-east-1 serve, and `basis` says so.
 */
export function coreAndMemoryRates(catalog: PriceCatalog, region: RegionPrices | undefined): UnitRates {
  const here = region === undefined ? undefined : solve(catalog, region)
  if (here !== undefined) return here
  const elsewhere = catalog.regions.get(FALLBACK_REGION)
  return (elsewhere && solve(catalog, elsewhere)) ?? BUILT_IN
}

function solve(catalog: PriceCatalog, region: RegionPrices): UnitRates | undefined {
  const { onDemand } = region
  const lean = onDemand?.rates.get(LEAN.type)
  const rich = onDemand?.rates.get(RICH.type)
  if (region.currency !== 'USD' || onDemand === undefined || lean === undefined || rich === undefined) return undefined
  const perGib = (rich - lean) / (RICH.gib - LEAN.gib)
  const perCore = (lean - LEAN.gib * perGib) / LEAN.cores
  if (perGib <= 0 || perCore <= 0) return undefined
  return {
    microUsdPerCoreHour: Math.round(perCore),
    microUsdPerGibHour: Math.round(perGib),
    basis: `on-demand prices of ${LEAN.type} and ${RICH.type} in ${region.name} on ${datesOf(catalog).day(onDemand.source)}`,
  }
}
