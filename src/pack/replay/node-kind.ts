import type { Slot } from '../draft.js'
import { byText } from '../order.js'

/** By what nodes are, not by their names: a plan that gives its nodes other names is filled in the same way. */
export const inOrder = (slots: readonly Slot[]): Slot[] => [...slots].sort((a, b) => byText(kindOf(a), kindOf(b)))

const kinds = new WeakMap<Slot, string>()

/** Equal for nodes that are alike to the scheduler but for their names. */
export function kindOf(slot: Slot): string {
  const known = kinds.get(slot)
  if (known !== undefined) return known
  const { allocatable, labels } = slot.site
  const others = Object.entries(labels).filter(([key]) => key !== 'kubernetes.io/hostname')
  const sizes = [allocatable.cpu, allocatable.memory, allocatable.pods]
  const kind = JSON.stringify([
    ...sizes.map((size) => String(size).padStart(16, '0')),
    slot.residents.length,
    others.sort(byPair),
  ])
  kinds.set(slot, kind)
  return kind
}

const byPair = ([a]: readonly [string, string], [b]: readonly [string, string]): number => byText(a, b)
