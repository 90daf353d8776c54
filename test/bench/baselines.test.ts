import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { autoscalerLike, usualGroups } from '../../bench/pack/autoscaler-like.js'
import { checkPlan } from '../../bench/pack/check-plan.js'
import { karpenterConsolidated } from '../../bench/pack/consolidate.js'
import { firstFitDecreasing } from '../../bench/pack/first-fit-decreasing.js'
import { byShares, firstFit } from '../../bench/pack/first-fit.js'
import { byCpuThenMemory, karpenterLike } from '../../bench/pack/karpenter-like.js'
import { fileCost, itemCount, type Packing, type Problem, unitCost } from '../../bench/pack/problem.js'
import { problemFiles, readProblem } from '../../bench/pack/read-problem.js'
import { anyProblem, problem, shown, type } from './problems.js'

const SHARED = fileURLToPath(new URL('../../../shared/data/packing', import.meta.url))

const BASELINES: readonly [string, (given: Problem) => Packing][] = [
  ['Karpenter-like', karpenterLike],
  ['Karpenter-like, consolidated', karpenterConsolidated],
  ['Cluster-Autoscaler-like, least waste', (given) => autoscalerLike(given, 'least-waste')],
  ['Cluster-Autoscaler-like, price', (given) => autoscalerLike(given, 'price')],
  ['first fit decreasing', firstFitDecreasing],
]

describe('karpenterLike', () => {
  test('fills a claim while any type still holds it, and looks at prices at the end', () => {
    const given = problem(
      [type(10, 4, 8), type(25, 8, 16)],
      [
        { size: [2, 2], count: 3 },
        { size: [3, 2], count: 1 },
      ],
    )
    // The largest first: 3 cores, then 2 and 2 in the same claim; the last pod would make it 9 of 8 cores.
    expect(shown(karpenterLike(given).bins)).toEqual(['type-0: 1×0', 'type-1: 2×0 1×1'])
  })

  test('prefers the claim with the fewest pods, where first fit would take the first', () => {
    const given = problem(
      [type(1, 10)],
      [
        { size: [6], count: 2 },
        { size: [2], count: 2 },
      ],
    )
    expect(shown(karpenterLike(given).bins)).toEqual(['type-0: 1×0 1×1', 'type-0: 1×0 1×1'])
  })

  test('keeps to the types that every pod of a claim may use', () => {
    const given = problem(
      [type(1, 10), type(2, 10)],
      [
        { size: [5], count: 1, types: [1] },
        { size: [4], count: 1 },
        { size: [1], count: 1, types: [0] },
      ],
    )
    expect(shown(karpenterLike(given).bins)).toEqual(['type-0: 1×2', 'type-1: 1×0 1×1'])
  })

  test('orders pods by cpu, then by memory', () => {
    const items = [
      [1, 9],
      [2, 1],
      [2, 3],
      [2, 1],
    ].map((size) => ({ size, count: 1 }))
    expect(byCpuThenMemory(items)).toEqual([2, 1, 3, 0])
  })

  test('does what a pass over single pods does', () => {
    fc.assert(
      fc.property(anyProblem, (given) => {
        const { bins, left } = karpenterLike(given)
        expect({ cost: unitCost(given, bins), left }).toEqual(podByPod(given))
      }),
    )
  })
})

describe('karpenterConsolidated', () => {
  test('moves pods to free room and the rest to one cheaper node', () => {
    const given = problem(
      [type(2, 2), type(5, 3), type(10, 10)],
      [6, 3, 2, 1].map((cores) => ({ size: [cores], count: 1 })),
    )
    expect(shown(karpenterLike(given).bins)).toEqual(['type-1: 1×2 1×3', 'type-2: 1×0 1×1'])
    expect(shown(karpenterConsolidated(given).bins)).toEqual(['type-0: 1×2', 'type-2: 1×0 1×1 1×3'])
  })

  test('never makes a fleet dearer', () => {
    fc.assert(
      fc.property(anyProblem, (given) => {
        const before = unitCost(given, karpenterLike(given).bins)
        expect(unitCost(given, karpenterConsolidated(given).bins)).toBeLessThanOrEqual(before)
      }),
    )
  })
})

describe('autoscalerLike', () => {
  const given = problem([type(5, 4, 4), type(20, 8, 4)], [{ size: [2, 1], count: 4 }])

  test('least waste takes the group that is filled best, whatever it costs', () => {
    expect(shown(autoscalerLike(given, 'least-waste').bins)).toEqual(['type-1: 4×0'])
  })

  test('price takes the group that costs least for what it holds', () => {
    expect(shown(autoscalerLike(given, 'price').bins)).toEqual(['type-0: 2×0', 'type-0: 2×0'])
  })

  test('grows a group by at most 1,000 nodes at a time', () => {
    const many = problem([type(1, 1)], [{ size: [1], count: 2_500 }])
    expect(autoscalerLike(many, 'price').bins.map(({ n }) => n)).toEqual([1_000, 1_000, 500])
  })

  test('has the usual groups, and one for each class that these do not take', () => {
    const names = ['m6i.xlarge', 'm6i.2xlarge', 'x2.huge', 'g5.small', 'g5.large', ...'abcdefgh']
    const types = names.map((_, index) =>
      type(index + 1, [4, 8, 64, 4, 8][index] ?? 1, index === 3 || index === 4 ? 1 : 0),
    )
    const items = [
      { size: [2, 0], count: 1 },
      { size: [16, 0], count: 1 },
      { size: [2, 1], count: 1 },
    ]
    const base = problem(types, items)
    const named = { ...base, types: base.types.map((each, index) => ({ ...each, name: names[index] ?? '' })) }
    expect(usualGroups(named).map((group) => names[group])).toEqual([
      'm6i.xlarge',
      'm6i.2xlarge',
      'x2.huge',
      'g5.small',
    ])
  })
})

describe('firstFitDecreasing', () => {
  test('takes the single shape that comes out cheapest', () => {
    const given = problem(
      [type(3, 4), type(10, 10)],
      [
        { size: [2], count: 1 },
        { size: [4], count: 2 },
      ],
    )
    // Three small ones for 9, where one large one would cost 10.
    expect(shown(firstFitDecreasing(given).bins)).toEqual(['type-0: 1×0', 'type-0: 1×1', 'type-0: 1×1'])
  })

  test('packs what the first shape does not take into a second one', () => {
    const given = problem(
      [type(3, 4), type(10, 4)],
      [
        { size: [4], count: 1, types: [0] },
        { size: [4], count: 1, types: [1] },
      ],
    )
    expect(shown(firstFitDecreasing(given).bins)).toEqual(['type-0: 1×0', 'type-1: 1×1'])
  })
})

describe('firstFit', () => {
  test('in runs of equal bins is first fit of single items', () => {
    fc.assert(
      fc.property(anyProblem, ({ types, items }) => {
        const capacity = types[0]?.capacity ?? []
        const fitting = items.flatMap(({ size, count }, item) =>
          size.every((each, resource) => each <= (capacity[resource] ?? 0)) && count > 0
            ? [[item, count] as const]
            : [],
        )
        const order = byShares(items, new Map(fitting), capacity)
        const filled = firstFit(items, order, capacity)
        expect(shown(filled.packed(0))).toEqual(shown(itemByItem(items, order, capacity)))
      }),
    )
  })
})

describe.each(BASELINES)('%s', (_, pack) => {
  test('gives plans that hold and leaves over only what fits nowhere', () => {
    fc.assert(
      fc.property(anyProblem, (given) => {
        const { bins, left } = pack(given)
        expect(checkPlan(given, bins, fileCost(given, bins))).toEqual([])
        const placed = bins.flatMap(({ n, items }) => items.map(([, count]) => n * count))
        const all = [...placed, ...left.map(([, count]) => count)].reduce((sum, count) => sum + count, 0)
        expect(all).toBe(itemCount(given))
      }),
    )
  })

  const absent = !existsSync(SHARED)
  const title = absent ? ' (skipped: ../shared is absent)' : ''
  test.skipIf(absent)(`gives plans of the shared problems that hold and obey their bounds${title}`, () => {
    for (const given of problemFiles(SHARED).map(readProblem)) {
      const { bins } = pack(given)
      const cost = fileCost(given, bins)
      expect([given.name, ...checkPlan(given, bins, cost)]).toEqual([given.name])
      const { cost: best = 0, proven = false, lowerBound = 0 } = given.best ?? {}
      expect(cost, given.name).toBeGreaterThanOrEqual((proven ? best : lowerBound) - 1e-9)
    }
  })
})

/** The provisioning pass as it reads: one pod after the other, all claims looked at in order. */
function podByPod({ types, items }: Problem): { cost: number; left: [number, number][] } {
  const claims: { used: number[]; pods: number[]; types: number[] }[] = []
  const left: [number, number][] = []
  for (const item of byCpuThenMemory(items)) {
    const { size = [], count = 0, maxPerBin = Infinity, types: list = [...types.keys()] } = items[item] ?? {}
    let refused = 0
    for (let pod = 0; pod < count; pod += 1) {
      const fitting = (kinds: readonly number[], used: readonly number[]): number[] =>
        kinds.filter(
          (kind) =>
            list.includes(kind) && size.every((each, at) => (used[at] ?? 0) + each <= (types[kind]?.capacity[at] ?? 0)),
        )
      const byPods = [...claims].sort((a, b) => a.pods.length - b.pods.length || claims.indexOf(a) - claims.indexOf(b))
      let claim = byPods.find(
        ({ pods, types: kinds, used }) =>
          pods.filter((other) => other === item).length < maxPerBin && fitting(kinds, used).length > 0,
      )
      if (claim === undefined) {
        claim = { used: size.map(() => 0), pods: [], types: [...types.keys()] }
        if (fitting(claim.types, claim.used).length === 0) {
          refused += 1
          continue
        }
        claims.push(claim)
      }
      claim.types = fitting(claim.types, claim.used)
      claim.used = claim.used.map((amount, at) => amount + (size[at] ?? 0))
      claim.pods.push(item)
    }
    if (refused > 0) left.push([item, refused])
  }
  const cost = claims.reduce(
    (sum, { types: kinds }) => sum + Math.min(...kinds.map((kind) => types[kind]?.cost ?? 0)),
    0,
  )
  return { cost, left }
}

/** First fit as it reads. */
function itemByItem(
  items: Problem['items'],
  order: readonly (readonly [number, number])[],
  capacity: readonly number[],
): { type: number; n: number; items: [number, number][] }[] {
  const bins: { free: number[]; held: Map<number, number> }[] = []
  for (const [item, count] of order) {
    const { size = [], maxPerBin = Infinity } = items[item] ?? {}
    for (let one = 0; one < count; one += 1) {
      let bin = bins.find(
        ({ free, held }) =>
          (held.get(item) ?? 0) < maxPerBin && size.every((each, resource) => each <= (free[resource] ?? 0)),
      )
      if (bin === undefined) bins.push((bin = { free: [...capacity], held: new Map() }))
      bin.free = bin.free.map((room, resource) => room - (size[resource] ?? 0))
      bin.held.set(item, (bin.held.get(item) ?? 0) + 1)
    }
  }
  return bins.map(({ held }) => ({ type: 0, n: 1, items: [...held] }))
}
