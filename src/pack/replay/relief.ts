import type { Architecture, CapacityType } from '../../domain/offering.js'
import type { NodeOption } from '../../domain/plan.js'
import { machineOf, type Slot } from '../draft.js'
import { byText } from '../order.js'
import { isSpot } from '../spot/spot-share.js'
import { fleetOf, slotsOf, type Alternatives, type Fleet } from './fleet.js'
import type { Shop } from './shop.js'

/** No node that is bought for relief has more than such a part of the fleet's CPU. */
const LARGEST = 1 / 8
const ROUNDING = 1e-9

/**
 * The fleet with so many nodes besides as have this share of its CPU, of each architecture its part, wherever a core costs the
 * least. The scheduler fills all nodes alike: pods that may go to a few nodes only find them as full as all others, and room
 * anywhere helps them as much as more nodes of their own, which may cost several times as much. No more of the CPU is on
 * spot than of today's nodes or of the fleet. Nodes with taints are not bought: few pods may go there.
 */
export function withRelief(fleet: Fleet, groups: readonly Alternatives[], share: number, shop: Shop): Fleet {
  const today = groups.flatMap(({ choices }) => choices[0]?.slots ?? [])
  const options = groups.flatMap(({ machines }) => machines.flat())
  const added = reliefOf(slotsOf(fleet), today, options, share, shop)
  return fleetOf(fleet.chosen, [...fleet.added, ...added], fleet.places)
}

/** What is bought for these nodes, of these machines. */
export function reliefOf(
  nodes: readonly Slot[],
  today: readonly Slot[],
  onOffer: readonly NodeOption[],
  share: number,
  shop: Pick<Shop, 'allows' | 'nextSlot'>,
): readonly Slot[] {
  const all = cpuOf(nodes)
  const mostOnSpot = Math.max(spotShare(today), spotShare(nodes))
  const bought = share * all
  const onSpot = mostOnSpot * (all + bought) - cpuOf(nodes.filter(isSpot))
  const options = onOffer.filter((option) => isPlain(option, LARGEST * all))
  const architectures = [...new Set(nodes.flatMap((slot) => architectureOf(slot) ?? []))].sort(byText)
  let added: readonly Slot[] = []
  /** So much CPU at least, or at most, of the machines of which a core costs the least and that the limits of groups allow. */
  const buy = (those: readonly NodeOption[], cpu: number, round: (nodes: number) => number): number => {
    for (const option of cheapestCoresFirst(those)) {
      const copies = round(cpu / option.allocatable.cpu)
      const more = Array.from({ length: Math.max(0, copies) }, () => shop.nextSlot(option))
      if (!shop.allows([...nodes, ...added, ...more])) continue
      added = [...added, ...more]
      return cpuOf(more)
    }
    return 0
  }
  for (const architecture of architectures) {
    const of = (capacityType: CapacityType): NodeOption[] =>
      options.filter((one) => one.architecture === architecture && one.capacityType === capacityType)
    const cpu = share * cpuOf(nodes.filter((slot) => architectureOf(slot) === architecture))
    const spot = buy(of('spot'), Math.min(1, onSpot / bought) * cpu, roundedDown)
    buy(of('on-demand'), cpu - spot, roundedUp)
  }
  return added
}

const roundedDown = (nodes: number): number => Math.floor(nodes + ROUNDING)
const roundedUp = (nodes: number): number => Math.ceil(nodes - ROUNDING)

const cpuOf = (slots: readonly Slot[]): number => slots.reduce((total, { site }) => total + site.allocatable.cpu, 0)

const spotShare = (slots: readonly Slot[]): number => cpuOf(slots.filter(isSpot)) / Math.max(1, cpuOf(slots))

const architectureOf = (slot: Slot): Architecture | undefined => machineOf(slot).architecture

/** GPUs and the like are not bought for their cores. */
const isPlain = ({ allocatable, taints }: NodeOption, mostCpu: number): boolean =>
  allocatable.cpu > 0 &&
  allocatable.cpu <= mostCpu &&
  taints.every(({ effect }) => effect === 'PreferNoSchedule') &&
  Object.values(allocatable.extended).every((amount) => amount === 0)

const cheapestCoresFirst = (options: readonly NodeOption[]): NodeOption[] =>
  [...options].sort((a, b) => perCore(a) - perCore(b))

const perCore = ({ price, allocatable }: NodeOption): number => price.rate / allocatable.cpu
