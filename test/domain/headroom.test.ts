import { describe, expect, it } from 'vitest'
import { carries, headroomFaults, type Headroom } from '../../src/domain/headroom.js'
import { MEBIBYTE } from '../../src/domain/units.js'
import { resources } from '../pack/make.js'

const QUARTER: Headroom = { share: 0.25, demand: { cpu: 5000, memory: 8 * MEBIBYTE } }
const node = carries(resources(4000, 8), resources(500, 1), QUARTER)

describe('headroom of all nodes together', () => {
  it('is what their allocatable leaves once everything on them, DaemonSets too, is taken off', () => {
    expect(node).toEqual({ cpu: 2500, memory: 5 * MEBIBYTE })
    // Two nodes: 6,000 of 8,000 millicores are used, and 10 of 16 MiB.
    expect(headroomFaults([node, node], QUARTER)).toEqual([])
    const more: Headroom = { share: 0.25, demand: { cpu: 5001, memory: 11 * MEBIBYTE } }
    expect(headroomFaults([node, node], more)).toEqual([
      { kind: 'headroom', resource: 'cpu', excess: 1, demand: 5001 },
      { kind: 'headroom', resource: 'memory', excess: MEBIBYTE, demand: 11 * MEBIBYTE },
    ])
  })

  it('is less for a node that its own pods fill, and nothing where nothing is counted', () => {
    const full = carries(resources(1000, 8), resources(900, 1), QUARTER)
    expect(full.cpu).toBe(-150)
    expect(headroomFaults([node, node, full], QUARTER)).toMatchObject([{ resource: 'cpu', excess: 150 }])
    expect(headroomFaults([undefined], QUARTER)).toHaveLength(2)
  })
})
