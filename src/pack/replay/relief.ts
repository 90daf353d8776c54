import type { Architecture, CapacityType } from '../../domain/offering.js'
import type { NodeOption } from '../../domain/plan.js'
import { machineOf, type Slot } from '../draft.js'
import { byText } from '../order.js'
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
  const nodes = slotsOf(fleet)
  const all = cpuOf(nodes)
  const today = groups.flatMap(({ choices }) => choices[0]?.slots ?? [])
  const mostOnSpot = Math.max(spotShare(today), spotShare(nodes))
  const bought = share * all
  const onSpot = mostOnSpot * (all + bought) - cpuOf(nodes.filter(isSpot))
  const options = groups.flatMap(({ machines }) => machines.flat()).filter((option) => isPlain(option, LARGEST * all))
  const architectures = [...new Set(nodes.flatMap((slot) => architectureOf(slot) ?? []))].sort(byText)
  const added = architectures.flatMap((architecture) => {
    const cheapest = (capacityType: CapacityType): NodeOption | undefined =>
      cheapestCore(options.filter((one) => one.architecture === architecture && one.capacityType === capacityType))
    const cpu = share * cpuOf(nodes.filter((slot) => architectureOf(slot) === architecture))
    const [spot, onDemand] = [cheapest('spot'), cheapest('on-demand')]
    const copies =
      spot === undefined ? 0 : Math.floor((Math.min(1, onSpot / bought) * cpu) / spot.allocatable.cpu + ROUNDING)
    const left = cpu - copies * (spot?.allocatable.cpu ?? 0)
    return [
      ...copiesOf(spot, copies),
      ...copiesOf(onDemand, onDemand === undefined ? 0 : Math.ceil(left / onDemand.allocatable.cpu - ROUNDING)),
    ]
  })
  return fleetOf(fleet.chosen, [...fleet.added, ...added.map((option) => shop.nextSlot(option))], fleet.places)
}

const cpuOf = (slots: readonly Slot[]): number => slots.reduce((total, { site }) => total + site.allocatable.cpu, 0)

const isSpot = (slot: Slot): boolean => machineOf(slot).capacityType === 'spot'

const spotShare = (slots: readonly Slot[]): number => cpuOf(slots.filter(isSpot)) / Math.max(1, cpuOf(slots))

const architectureOf = (slot: Slot): Architecture | undefined => machineOf(slot).architecture

/** GPUs and the like are not bought for their cores. */
const isPlain = ({ allocatable, taints }: NodeOption, mostCpu: number): boolean =>
  allocatable.cpu > 0 &&
  allocatable.cpu <= mostCpu &&
  taints.every(({ effect }) => effect === 'PreferNoSchedule') &&
  Object.values(allocatable.extended).every((amount) => amount === 0)

const cheapestCore = (options: readonly NodeOption[]): NodeOption | undefined =>
  options.reduce<NodeOption | undefined>(
    (best, one) => (best === undefined || perCore(one) < perCore(best) ? one : best),
    undefined,
  )

const perCore = ({ price, allocatable }: NodeOption): number => price.rate / allocatable.cpu

const copiesOf = (option: NodeOption | undefined, copies: number): NodeOption[] =>
  option === undefined ? [] : Array.from({ length: Math.max(0, copies) }, () => option)
