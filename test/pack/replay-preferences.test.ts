import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pod } from '../../src/domain/pod.js'
import { newSlot, type Slot } from '../../src/pack/draft.js'
import { inOrder } from '../../src/pack/replay/node-kind.js'
import { ReplayBoard } from '../../src/pack/replay/replay-board.js'
import { generator } from '../../src/pack/replay/replay-queue.js'
import { namespaces, preferringSpec } from './arbitrary.js'
import { makeOption } from './make-problem.js'
import { makePod, resources } from './make.js'
import { NaiveBoard } from './naive-board.js'
import { naivePoints } from './naive-scores.js'

const PREFER = 'preferredDuringSchedulingIgnoredDuringExecution'
const REQUIRE = 'requiredDuringSchedulingIgnoredDuringExecution'

/** With room for everything; every pod is worth a few points there. */
const roomy = (name: string, labels: Record<string, string> = {}, taints: Slot['site']['taints'] = []): Slot => {
  const option = makeOption('t', 4000, 1)
  return newSlot({ ...option, labels: { ...option.labels, ...labels }, taints }, name)
}
const web = (name: string, parts: Parameters<typeof makePod>[1] = {}): Pod =>
  makePod(name, { labels: { app: 'web' }, needed: resources(100, 100), ...parts })
const toApp = (app: string, topologyKey = 'kubernetes.io/hostname') => ({
  labelSelector: { matchLabels: { app } },
  topologyKey,
})

/** Spread over racks, where that can be had. */
const anyway = (policy: Record<string, string> = {}) => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'rack',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { app: 'web' } },
      ...policy,
    },
  ],
})

/** Nodes on which the pods end up, one after the other. */
function placed(slots: readonly Slot[], pods: readonly Pod[]): string[] {
  const board = new ReplayBoard({ namespaces, pods })
  board.stand(slots, () => [])
  return pods.map((pod) => {
    const entry = board.entryOf(pod)
    const row = board.best(entry, () => 0)!
    board.put(entry, row)
    return slots[row]!.site.name
  })
}

describe('what pods prefer decides between nodes that are as good otherwise:', () => {
  it('preferred node affinity, by weight', () => {
    const slots = ['one', 'two', 'three'].map((rack) => roomy(rack, { rack }))
    const prefers = (...racks: readonly (readonly [string, number])[]) => ({
      affinity: {
        nodeAffinity: {
          [PREFER]: racks.map(([rack, weight]) => ({
            weight,
            preference: { matchExpressions: [{ key: 'rack', operator: 'In', values: [rack] }] },
          })),
        },
      },
    })
    for (const rack of ['one', 'two', 'three'])
      expect(placed(slots, [web('a', { spec: prefers([rack, 1]) })])).toEqual([rack])
    expect(placed(slots, [web('a', { spec: prefers(['one', 20], ['three', 30]) })])).toEqual(['three'])
  })

  it('taints with the effect PreferNoSchedule, unless they are tolerated', () => {
    const avoided = { key: 'dedicated', value: 'db', effect: 'PreferNoSchedule' }
    const slots = [roomy('one', { rack: 'a' }, [avoided]), roomy('two', { rack: 'b' })]
    expect(placed(slots, [web('a'), web('b')])).toEqual(['two', 'two'])
    const tolerations = [{ key: 'dedicated', operator: 'Exists' }]
    expect(placed(slots, [web('a'), web('b', { spec: { tolerations } })])).toEqual(['two', 'one'])
  })

  it('preferred affinity and anti-affinity, of the pod itself and of those that run', () => {
    const slots = ['one', 'two'].map((rack) => roomy(rack, { rack }))
    const near = { affinity: { podAffinity: { [PREFER]: [{ weight: 10, podAffinityTerm: toApp('db', 'rack') }] } } }
    const apart = {
      affinity: { podAntiAffinity: { [PREFER]: [{ weight: 10, podAffinityTerm: toApp('db', 'rack') }] } },
    }
    const db = makePod('db', { labels: { app: 'db' }, needed: resources(100, 100) })
    const [home] = placed(slots, [db])
    const other = home === 'one' ? 'two' : 'one'
    expect(placed(slots, [db, web('a', { spec: near })])).toEqual([home, home])
    expect(placed(slots, [db, web('a', { spec: apart })])).toEqual([home, other])
    const [first] = placed(slots, [web('a', { spec: near })])
    expect(placed(slots, [web('a', { spec: near }), db])).toEqual([first, first])
    expect(placed(slots, [web('a', { spec: apart }), db])).not.toEqual([first, first])
  })

  it('required affinity of pods that run draws those that it names', () => {
    const slots = ['one', 'two'].map((rack) => roomy(rack, { rack }))
    const needs = { affinity: { podAffinity: { [REQUIRE]: [toApp('web', 'rack')] } } }
    const [first, second] = placed(slots, [web('a', { spec: needs }), web('b')])
    expect(second).toBe(first)
    const [one, two] = placed(slots, [web('a'), web('b')])
    expect(two).not.toBe(one)
  })

  it('ScheduleAnyway constraints, against what is freer', () => {
    const spread = anyway()
    const slots = [roomy('one', { rack: 'a' }), roomy('two', { rack: 'a' }), roomy('three', { rack: 'b' })]
    const pods = ['a', 'b', 'c', 'd'].map((name) => web(name, { spec: spread }))
    const racks = placed(slots, pods).map((name) => (name === 'three' ? 'b' : 'a'))
    expect(racks.toSorted()).toEqual(['a', 'a', 'b', 'b'])
  })

  it.each([
    { policy: {}, rack: 'a' },
    { policy: { nodeAffinityPolicy: 'Ignore' }, rack: 'b' },
  ])(
    'ScheduleAnyway constraints count nodes that the pod may not go to only where told to: $policy',
    ({ policy, rack }) => {
      const slots = [
        roomy('one', { rack: 'a', mine: 'yes' }),
        roomy('two', { rack: 'b', mine: 'yes' }),
        roomy('three', { rack: 'a' }),
      ]
      const spread = { ...anyway(policy), nodeSelector: { mine: 'yes' } }
      const elsewhere = { matchExpressions: [{ key: 'mine', operator: 'DoesNotExist', values: [] }] }
      const away = { affinity: { nodeAffinity: { [REQUIRE]: { nodeSelectorTerms: [elsewhere] } } } }
      const taken = makePod('db', { needed: resources(200, 200), spec: { nodeSelector: { mine: 'yes', rack: 'b' } } })
      const names = placed(slots, [
        taken,
        web('a', { spec: away }),
        web('b', { spec: away }),
        web('c', { spec: spread }),
      ])
      expect(names.slice(1, 3)).toEqual(['three', 'three'])
      expect(slots.find(({ site }) => site.name === names[3])!.site.labels['rack']).toBe(rack)
    },
  )

  it.each([
    { policy: {}, rack: 'b' },
    { policy: { nodeTaintsPolicy: 'Honor' }, rack: 'a' },
  ])('ScheduleAnyway constraints count tainted nodes unless told not to: $policy', ({ policy, rack }) => {
    const slots = [
      roomy('one', { rack: 'a' }),
      roomy('two', { rack: 'b' }),
      roomy('three', { rack: 'a' }, [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }]),
    ]
    const there = { nodeSelector: { 'kubernetes.io/hostname': 'three' }, tolerations: [{ operator: 'Exists' }] }
    const taken = makePod('db', { needed: resources(200, 200), spec: { nodeSelector: { rack: 'b' } } })
    const names = placed(slots, [
      taken,
      web('a', { spec: there }),
      web('b', { spec: there }),
      web('c', { spec: anyway(policy) }),
    ])
    expect(slots.find(({ site }) => site.name === names[3])!.site.labels['rack']).toBe(rack)
  })
})

describe('on random pods and nodes', () => {
  const node = fc.record({
    cpu: fc.constantFrom(1000, 2000, 3000),
    memoryMib: fc.constantFrom(2000, 4000),
    zone: fc.constantFrom('a', 'b', 'c'),
    rack: fc.constantFrom('a', 'b', undefined),
    taint: fc.constantFrom(undefined, undefined, 'PreferNoSchedule', 'NoSchedule'),
  })
  const pod = fc.record({
    app: fc.constantFrom('x', 'x', 'y', 'z'),
    namespace: fc.constantFrom('default', 'default', 'other'),
    spec: preferringSpec,
    cpu: fc.integer({ min: 10, max: 300 }),
    memory: fc.integer({ min: 10, max: 300 }),
    terminating: fc.constantFrom(false, false, false, true),
  })

  it('every pod goes to a node that scores best, whatever it prefers', () => {
    let choices = 0
    fc.assert(
      fc.property(
        fc.array(node, { minLength: 2, maxLength: 6 }),
        fc.array(pod, { minLength: 2, maxLength: 12 }),
        fc.nat(),
        (nodes, parts, seed) => {
          const slots = inOrder(
            nodes.map(({ cpu, memoryMib, zone, rack, taint }, index) => {
              const option = makeOption('t', cpu, 1, { memoryMib, zone })
              const labels = { ...option.labels, zone, ...(rack === undefined ? {} : { rack }) }
              const taints = taint === undefined ? [] : [{ key: 'dedicated', value: 'db', effect: taint }]
              return newSlot({ ...option, labels, taints }, `s${index}`)
            }),
          )
          const pods = parts.map(({ app, cpu, memory, ...rest }, index) =>
            makePod(`p${index}`, { labels: { app }, needed: resources(cpu, memory), ...rest }),
          )
          const board = new ReplayBoard({ namespaces, pods })
          board.stand(slots, () => [])
          const naive = new NaiveBoard(namespaces)
          for (const { site } of slots) naive.sites.push({ site, pods: [] })
          const random = generator(seed)
          for (const next of pods) {
            const fitting = [...slots.keys()].filter((index) => naive.refusing(next, index).length === 0)
            const points = naivePoints(naive, next, fitting)
            const most = Math.max(...points.values())
            const best = fitting.filter((index) => points.get(index) === most)
            if (best.length < fitting.length) choices += 1
            const entry = board.entryOf(next)
            const row = board.best(entry, random)
            if (row === undefined) expect(best).toEqual([])
            else {
              expect(best).toContain(row)
              board.put(entry, row)
              naive.sites[row]!.pods.push({ pod: next, as: 'needed' })
            }
          }
        },
      ),
      { numRuns: 300 },
    )
    expect(choices).toBeGreaterThan(500)
  })
})
