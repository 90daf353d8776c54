import type { CommitmentUse } from '../domain/commitments.js'
import { coversOtherSizes, familyOf } from './normalized-units.js'

/** A node as AWS bills it, if it does so by the hour of an instance at the on-demand rate, or as Fargate. */
export type Billed = {
  readonly name: string
  readonly kind: 'instance' | 'fargate'
  /** Empty for Fargate. */
  readonly instanceType: string
  readonly zone: string | undefined
  /** As EC2 calls it, e.g. `Linux/UNIX`. */
  readonly platform: string
  readonly tenancy: 'default' | 'dedicated'
  /** List price of the instance alone, in micro-dollars per hour; undefined where it is not known. */
  readonly rate: number | undefined
}

export type Reserved = {
  readonly instanceType: string
  readonly count: number
  readonly zone?: string
  readonly platform: string
  readonly tenancy: string
}

export type PlanOfSavings = {
  readonly kind: 'EC2Instance' | 'Compute'
  readonly family?: string
  /** Micro-dollars per hour. */
  readonly commitment: number
  /** For Linux on shared hardware, by instance type, in micro-dollars per hour; absent where not known. */
  readonly rates?: Readonly<Record<string, number>>
}

/** What is left of the billed nodes for the next commitment: the share of each, 0 to 1. */
export type Uncovered = Map<string, number>

const LINUX = 'Linux/UNIX'
/** Accounts of old had classic networks beside VPCs; it is one platform. */
const platformOf = (text: string): string => text.replace(/ \(Amazon VPC\)$/, '')
const NOTHING = 1e-9
const byName = (a: Billed, b: Billed): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

export const isSizeFlexible = ({ zone, platform, tenancy, instanceType }: Reserved): boolean =>
  zone === undefined && platformOf(platform) === LINUX && tenancy === 'default' && coversOtherSizes(instanceType)

/**
 * What one reservation covers of the nodes; takes it from what is left. A zonal one covers its type in its zone, a regional
 * one its type anywhere in the region, or any size of its family in proportion, the smallest first. `amount` is in
 * instances of its type. Reservations are to be handed over in AWS's order: `zonal before regional`.
 */
export function coverByReserved(
  reserved: Reserved,
  machines: readonly Billed[],
  left: Uncovered,
  units: (type: string) => number | undefined,
): CommitmentUse {
  const whole = units(reserved.instanceType)
  const flexible = isSizeFlexible(reserved) && whole !== undefined
  const sizeOf = (type: string): number | undefined =>
    type === reserved.instanceType
      ? 1
      : flexible && familyOf(type) === familyOf(reserved.instanceType)
        ? divided(units(type), whole)
        : undefined
  const reached = machines.flatMap((machine) => {
    const size = sizeOf(machine.instanceType)
    const matches =
      machine.kind === 'instance' &&
      machine.tenancy === reserved.tenancy &&
      platformOf(machine.platform) === platformOf(reserved.platform) &&
      (reserved.zone === undefined || machine.zone === reserved.zone)
    return matches && size !== undefined ? [{ machine, size }] : []
  })
  reached.sort((a, b) => a.size - b.size || byName(a.machine, b.machine))
  let amount = 0
  const nodes: string[] = []
  for (const { machine, size } of reached) {
    const share = Math.min(left.get(machine.name) ?? 1, (reserved.count - amount) / size)
    if (share <= NOTHING) continue
    amount += share * size
    take(left, machine.name, share)
    nodes.push(machine.name)
  }
  return { amount: rounded(amount), nodes: nodes.sort() }
}

const divided = (part: number | undefined, whole: number): number | undefined =>
  part === undefined ? undefined : part / whole

/**
 * What a Savings Plan covers of what is left, the best discount first, as AWS does; `amount` is the part of its commitment
 * that is used up, in micro-dollars per hour. Where its own rate for a node is not known, the list price stands in, which
 * uses it up too fast: `rated` is false then.
 */
export function coverBySavingsPlan(
  plan: PlanOfSavings,
  machines: readonly Billed[],
  left: Uncovered,
): CommitmentUse & { readonly rated: boolean } {
  const reached = machines.flatMap((machine) => {
    const { kind, instanceType, platform, tenancy, rate } = machine
    if (rate === undefined || rate <= 0) return []
    if (plan.kind === 'EC2Instance' && (kind !== 'instance' || familyOf(instanceType) !== plan.family)) return []
    const plain = kind === 'instance' && platformOf(platform) === LINUX && tenancy === 'default'
    const own = plain && plan.rates !== undefined && Object.hasOwn(plan.rates, instanceType)
    const charged = own ? plan.rates?.[instanceType] : undefined
    return [{ machine, charged: charged ?? rate, rated: charged !== undefined, discount: 1 - (charged ?? rate) / rate }]
  })
  reached.sort((a, b) => b.discount - a.discount || a.charged - b.charged || byName(a.machine, b.machine))
  let amount = 0
  let rated = true
  const nodes: string[] = []
  for (const one of reached) {
    const share = Math.min(left.get(one.machine.name) ?? 1, (plan.commitment - amount) / one.charged)
    if (share <= NOTHING) continue
    amount += share * one.charged
    rated &&= one.rated
    take(left, one.machine.name, share)
    nodes.push(one.machine.name)
  }
  return { amount: Math.round(amount), nodes: nodes.sort(), rated }
}

function take(left: Uncovered, name: string, share: number): void {
  const rest = (left.get(name) ?? 1) - share
  left.set(name, rest <= NOTHING ? 0 : rest)
}

/** Shares of sizes are sums of fractions: what is 3 is to be printed as 3. */
const rounded = (amount: number): number => Math.round(amount * 1e6) / 1e6
