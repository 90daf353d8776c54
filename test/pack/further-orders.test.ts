import { describe, expect, it } from 'vitest'
import type { Pod } from '../../src/domain/pod.js'
import { newSlot, type Slot } from '../../src/pack/draft.js'
import { furtherOrders } from '../../src/pack/replay/further-orders.js'
import { JUDGES } from '../../src/pack/replay/repair.js'
import { ReplayScheduler } from '../../src/pack/replay/replay.js'
import { namespaces } from './arbitrary.js'
import { makeOption } from './make-problem.js'
import { makePod, resources } from './make.js'

/** Two big pods have room on five nodes only if enough of the small ones come after them. */
const pods: readonly Pod[] = [3000, 3000, ...Array.from({ length: 20 }, () => 500)].map((cpu, index) =>
  makePod(`p${index}`, { needed: resources(cpu, 10) }),
)
const nodes = (count: number, cpu = 4000): Slot[] =>
  Array.from({ length: count }, (_, index) => newSlot(makeOption('t', cpu, 1, { memoryMib: 1000 }), `n${index}`))
const schedulerFor = (some: readonly Pod[]): ReplayScheduler =>
  new ReplayScheduler({ namespaces, pods: some }, some, () => false)

describe('orders that no search has seen', () => {
  it('are refilled one by one, and those that leave pods over counted', () => {
    const slots = nodes(5)
    const { orders, failing, unplaced } = furtherOrders(schedulerFor(pods), slots)
    expect(orders).toBe(200)
    expect(failing).toBeGreaterThan(0)
    expect(failing).toBeLessThan(orders)
    expect(unplaced).toBeGreaterThan(0)
    expect(unplaced).toBeLessThanOrEqual(2)
    expect(furtherOrders(schedulerFor(pods), slots)).toEqual({ orders, failing, unplaced })
    expect(furtherOrders(schedulerFor(pods), nodes(22))).toEqual({ orders, failing: 0, unplaced: 0 })
  })

  it('are none of those by which plans are made and judged', () => {
    const asked: number[] = []
    const leftOver: ReplayScheduler['leftOver'] = (_, seed) => {
      asked.push(seed)
      return []
    }
    furtherOrders({ cost: () => 1, leftOver }, nodes(1))
    expect(new Set(asked).size).toBe(200)
    // The search goes on counting where the judges end.
    expect(Math.min(...asked)).toBeGreaterThan(1000 * Math.max(...JUDGES))
  })

  it('are fewer where a refill is dear', () => {
    const leftOver = (): Pod[] => []
    expect(furtherOrders({ cost: () => 10_000_000, leftOver }, nodes(1)).orders).toBe(10)
    expect(furtherOrders({ cost: () => 1_000_000_000, leftOver }, nodes(1)).orders).toBe(1)
  })
})
