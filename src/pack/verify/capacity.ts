import { formatAmount } from '../../domain/group-limit.js'
import type { Resources } from '../../domain/resources.js'
import { demandOf, type Fault, type Host, type Tenant, type World } from './world.js'

/**
 * Plugins NodeResourcesFit and NodeVolumeLimits: what all pods of a node take together. The largest of the pods that came
 * and take of it is named; where none of them does, the node alone (`pod` is empty): a zero request never fails.
 */
export function capacityFaults({ hosts }: World): Fault[] {
  return hosts.flatMap((host) => [...resourceFaults(host), ...attachFaults(host)])
}

/** Every resource by its Kubernetes name; zeros are left out. */
function* amounts({ cpu, memory, ephemeralStorage, pods, extended }: Resources): Generator<readonly [string, number]> {
  if (cpu > 0) yield ['cpu', cpu]
  if (memory > 0) yield ['memory', memory]
  if (ephemeralStorage > 0) yield ['ephemeral-storage', ephemeralStorage]
  if (pods > 0) yield ['pods', pods]
  for (const name in extended) {
    const amount = extended[name] ?? 0
    if (amount > 0) yield [name, amount]
  }
}

function* resourceFaults({ name, allocatable, tenants }: Host): Generator<Fault> {
  const offered = new Map(amounts(allocatable))
  const used = new Map<string, number>()
  for (const tenant of tenants)
    for (const [resource, amount] of amounts(demandOf(tenant))) used.set(resource, (used.get(resource) ?? 0) + amount)
  for (const [resource, sum] of used) {
    const has = offered.get(resource) ?? 0
    if (sum <= has) continue
    const takes = (tenant: Tenant): number => new Map(amounts(demandOf(tenant))).get(resource) ?? 0
    const newcomers = tenants.filter((tenant) => tenant.as === 'comes' && takes(tenant) > 0)
    const largest = newcomers.sort((a, b) => takes(b) - takes(a) || (a.pod.id < b.pod.id ? -1 : 1))[0]
    const [sumText, hasText] = [formatAmount(resource, sum), formatAmount(resource, has)]
    const excess = formatAmount(resource, sum - has)
    const blame = `${newcomers.length} of the pods that ask for it came with the plan`
    yield {
      pod: largest?.pod.id ?? '',
      node: name,
      rule: 'NodeResourcesFit',
      about: resource,
      detail: `${resource}: ${sumText} asked for, ${hasText} allocatable, ${excess} too much; ${blame}`,
    }
  }
}

function* attachFaults({ name, attachLimits, tenants }: Host): Generator<Fault> {
  for (const [driver, limit] of Object.entries(attachLimits)) {
    const before = new Set<string>()
    const all = new Set<string>()
    for (const { pod, as } of tenants)
      for (const { driver: of, handle } of pod.volumes.attachments) {
        if (of !== driver) continue
        all.add(handle)
        if (as !== 'comes') before.add(handle)
      }
    if (all.size <= limit) continue
    const newcomers = tenants
      .filter(({ pod, as }) => as === 'comes' && pod.volumes.attachments.some((one) => brings(one, driver, before)))
      .map(({ pod }) => pod.id)
      .sort()
    yield {
      pod: newcomers[0] ?? '',
      node: name,
      rule: 'NodeVolumeLimits',
      about: driver,
      detail: `${all.size} volumes of ${driver}, at most ${limit} can be attached; ${all.size - before.size} came with the plan`,
    }
  }
}

const brings = (
  one: { readonly driver: string; readonly handle: string },
  driver: string,
  before: ReadonlySet<string>,
): boolean => one.driver === driver && !before.has(one.handle)
