import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { sum } from '../../domain/resources.js'
import { newSlot, zoneOf } from '../draft.js'
import type { Layout } from '../layout.js'
import { mayGo } from '../layouts.js'
import type { Market } from '../machines.js'
import { byText } from '../order.js'
import { holds, room } from '../shapes.js'
import { isSpot } from './spot-share.js'

/** Layouts that one layout gives, by how many of its nodes they take off spot. */
const MOST_STEPS = 24

type LaidOut = Layout['nodes'][number]
type Change = { readonly at: number; readonly to: LaidOut; readonly extra: number }

/**
 * The layout with ever more of its spot nodes replaced by the cheapest other machine in the same zone that holds the same
 * pods, those first that cost least more for their CPU. `isWithin` says which of them are within the share by themselves:
 * the first such is among those that are given. Nobody has tried yet whether rules between pods allow them.
 */
export function offSpot(layout: Layout, { options, that }: Market, isWithin: (one: Layout) => boolean): Layout[] {
  const others = options.filter(({ capacityType }) => capacityType !== 'spot')
  const changes = layout.nodes
    .flatMap((node, at): Change[] => {
      const { slot, pods } = node
      const zone = zoneOf(slot)
      if (!isSpot(slot) || (slot.origin.kind === 'live' && !mayGo(slot)) || slot.rate === undefined) return []
      const need = sum(pods.map(({ needed }) => needed))
      const fits = (option: NodeOption): boolean =>
        option.zone === zone && holds(room(option), need) && pods.every((pod) => that(pod).includes(option))
      const option = others.find(fits)
      if (option === undefined) return []
      const to = { slot: newSlot(option, `${slot.site.name}-off-spot`), pods }
      return [{ at, to, extra: (to.slot.rate! - slot.rate) / slot.site.allocatable.cpu }]
    })
    .sort((a, b) => a.extra - b.extra || byText(a.to.slot.site.name, b.to.slot.site.name))
  const changed = (count: number): Layout => replaced(layout, changes.slice(0, count))
  let first = 0
  for (let high = changes.length + 1; first + 1 < high;) {
    const middle = (first + high) >> 1
    if (isWithin(changed(middle))) high = middle
    else first = middle
  }
  const steps = Math.min(MOST_STEPS, changes.length)
  const counts = Array.from({ length: steps }, (_, at) => Math.ceil(((at + 1) * changes.length) / steps))
  return [...new Set([...counts, first + 1])].filter((count) => count <= changes.length).map(changed)
}

function replaced(layout: Layout, changes: readonly Change[]): Layout {
  const nodes = [...layout.nodes]
  let { rate, moves } = layout
  for (const { at, to } of changes) {
    const { slot, pods } = nodes[at]!
    rate += to.slot.rate! - slot.rate!
    moves += pods.filter((pod: Pod) => pod.nodeName === slot.site.name).length
    nodes[at] = to
  }
  return { ...layout, nodes, rate, moves, spotNodes: layout.spotNodes - changes.length }
}
