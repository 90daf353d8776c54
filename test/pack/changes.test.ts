import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CapacityPolicy, Change } from '../../src/domain/goal.js'
import type { Pod } from '../../src/domain/pod.js'
import { sum } from '../../src/domain/resources.js'
import { newSlot, type Slot } from '../../src/pack/draft.js'
import { bigFirst } from '../../src/pack/replay/big-first.js'
import { JUDGES } from '../../src/pack/replay/repair.js'
import { ReplayScheduler } from '../../src/pack/replay/replay.js'
import { namespaces } from './arbitrary.js'
import { makeOption, nodeOf, packed } from './make-problem.js'
import { makePod, resources } from './make.js'

const AS_IS: CapacityPolicy = { kind: 'as-is' }
const pod = (name: string, cpu: number, memory = 1, more: Parameters<typeof makePod>[1] = {}): Pod =>
  makePod(name, { needed: resources(cpu, memory), ...more })

describe('big pods first', () => {
  it('gives the pods from a half of the largest one the highest class, from a quarter the next', () => {
    const pods = [pod('a', 800), pod('b', 400), pod('c', 399), pod('d', 1, 800), pod('e', 1, 200), pod('f', 5)]
    const { priorityOf, classes } = bigFirst(pods, resources(10_000, 10_000))
    const order = [...pods].sort((one, other) => priorityOf(other) - priorityOf(one)).map(({ name }) => name)
    expect(order).toEqual(['a', 'b', 'd', 'c', 'e', 'f'])
    expect(new Set(pods.map(priorityOf)).size).toBe(3)
    expect(priorityOf(pods[5]!)).toBe(0)
    const { memory } = resources(0, 800)
    expect(classes).toEqual([
      { cpu: 400, memory: memory / 2, workloads: 3 },
      { cpu: 200, memory: memory / 4, workloads: 2 },
    ])
  })

  it('leaves the priority of system pods, and of those that have a higher one', () => {
    const system = pod('system', 800, 1, { priority: 2_000_001_000 })
    expect(bigFirst([system, pod('b', 10)], resources(1000, 1000)).priorityOf(system)).toBe(2_000_001_000)
  })

  it('finds a plan on the nodes that only the order keeps from working', () => {
    const small = makeOption('small', 2000, 20)
    const large = makeOption('large', 8000, 80)
    const nodes = [
      nodeOf(small, 'n0', [pod('big', 2000)]),
      ...[1, 2].map((at) =>
        nodeOf(
          small,
          `n${at}`,
          [1, 2, 3, 4].map((index) => pod(`p${at}${index}`, 500)),
        ),
      ),
    ]
    const found = packed({ nodes, options: [small, large] })
      .planner()
      .rebuildable(AS_IS)!
    expect(found.proven?.plan.cost.rate).toBe(80)
    const { proven, packedUnplaced, classes } = found.changed({ bigFirst: true })!
    expect(proven?.plan.cost.rate).toBe(60)
    expect(proven?.replay()).toEqual({ unplaced: 0, realised: proven?.plan })
    expect({ packedUnplaced, classes: classes.length }).toEqual({ packedUnplaced: 0, classes: 2 })
  })
})

describe('own pools', () => {
  /** A pod that takes most of the only node that it may go to, which small pods of the other group may go to as well. */
  const shared = (others: number) => {
    const labels = { pool: 'big' }
    const big = [4000, 8000].map((cpu) => {
      const option = makeOption(`big-${cpu}`, cpu, cpu / 100, { group: 'big' })
      return { ...option, labels: { ...option.labels, ...labels } }
    })
    const small = makeOption('small', 2000, 20, { group: 'rest' })
    const nodes = [
      nodeOf(big[0]!, 'n0', [pod('big', 3500, 1, { spec: { nodeSelector: labels } })]),
      ...Array.from({ length: others }, (_, at) =>
        nodeOf(
          small,
          `n${at + 1}`,
          Array.from({ length: 8 }, (__, index) => pod(`p${at}${index}`, 250)),
        ),
      ),
    ]
    return packed({ nodes, options: [...big, small] })
      .planner()
      .rebuildable(AS_IS)!
  }

  it('keep other pods out of the groups that would cost more than today for their sake', () => {
    const found = shared(1)
    expect(found.proven?.plan.cost.rate).toBeGreaterThan(60)
    const { proven, pools } = found.changed({ ownPools: 'grown' })!
    expect(pools).toEqual(['big'])
    expect(proven?.plan.cost.rate).toBe(60)
    expect(found.changed({ ownPools: 'all' })).toMatchObject({
      pools: ['big', 'rest'],
      proven: { plan: { cost: { rate: 60 } } },
    })
    expect(found.changed({ bigFirst: true })?.pools).toEqual([])
  })

  it('are not asked for where no group would cost more', () => {
    const found = shared(0)
    expect(found.proven?.plan.cost.rate).toBe(40)
    expect(found.changed({ ownPools: 'grown' })).toBeUndefined()
  })
})

describe('the scheduler under other conditions', () => {
  const slot = (name: string, group: string, cpu: number): Slot => newSlot(makeOption('t', cpu, 1, { group }), name)

  it('keeps pods on the nodes of their own pool, and others off them', () => {
    const pods = [pod('a1', 600), pod('a2', 600), pod('b1', 600), pod('b2', 600)]
    const slots = [slot('n0', 'a', 2000), slot('n1', 'b', 1000)]
    const groups = new Set(['a', 'b'])
    const ofPod = ({ name }: Pod): string => name.charAt(0)
    const ofNode = ({ origin }: Slot): string | undefined => (origin.kind === 'new' ? origin.option.group : undefined)
    const left = (of: ReadonlySet<string>): string[] =>
      new ReplayScheduler({ namespaces, pods }, pods, () => false, 0, { pools: { groups: of, ofPod, ofNode } })
        .leftOver(slots, 1)
        .map(({ name }) => name.charAt(0))
    expect(left(groups)).toEqual(['b'])
    expect(left(new Set(['b']))).toEqual(['b'])
    expect(left(new Set())).toHaveLength(0)
  })

  it('fills the fullest node first with MostAllocated', () => {
    const pods = [...Array.from({ length: 4 }, (_, index) => pod(`p${index}`, 500, 1000)), pod('big', 2000, 4000)]
    const slots = [slot('n0', 'g', 2000), slot('n1', 'g', 2000)]
    const inOrder = (packs: boolean): number => {
      const scheduler = new ReplayScheduler({ namespaces, pods }, pods, () => false, 0, { packs })
      scheduler.prioritise(({ name }) => (name === 'big' ? 0 : 1))
      return scheduler.leftOver(slots, 1).length
    }
    expect(inOrder(false)).toBe(1)
    expect(inOrder(true)).toBe(0)
  })
})

describe('on random clusters', () => {
  const anyChange: fc.Arbitrary<Change> = fc.record(
    {
      bigFirst: fc.boolean(),
      ownPools: fc.constantFrom('all', 'grown'),
      mostAllocated: fc.boolean(),
    },
    { requiredKeys: ['bigFirst', 'mostAllocated'] },
  )
  const anyInput = fc.record({
    groups: fc.array(
      fc.array(fc.tuple(fc.integer({ min: 50, max: 1500 }), fc.integer({ min: 50, max: 3000 })), {
        minLength: 1,
        maxLength: 8,
      }),
      { minLength: 1, maxLength: 3 },
    ),
    change: anyChange,
  })

  it('what is found is filled in every order under the change, and costs no less than the bound', () => {
    let found = 0
    fc.assert(
      fc.property(anyInput, ({ groups, change }) => {
        const parts = groups.map((sizes, index) => {
          const options = [1, 2, 4].map((factor) =>
            makeOption(`t${factor}`, 2000 * factor, 20 * factor, { group: `g${index}`, memoryMib: 4000 * factor }),
          )
          const nodes = sizes.map(([cpu, memory], at) =>
            nodeOf(options[0]!, `n${index}-${at}`, [pod(`p${index}-${at}`, cpu, memory)]),
          )
          return { options, nodes }
        })
        const nodes = parts.flatMap((part) => part.nodes)
        const all = packed({ nodes, options: parts.flatMap(({ options }) => options) })
        const changed = all.planner().rebuildable(AS_IS)?.changed(change)
        const proven = changed?.proven
        if (changed === undefined || proven === undefined) return
        found += 1
        const { plan, bound } = proven
        expect(plan.cost.rate).toBeGreaterThanOrEqual(bound.rate)
        expect(plan.unplaced).toEqual([])
        const pods = nodes.flatMap((node) => node.pods)
        const options = new Map(parts.flatMap((part) => part.options).map((option) => [option.id, option]))
        const groupOf = new Map(nodes.map(({ name, group }) => [name, group]))
        const slots = plan.nodes.map(({ name, group, instanceType, zone, capacityType }) =>
          newSlot(options.get(`${group}/${instanceType}/${zone}/${capacityType}`)!, name),
        )
        const pools = {
          groups: new Set(changed.pools),
          ofPod: ({ nodeName }: Pod) => groupOf.get(nodeName),
          ofNode: ({ origin }: Slot) => (origin.kind === 'new' ? origin.option.group : undefined),
        }
        const scheduler = new ReplayScheduler({ namespaces, pods }, pods, () => false, 0, {
          packs: change.mostAllocated === true,
          ...(change.ownPools === undefined ? {} : { pools }),
        })
        if (change.bigFirst === true)
          scheduler.prioritise(bigFirst(pods, sum(nodes.map(({ allocatable }) => allocatable))).priorityOf)
        for (const seed of JUDGES) expect(scheduler.leftOver(slots, seed)).toEqual([])
      }),
      { numRuns: 40 },
    )
    expect(found).toBeGreaterThan(20)
  })
})
