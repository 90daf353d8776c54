import { makeChance, type Chance } from './chance.js'
import { makeDraft, type Draft } from './draft.js'
import type { Filler, Filling } from './filler.js'
import { habitsFor, packGreedily } from './greedy.js'
import type { Packing } from './packing.js'
import { joined } from './rebuild.js'

/** Bins that are emptied at a time: at least, and at most. */
const FEWEST = 2
const MOST = 4
/** How far the values are disturbed, and how much more large items are worth. */
const NOISES = [0.02, 0.1, 0.4, 1]
const LARGES = [0, 0.1, 0.3, 1]

/** As much as gets into just these bins, `tries` refits after what the best habit packs into them. */
export function packInto(
  packing: Packing,
  filler: Filler,
  value: Float64Array,
  bins: Float64Array,
  tries: number,
): Draft {
  const drafts: Draft[] = []
  for (const habit of habitsFor(packing.classes)) {
    const rest = { demand: packing.demand.slice(), limit: bins.slice() }
    const draft = makeDraft(packing, packGreedily(packing, filler, value, habit, rest), rest.demand)
    if (draft.leftOver === 0) return draft
    drafts.push(draft)
  }
  return refitBest(packing, filler, value, bins, drafts, tries)
}

/** The plan that leaves the least worth over, with as much more as gets into its bins. */
export function refitBest(
  packing: Packing,
  filler: Filler,
  value: Float64Array,
  bins: Float64Array,
  drafts: readonly Draft[],
  tries: number,
): Draft {
  const worthLeft = ({ left }: Draft): number => left.reduce((sum, n, c) => sum + n * (value[c]! + 1), 0)
  const best = drafts.reduce((least, draft) => (worthLeft(draft) < worthLeft(least) ? draft : least))
  const all = [...bins.keys()].flatMap((t) => Array<number>(bins[t]!).fill(t))
  return refit(packing, filler, value, all, best, tries, makeChance(all.length))
}

/**
 * More and more of the items into just these bins, given by their types: a few bins are emptied and filled again one after the
 * other, at disturbed values, with what was in them and what found no place, which is worth up to twice as much. What leaves
 * no more over stays, so that the search wanders over plans that are as good until it finds a better one. It ends after `tries`,
 * or when everything has a place. `start` must need no other bins.
 */
function refit(
  packing: Packing,
  filler: Filler,
  value: Float64Array,
  bins: readonly number[],
  start: Draft,
  tries: number,
  chance: Chance,
): Draft {
  const { resources, classes, share } = packing
  // What is worth nothing at these prices needs a place all the same.
  const worth = value.map((each) => each + 1)
  const worthOfAll = (demand: Int32Array): number => demand.reduce((sum, n, c) => sum + n * worth[c]!, 0)
  const bulk = Float64Array.from({ length: classes }, (_, c) => {
    let largest = 0
    for (let r = 0; r < resources; r++) largest = Math.max(largest, share[c * resources + r]!)
    return largest
  })
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(chance() * items.length)]!
  const inside = placed(bins, start)
  const asked = new Float64Array(classes)
  const active = new Int32Array(classes)
  let left = start.left
  let over = worthOfAll(left)
  for (let step = 0; step < tries && over > 0; step++) {
    const many = Math.min(bins.length, FEWEST + Math.floor(chance() * (MOST - FEWEST + 1)))
    const out = new Set<number>()
    while (out.size < many) out.add(Math.floor(chance() * bins.length))
    const demand = left.slice()
    for (const at of out) move(demand, inside[at], 1)
    const noise = pick(NOISES)
    const large = pick(LARGES)
    let length = 0
    for (let c = 0; c < classes; c++) {
      if (demand[c] === 0) continue
      active[length++] = c
      const disturbed = worth[c]! * (1 + noise * (chance() - 0.5)) * (1 + large * bulk[c]!)
      asked[c] = left[c]! > 0 ? disturbed * (1 + chance()) : disturbed
    }
    const fresh = [...out].map((at) => {
      const filling = filler.fill(bins[at]!, asked, active, length, demand)
      move(demand, filling, -1)
      return { at, filling }
    })
    const now = worthOfAll(demand)
    if (now > over) continue
    for (const { at, filling } of fresh) inside[at] = filling
    left = demand
    over = now
  }
  return makeDraft(packing, joined(inside.filter((filling) => filling !== undefined)), left)
}

/** The fillings of a plan, each in a bin of its type. */
function placed(bins: readonly number[], { entries }: Draft): (Filling | undefined)[] {
  const ofType = new Map<number, Filling[]>()
  for (const { filling, n } of entries)
    ofType.set(filling.type, [...(ofType.get(filling.type) ?? []), ...Array<Filling>(n).fill(filling)])
  return bins.map((t) => ofType.get(t)?.pop())
}

function move(demand: Int32Array, filling: Filling | undefined, sign: 1 | -1): void {
  for (const [k, c] of filling?.classes.entries() ?? []) demand[c] = demand[c]! + sign * filling!.counts[k]!
}
