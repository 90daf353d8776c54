import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import type { Question } from '../../src/pack/bins/bin-question.js'
import { layOut } from '../../src/pack/bins/blueprint.js'
import { createBoard } from '../../src/pack/board/board.js'
import { ColumnPlans, type ColumnPlan } from '../../src/pack/bins/column-plans.js'
import { Draft, liveSlot, newSlot, nodeLimits, type Slot } from '../../src/pack/draft.js'
import { Machines } from '../../src/pack/machines.js'
import { Rivals } from '../../src/pack/bins/rivals.js'
import { volumeCounts } from '../../src/pack/board/volume-counts.js'
import { replan, type Materials } from '../../src/pack/replan.js'
import type { Limits, PackGroup } from '../../src/pack/problem.js'
import {
  anyInput,
  HOST,
  makeOption,
  nodeOf,
  NO_LIMITS,
  packed,
  partsOf,
  ZONE,
  type ClusterParts,
  type Packed,
} from './make-problem.js'
import { makePod, resources, type PodParts } from './make.js'

const pod = (name: string, cpu: number, parts: PodParts = {}): Pod =>
  makePod(name, { needed: resources(cpu, 10), ...parts })
const pods = (count: number, name: string, cpu: number, parts: PodParts = {}): Pod[] =>
  Array.from({ length: count }, (_, index) => pod(`${name}${index}`, cpu, parts))
const ids = ({ pods: all }: Slot): string[] => [...all].map(({ name }) => name).sort()

/** Today's nodes on a board, a group's packing, and what a group may be rebuilt from. */
function workshop(all: Packed) {
  const { problem, context } = all.state
  const board = createBoard(context)
  const draft = new Draft(board, problem)
  const machines = new Machines(problem, (one) => board.classKey(one))
  const groups = problem.groups.map((group) => ({ group, slots: group.live.map(liveSlot) }))
  for (const { slots } of groups) for (const slot of slots) draft.open(slot)
  for (const { slots } of groups)
    for (const slot of slots)
      if (slot.origin.kind === 'live') for (const one of slot.origin.live.pods) draft.put(one, slot)
  const packing = (group: PackGroup): ColumnPlan => {
    const { options, that } = machines.on(group, undefined)
    const { suits, interests } = problem
    const question: Question = {
      group,
      options,
      machinesFor: that,
      suits,
      interests,
      rails: nodeLimits(problem),
      rivals: new Rivals(problem, board, []),
      volumesOf: volumeCounts(problem),
      mayKeep: () => true,
      podKind: (one) => machines.kindOf(one),
      placementKey: (one) => draft.board.placementKey(one),
    }
    return new ColumnPlans().of(question, 'everything')
  }
  const mayGo = ({ origin }: Slot): boolean =>
    origin.kind === 'live' && origin.live.mustStay === undefined && origin.live.pinned.size === 0
  let bought = 0
  const materials = (group: PackGroup, slots: readonly Slot[]): Materials => {
    const { options, that } = machines.on(group, undefined)
    return {
      reusable: slots.filter(mayGo),
      fixed: slots.filter((slot) => !mayGo(slot)),
      options,
      machinesFor: that,
      shapes: new Set(),
      wantsSpot: () => true,
      suits: problem.suits,
      nextName: () => `new-${(bought += 1)}`,
    }
  }
  return { draft, groups, packing, materials }
}

/** The packing of the only group laid out on a board from which all of its nodes are taken. */
function laidOut(parts: ClusterParts) {
  const { draft, groups, packing } = workshop(packed(parts))
  const { group, slots } = groups[0]!
  const plan = packing(group)
  const homeless = new Set(slots.flatMap((slot) => [...slot.pods]))
  for (const one of homeless) draft.take(one)
  for (const slot of slots) draft.close(slot)
  let names = 0
  const asked: NodeOption[] = []
  const opened = layOut(draft, plan, homeless, group.options, {
    live: () => undefined,
    next: (option) => {
      asked.push(option)
      return newSlot(option, `new-${(names += 1)}`)
    },
  })
  return { draft, opened, asked, plan, homeless }
}
const shown = (slots: readonly Slot[]) =>
  slots.map((slot) => [slot.origin.kind === 'new' ? slot.origin.option.id : slot.site.name, ids(slot).join(' ')])

const small = makeOption('small', 2000, 20)
const large = makeOption('large', 4000, 41)

describe('a packing that is laid out', () => {
  it('is nodes with their pods, the dearest first', () => {
    const huge = makeOption('huge', 64_000, 900)
    const { opened, homeless, draft } = laidOut({
      nodes: [nodeOf(huge, 'n0', [...pods(2, 'a', 1900), pod('b', 3500), pod('c', 400)])],
      options: [huge, small, large],
    })
    expect(shown(opened)).toEqual([
      ['group/large/a/on-demand', 'b c'],
      ['group/small/a/on-demand', 'a0'],
      ['group/small/a/on-demand', 'a1'],
    ])
    expect([...homeless].every((one) => draft.places.get(one) !== undefined)).toBe(true)
  })

  it('takes machines that are alike from the zones in turn', () => {
    const zones = ['a', 'b', 'c'].map((zone) => makeOption('small', 2000, 20, { zone }))
    const { opened } = laidOut({
      nodes: [nodeOf(makeOption('huge', 64_000, 900), 'n0', pods(6, 'p', 1500))],
      options: [makeOption('huge', 64_000, 900), ...zones],
    })
    expect(opened.map(({ site }) => site.labels[ZONE])).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
  })

  it('leaves for later what rules between pods refuse, and closes nodes that nobody goes to', () => {
    const labels = { app: 'x' }
    const term = { topologyKey: ZONE, labelSelector: { matchLabels: labels } }
    const spec = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }
    const huge = makeOption('huge', 64_000, 900)
    const { draft, opened, asked, homeless } = laidOut({
      nodes: [nodeOf(huge, 'n0', pods(3, 'p', 1500, { labels, spec }))],
      options: [huge, small],
    })
    expect(asked).toHaveLength(3)
    expect(opened.map(ids)).toEqual([['p0']])
    expect(opened.every(({ index }) => index !== undefined)).toBe(true)
    expect([...homeless].filter((one) => draft.places.get(one) !== undefined)).toHaveLength(1)
  })

  it('places none but the homeless', () => {
    const { draft, groups, packing } = workshop(
      packed({
        nodes: [nodeOf(large, 'n0', pods(2, 'a', 1000)), nodeOf(large, 'n1', pods(2, 'b', 1000))],
        options: [large],
      }),
    )
    const { group, slots } = groups[0]!
    const plan = packing(group)
    const [, second] = slots
    const homeless = new Set(second!.pods)
    for (const one of homeless) draft.take(one)
    draft.close(second!)
    const opened = layOut(draft, plan, homeless, group.options, {
      live: () => undefined,
      next: (option) => newSlot(option, 'new'),
    })
    expect(opened.map(ids)).toEqual([['b0', 'b1']])
    expect(ids(slots[0]!)).toEqual(['a0', 'a1'])
  })

  it('keeps the guard rails of the user', () => {
    const limits: Partial<Limits>[] = [
      { headroom: 0.3 },
      { maxNodeShare: 0.3 },
      { maxZoneShare: 0.5 },
      { maxNodeReplicaShare: 0.25 },
      { maxZoneReplicaShare: 0.5 },
    ]
    const zones = ['a', 'b'].map((zone) => makeOption('m', 4000, 40, { memoryMib: 4000, zone }))
    const nodes = [0, 1, 2, 3].map((at) =>
      nodeOf(zones[at % 2]!, `n${at}`, pods(2, `p${at}`, 900, { workload: 'default/Deployment/web' })),
    )
    const counts = limits.map((each) => {
      const { opened, draft } = laidOut({ nodes, options: zones, facts: { limits: { ...NO_LIMITS, ...each } } })
      expect(opened.filter((slot) => draft.breaksLimits(slot))).toEqual([])
      return opened.map(({ pods: here }) => here.size)
    })
    expect(laidOut({ nodes, options: zones }).opened.map(({ pods: here }) => here.size)).toEqual([4, 4])
    expect(counts).toEqual([
      [3, 3, 2],
      [2, 2, 2, 2],
      [4, 4],
      [2, 2],
      [4, 4],
    ])
  })
})

describe('a group that is rebuilt by it', () => {
  it('uses nodes of today under their own names, and buys the rest', () => {
    const huge = makeOption('huge', 64_000, 900)
    const { draft, groups, packing, materials } = workshop(
      packed({
        nodes: [nodeOf(small, 'n0', [pod('a', 1900)]), nodeOf(huge, 'n1', pods(2, 'b', 1900))],
        options: [small, huge],
      }),
    )
    const { group, slots } = groups[0]!
    const used = replan(draft, materials(group, slots), { packing: packing(group), anew: true }) ?? []
    expect(used.map(({ site }) => site.name).sort()).toEqual(['n0', 'new-1', 'new-2'])
    expect(used.map(ids)).toEqual([['a'], ['b0'], ['b1']])
  })

  it('puts nothing on a closed node', () => {
    const closed = { closed: 'cordoned', unschedulable: true }
    const { draft, groups, packing, materials } = workshop(
      packed({
        nodes: [nodeOf(small, 'n0', [pod('a', 500)], closed), nodeOf(small, 'n1', [pod('b', 500)])],
        options: [small],
      }),
    )
    const { group, slots } = groups[0]!
    const used = replan(draft, materials(group, slots), { packing: packing(group), anew: true }) ?? []
    expect(used.map((slot) => [slot.site.name, ids(slot)])).toEqual([['n1', ['a', 'b']]])
  })

  it('counts a pod that comes back to its node as it is held there', () => {
    const held = (milliCpu: number) => resources(milliCpu, 10)
    const nodes = [
      nodeOf(large, 'n0', [makePod('z', { needed: held(2000), held: held(4000) })]),
      nodeOf(large, 'n1', [pod('a', 2000)]),
    ]
    const { draft, groups, packing, materials } = workshop(packed({ nodes, options: [large] }))
    const { group, slots } = groups[0]!
    const used = replan(draft, materials(group, slots), { packing: packing(group), anew: true }) ?? []
    expect(used.flatMap(ids).sort()).toEqual(['a', 'z'])
    expect(used.filter(({ index }) => draft.board.free(index!).cpu < 0)).toEqual([])
  })

  it('obeys every rule, whatever the cluster, has no empty node of its own, and ignores the order of the input', () => {
    let byPacking = 0
    fc.assert(
      fc.property(
        anyInput,
        fc.constantFrom(0, 0.2),
        fc.constantFrom(undefined, 0.4),
        fc.boolean(),
        (input, headroom, maxNodeShare, anew) => {
          const parts = { ...partsOf(input), facts: { limits: { ...NO_LIMITS, headroom, maxNodeShare } } }
          const rebuild = (given: ClusterParts) => {
            const { draft, groups, packing, materials } = workshop(packed(given))
            return groups.map(({ group, slots }) => {
              const from = materials(
                group,
                [...slots].sort((a, b) => (a.site.name < b.site.name ? -1 : 1)),
              )
              const running = new Set(slots.flatMap((slot) => [...slot.pods]))
              const mark = draft.mark()
              const used = replan(draft, from, { packing: packing(group), anew })
              if (used === undefined) {
                draft.rollback(mark)
                return undefined
              }
              byPacking += 1
              const names = used.map(({ site }) => site.name)
              expect(new Set(names).size).toBe(names.length)
              const placed = used.flatMap((slot) => [...slot.pods])
              expect(new Set(placed)).toEqual(running)
              expect(placed).toHaveLength(running.size)
              for (const slot of used) {
                expect(slot.index).toBeDefined()
                expect(slot.site.labels[HOST]).toBe(slot.site.name)
                if (!from.fixed.includes(slot)) expect(slot.pods.size).toBeGreaterThan(0)
                expect(draft.breaksLimits(slot)).toBe(false)
                // What a node that stays has too much of, it has today.
                const { cpu, memory, pods: slotsLeft } = draft.board.free(slot.index!)
                if (!from.fixed.includes(slot)) expect(Math.min(cpu, memory, slotsLeft)).toBeGreaterThanOrEqual(0)
                for (const one of slot.pods) expect(draft.board.staticallyFits(one, slot.index!)).toBe(true)
              }
              return shown(used).map(String).sort()
            })
          }
          const turned = {
            ...parts,
            nodes: parts.nodes.toReversed().map((node) => ({ ...node, pods: node.pods.toReversed() })),
            options: parts.options.toReversed(),
          }
          expect(rebuild(turned)).toEqual(rebuild(parts))
        },
      ),
      { numRuns: 60 },
    )
    expect(byPacking).toBeGreaterThan(30)
  })
})
