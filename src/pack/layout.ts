import type { Pod } from '../domain/pod.js'
import { machineOf, type Draft, type Slot } from './draft.js'

/** Where everything of one group is, ready to be put on the board again. */
export type Layout = {
  readonly nodes: readonly { readonly slot: Slot; readonly pods: readonly Pod[] }[]
  /** Micro-dollars per hour of the nodes with a price; those without are the same in every layout of a group. */
  readonly rate: number
  /** Pods that run now and would be on another node. */
  readonly moves: number
  /** Nodes of it that are on spot. */
  readonly spotNodes: number
  /** Nodes that carry more than a guard rail of the user allows. */
  readonly breaches: number
  /** How it was found, for notes: `keep`, `drain`, or the shapes that it was built from. */
  readonly method: string
}

export function capture(draft: Draft, slots: readonly Slot[], method: string): Layout {
  let rate = 0
  let moves = 0
  let spotNodes = 0
  let breaches = 0
  const nodes = slots.map((slot) => {
    rate += slot.rate ?? 0
    if (machineOf(slot).capacityType === 'spot') spotNodes += 1
    if (draft.breaksLimits(slot)) breaches += 1
    for (const pod of slot.pods) if (pod.nodeName !== '' && pod.nodeName !== slot.site.name) moves += 1
    return { slot, pods: [...slot.pods] }
  })
  return { nodes, rate, moves, spotNodes, breaches, method }
}

/** What breaks a guard rail is there only for want of better. Of equals, the one with fewer moves comes first. */
export function fewestBreaches(layouts: readonly Layout[]): Layout[] {
  const least = layouts.reduce((fewest, { breaches }) => Math.min(fewest, breaches), Infinity)
  return layouts.filter(({ breaches }) => breaches === least).sort((a, b) => a.rate - b.rate || a.moves - b.moves)
}

/** The one that was picked, then those that are as good by what it was picked for, then the others; each in their order. */
export function pickedFirst(
  layouts: readonly Layout[],
  pick: number,
  isAsGood: (layout: Layout, picked: Layout) => boolean,
): Layout[] {
  const picked = layouts[pick]!
  const others = layouts.filter((layout) => layout !== picked)
  const asGood = others.filter((layout) => isAsGood(layout, picked))
  return [picked, ...asGood, ...others.filter((layout) => !asGood.includes(layout))]
}

/** Takes a group off the board: its pods, then its nodes. */
export function clear(draft: Draft, slots: Iterable<Slot>): void {
  for (const slot of slots) {
    for (const pod of [...slot.pods]) draft.take(pod)
    draft.close(slot)
  }
}

/**
 * Puts a layout on the board. With `check`, each pod must be taken by the rules as things stand now (another group may
 * have changed since the layout was made). Returns those that were not; they are nowhere.
 */
export function lay(draft: Draft, layout: Pick<Layout, 'nodes'>, check: boolean): Pod[] {
  for (const { slot } of layout.nodes) draft.open(slot)
  let waiting = layout.nodes.flatMap(({ slot, pods }) => pods.map((pod) => ({ slot, pod })))
  // Pods that stay need no leave; the others may have to wait for a pod that they want to be near.
  const stays = ({ slot, pod }: { slot: Slot; pod: Pod }): boolean => !check || pod.nodeName === slot.site.name
  for (const one of waiting.filter(stays)) draft.put(one.pod, one.slot)
  waiting = waiting.filter((one) => !stays(one))
  while (waiting.length > 0) {
    const next = waiting.filter(({ slot, pod }) => {
      if (!draft.takes(slot, pod)) return true
      draft.put(pod, slot)
      return false
    })
    if (next.length === waiting.length) break
    waiting = next
  }
  return waiting.map(({ pod }) => pod)
}

/**
 * Pods that the rules would no longer let where they are. Rules between pods are checked when a pod is placed, not when
 * another leaves; a plan must hold in its final state as well.
 */
export function misplaced(draft: Draft, among: Iterable<Pod> = draft.places.keys()): Pod[] {
  const found: Pod[] = []
  for (const pod of among) {
    const slot = draft.places.get(pod)
    const index = slot?.index
    if (slot === undefined || index === undefined || !draft.board.hasTopologyRules(draft.board.classKey(pod))) continue
    const as = pod.nodeName === slot.site.name ? 'held' : 'needed'
    draft.board.remove(pod, index)
    if (!draft.board.fits(pod, index)) found.push(pod)
    draft.board.place(pod, index, as)
  }
  return found
}
