import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SlotIndex, type Room } from '../../src/pack/board/slot-index.js'

const room = (cpu: number, memory: number, pods: number): Room => ({ cpu, memory, pods })

it('finds the first node with room for everything, from a place on', () => {
  const index = new SlotIndex()
  expect(index.next(0, room(0, 0, 0))).toBeUndefined()
  const places = [room(1, 9, 9), room(9, 1, 9), room(5, 5, 0), room(5, 5, 5), room(7, 7, 7)].map((free) =>
    index.add(free),
  )
  expect(places).toEqual([0, 1, 2, 3, 4])
  expect(index.next(0, room(5, 5, 1))).toBe(3)
  expect(index.next(4, room(5, 5, 1))).toBe(4)
  expect(index.next(0, room(8, 8, 1))).toBeUndefined()
  expect(index.next(5, room(0, 0, 0))).toBeUndefined()
  index.update(0, room(5, 5, 1))
  expect(index.next(0, room(5, 5, 1))).toBe(0)
})

it('lets a pod that asks for nothing of a resource onto a node that is over-committed in it', () => {
  const index = new SlotIndex()
  index.add(room(-1, 3, 1))
  index.add(room(3, -1, 1))
  expect(index.next(0, room(0, 1, 1))).toBe(0)
  expect(index.next(0, room(1, 0, 1))).toBe(1)
  expect(index.next(0, room(1, 1, 1))).toBeUndefined()
})

const amount = fc.integer({ min: -2, max: 4 })
const anyRoom = fc.record({ cpu: amount, memory: amount, pods: amount })
const need = fc.record({ cpu: fc.nat({ max: 4 }), memory: fc.nat({ max: 4 }), pods: fc.constantFrom(1, 1, 2) })
const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), free: anyRoom }),
  fc.record({ kind: fc.constant('update' as const), free: anyRoom, at: fc.nat() }),
  fc.record({ kind: fc.constant('ask' as const), need, from: fc.nat({ max: 30 }) }),
)
const many = <Value>(arbitrary: fc.Arbitrary<Value>, maxLength: number) =>
  fc.array(arbitrary, { maxLength, size: 'max' })

it('finds what a search one by one finds', () => {
  let found = 0
  fc.assert(
    fc.property(many(anyRoom, 20), many(step, 60), (start, steps) => {
      const index = new SlotIndex()
      const rooms: Room[] = []
      const add = (free: Room): void => {
        expect(index.add(free)).toBe(rooms.length)
        rooms.push(free)
      }
      const fits = (free: Room, { cpu, memory, pods }: Room): boolean =>
        (cpu === 0 || cpu <= free.cpu) && (memory === 0 || memory <= free.memory) && pods <= free.pods
      start.forEach(add)
      for (const one of steps) {
        if (one.kind === 'add') add(one.free)
        else if (one.kind === 'ask') {
          const expected = rooms.findIndex((free, place) => place >= one.from && fits(free, one.need))
          if (expected > 0) found += 1
          expect(index.next(one.from, one.need)).toBe(expected < 0 ? undefined : expected)
        } else if (rooms.length > 0) {
          const at = one.at % rooms.length
          rooms[at] = one.free
          index.update(at, one.free)
        }
      }
    }),
    { numRuns: 400 },
  )
  expect(found).toBeGreaterThan(400)
})
