import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bytes, milliCpu, podSlots } from '../../src/domain/units.js'
import { NodeTable } from '../../src/pack/replay/replay-nodes.js'
import { exactPoints, kindOf, rate } from '../../src/pack/replay/replay-points.js'
import { resources } from './make.js'

const MIB = 1024 * 1024
const size = (cpu: number, memory: number, pods: number) => ({
  ...resources(cpu, 0),
  cpu: milliCpu(cpu),
  memory: bytes(memory),
  pods: podSlots(pods),
})

const anyCpu = fc.oneof(fc.nat({ max: 4000 }), fc.constantFrom(0, 100, 250, 500, 1000, 2000))
const anyMemory = fc.oneof(
  fc.nat({ max: 8 * 1024 * MIB }),
  fc.nat({ max: 64 }).map((count) => count * 128 * MIB),
)
const anyPod = fc.record({
  needed: fc.tuple(anyCpu, anyMemory).map(([cpu, memory]) => size(cpu, memory, 1)),
  more: fc.record({ cpu: fc.nat({ max: 200 }), memory: fc.nat({ max: 400 }).map((count) => count * MIB) }),
})
const anyNode = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1, max: 64_000 }), fc.constantFrom(1000, 4000, 3920)),
    fc.oneof(
      fc.integer({ min: 1, max: 2 ** 42 }),
      fc.constantFrom(4, 16, 64).map((count) => count * 1024 * MIB),
    ),
    fc.nat({ max: 12 }),
  )
  .map(([cpu, memory, pods]) => size(cpu, memory, pods))
const anyChange = fc.record({ pod: fc.nat(), node: fc.nat(), takesOff: fc.boolean(), resets: fc.nat({ max: 20 }) })

it('points that are kept from one question to the next are those of the scheduler, worked out anew', () => {
  let asked = 0
  fc.assert(
    fc.property(
      fc.array(anyNode, { minLength: 1, maxLength: 5 }),
      fc.array(anyPod, { minLength: 1, maxLength: 4 }),
      fc.array(anyChange, { maxLength: 30 }),
      (nodes, pods, changes) => {
        const table = new NodeTable()
        nodes.forEach((node, row) => table.open(row, node))
        table.keep()
        const rows = Int32Array.from(nodes.keys())
        const kinds = pods.map(({ needed, more }) =>
          kindOf(needed, { cpu: needed.cpu + more.cpu, memory: needed.memory + more.memory }, undefined),
        )
        const free = nodes.map(({ cpu, memory, pods: slots }) => ({ cpu, memory, slots: slots as number }))
        let put: { readonly kind: number; readonly row: number }[] = []
        const change = (kind: number, row: number, by: 1 | -1): void => {
          const { needed } = pods[kind]!
          const { cpu, memory } = kinds[kind]!.scored
          table.add(row, cpu, memory, needed, by)
          const left = free[row]!
          free[row] = {
            cpu: milliCpu(left.cpu - by * needed.cpu),
            memory: bytes(left.memory - by * needed.memory),
            slots: left.slots - by,
          }
        }
        for (const { pod, node, takesOff, resets } of changes) {
          const last = put.at(-1)
          if (resets === 0) {
            table.reset()
            nodes.forEach(({ cpu, memory, pods: slots }, row) => (free[row] = { cpu, memory, slots }))
            put = []
          } else if (takesOff && last !== undefined) {
            change(last.kind, last.row, -1)
            put = put.slice(0, -1)
          } else {
            const one = { kind: pod % pods.length, row: node % nodes.length }
            change(one.kind, one.row, 1)
            put = [...put, one]
          }
          const kind = kinds[pod % kinds.length]!
          rate(kind, table, rows)
          for (const row of rows) {
            const left = free[row]!
            const { cpu, memory, pods: slots } = kind.needed
            const lacks = (cpu > 0 && cpu > left.cpu) || (memory > 0 && memory > left.memory) || slots > left.slots
            expect(kind.points[row]).toBe(lacks ? -1 : exactPoints(kind, table, row))
            if (!lacks) asked += 1
          }
        }
      },
    ),
    { numRuns: 300 },
  )
  expect(asked).toBeGreaterThan(500)
})

it('what a node lacks beside CPU, memory and slots is looked at where the node has changed', () => {
  const table = new NodeTable()
  for (const row of [0, 1]) table.open(row, size(4000, 1024 * MIB, 10))
  const lacking = new Set([1])
  const asked: number[] = []
  const kind = kindOf(size(100, MIB, 1), { cpu: 100, memory: MIB }, (row) => asked.push(row) > 0 && !lacking.has(row))
  const rows = Int32Array.from([0, 1])
  rate(kind, table, rows)
  rate(kind, table, rows)
  expect(asked).toEqual([0, 1])
  expect(kind.points[1]).toBe(-1)
  lacking.clear()
  table.add(1, 0, 0, size(0, 0, 0), 1)
  rate(kind, table, rows)
  expect(asked).toEqual([0, 1, 1])
  expect(kind.points[1]).toBe(kind.points[0])
})
