import { isOnSpot } from '../../domain/offering.js'
import { machineOf, type Slot } from '../draft.js'
import type { Solution } from '../assembly.js'

export const isSpot = (slot: Slot): boolean => isOnSpot(machineOf(slot))

/** Allocatable CPU of the spot nodes ÷ allocatable CPU of all nodes. */
export function spotShare({ layouts }: Solution): number {
  let spot = 0
  let all = 0
  for (const { nodes } of layouts.values())
    for (const { slot } of nodes) {
      all += slot.site.allocatable.cpu
      if (isSpot(slot)) spot += slot.site.allocatable.cpu
    }
  return all === 0 ? 0 : spot / all
}
