import { milliUp, parseQuantity, toSafeNumber, unitsUp } from '../domain/quantity.js'
import type { Resources } from '../domain/resources.js'
import type { QuantityMap } from '../domain/snapshot.js'
import { bytes, milliCpu, podSlots } from '../domain/units.js'

/** Thousandths by resource name: the API server stores no finer request, so sums of these are exact. */
export type Amounts = ReadonlyMap<string, bigint>

/**
 * Scalar resources that the scheduler counts besides the native three: every name with a domain, huge pages and
 * attachable volumes (pkg/scheduler/util IsScalarResourceName). A name without a domain is nobody's resource.
 */
const isCounted = (name: string): boolean =>
  name === 'cpu' ||
  name === 'memory' ||
  name === 'ephemeral-storage' ||
  name.startsWith('hugepages-') ||
  name.startsWith('attachable-volumes-') ||
  (name.includes('/') && !name.startsWith('requests.'))

/** Amounts of a quantity map; what cannot be read is left out and named in `flaws`, with the place where it stands. */
export function readAmounts(quantities: QuantityMap, place: string, flaws: string[]): Map<string, bigint> {
  const amounts = new Map<string, bigint>()
  for (const [name, text] of Object.entries(quantities)) {
    if (!isCounted(name)) continue
    const nano = parseQuantity(text)
    if (nano === undefined || nano < 0n) flaws.push(`${place}: ${name} "${text}" is no amount`)
    else amounts.set(name, milliUp(nano))
  }
  return amounts
}

/** Adds `part` to `total`, in place. */
export const addAll = (total: Map<string, bigint>, part: Amounts): void => {
  for (const [name, amount] of part) total.set(name, (total.get(name) ?? 0n) + amount)
}

/** Raises `peak` to `part` where that is more, in place. */
export const raiseAll = (peak: Map<string, bigint>, part: Amounts): void => {
  for (const [name, amount] of part) if (amount > (peak.get(name) ?? -1n)) peak.set(name, amount)
}

/** A resource's thousandths as the scheduler compares them: CPU in millicores, everything else in whole units. */
export function toResources(amounts: Amounts, slots: number): Resources {
  const extended: Record<string, number> = {}
  const whole = (name: string): number => toSafeNumber(unitsUp(amounts.get(name) ?? 0n))
  const native = new Set(['cpu', 'memory', 'ephemeral-storage', 'pods'])
  for (const [name, amount] of amounts) if (!native.has(name) && amount > 0n) extended[name] = whole(name)
  return {
    cpu: milliCpu(toSafeNumber(amounts.get('cpu') ?? 0n)),
    memory: bytes(whole('memory')),
    ephemeralStorage: bytes(whole('ephemeral-storage')),
    pods: podSlots(slots),
    extended,
  }
}
