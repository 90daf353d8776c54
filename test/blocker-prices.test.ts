import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCatalog } from '../src/collect/catalog-file.js'
import { readSnapshot } from '../src/collect/snapshot-file.js'
import { blockerPrices } from '../src/blocker-prices.js'
import type { PriceCatalog } from '../src/domain/catalog.js'
import type { Goal } from '../src/domain/goal.js'
import type { Analysis, BlockerWorth, PricedBlocker } from '../src/domain/recommendation.js'
import type { Snapshot } from '../src/domain/snapshot.js'
import { analyse } from '../src/pipeline.js'
import type { Settings } from '../src/problem.js'
import { planned } from '../src/recommend/scenarios.js'
import { ROOT } from './helpers/command.js'
import { snapshotOf, type Api } from './helpers/objects.js'
import { SETTINGS as ANYTHING } from './helpers/settings.js'
import { known, makeOption, nodeOf, packed } from './pack/make-problem.js'
import { makePod, resources } from './pack/make.js'
import { NO_FAULTS } from './recommend/no-faults.js'

const SETTINGS: Settings = { ...ANYTHING, wantedType: (name) => /^m7i\.(large|xlarge|2xlarge|4xlarge)$/.test(name) }
/** us-east-1, on demand, in micro-dollars per hour. */
const LARGE = 100_800
const FOUR_XLARGE = 806_400

const SIZES: Readonly<Record<string, { readonly cpu: string; readonly memory: string; readonly pods: string }>> = {
  'm7i.large': { cpu: '1930m', memory: '7220184Ki', pods: '29' },
  'm7i.4xlarge': { cpu: '15890m', memory: '61691892Ki', pods: '234' },
}

function node(name: string, type: string, annotations: Api = {}): Api {
  const size = { ...SIZES[type], 'ephemeral-storage': '18242267924' }
  const labels = {
    'eks.amazonaws.com/nodegroup': 'web',
    'eks.amazonaws.com/capacityType': 'ON_DEMAND',
    'node.kubernetes.io/instance-type': type,
    'topology.kubernetes.io/region': 'us-east-1',
    'topology.kubernetes.io/zone': 'us-east-1a',
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/os': 'linux',
    'kubernetes.io/hostname': name,
  }
  return {
    kind: 'Node',
    metadata: { name, labels, annotations },
    spec: { providerID: `aws:///us-east-1a/i-${name}` },
    status: { capacity: size, allocatable: size },
  }
}

type PodParts = { readonly cpu?: string; readonly annotations?: Api; readonly bare?: boolean; readonly app?: string }
const pod = (
  name: string,
  nodeName: string,
  { cpu = '500m', annotations = {}, bare, app = name }: PodParts = {},
): Api => ({
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'batch',
    labels: { app },
    annotations,
    ownerReferences: bare === true ? [] : [{ kind: 'ReplicaSet', name: app, uid: `uid-${app}`, controller: true }],
  },
  spec: { nodeName, containers: [{ name: 'app', resources: { requests: { cpu, memory: '256Mi' } } }] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
})
const STAY = { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' }
const budget = (app: string): Api => ({
  kind: 'PodDisruptionBudget',
  metadata: { name: app, namespace: 'batch' },
  spec: { maxUnavailable: 0, selector: { matchLabels: { app } } },
  status: { disruptionsAllowed: 0, expectedPods: 1, currentHealthy: 1, desiredHealthy: 1 },
})

let catalog: PriceCatalog
beforeAll(async () => {
  catalog = await readCatalog(join(ROOT, 'data', 'catalog.json.gz'))
})
const analysed = (snapshot: Snapshot, settings: Partial<Settings> = {}): Analysis =>
  analyse(snapshot, catalog, { ...SETTINGS, ...settings }, () => {})
const run = (items: readonly Api[], settings: Partial<Settings> = {}) => {
  const analysis = analysed(snapshotOf(items), settings)
  const prices = analysis.blockerPrices
  if (prices === undefined) throw new Error('nothing was priced')
  return { ...prices, follows: analysis.follows }
}
const rate = (worth: BlockerWorth | undefined): number | string =>
  worth === undefined ? 'absent' : worth.kind === 'known' ? worth.rate : worth.why
const of = (blockers: readonly PricedBlocker[], text: string): PricedBlocker | undefined =>
  blockers.find(({ what }) => what.includes(text))

describe('the price of a blocker', () => {
  it('is what the plan costs less without it', () => {
    const { blockers, sets, all, against } = run([
      node('big', 'm7i.4xlarge'),
      node('other', 'm7i.4xlarge'),
      pod('runner', 'big', { annotations: STAY }),
      pod('web', 'other'),
    ])
    expect(against).toBe('recommended')
    expect(blockers).toHaveLength(1)
    expect(blockers[0]).toMatchObject({
      rule: 'safe-to-evict',
      what: 'annotation cluster-autoscaler.kubernetes.io/safe-to-evict=false on ReplicaSet batch/runner',
      fix: 'remove it when the pod may move',
      workload: { namespace: 'batch', kind: 'ReplicaSet', name: 'runner' },
      pods: ['batch/runner'],
      alone: { kind: 'known', rate: FOUR_XLARGE - LARGE, proof: 'replayed' },
    })
    expect(blockers[0]?.nodes.map(({ name }) => name)).toEqual(['big'])
    expect(sets).toEqual([])
    expect(rate(all)).toBe(FOUR_XLARGE - LARGE)
  })

  it('is nothing alone and something together where a node has several', () => {
    const { blockers, sets, all } = run([
      node('big', 'm7i.4xlarge'),
      pod('runner', 'big', { annotations: STAY, bare: true }),
      pod('web', 'big'),
      budget('web'),
    ])
    expect(blockers.map(({ rule, alone }) => [rule, rate(alone)])).toEqual([
      ['safe-to-evict', 0],
      ['disruption-budget', 0],
      ['no-controller', 0],
    ])
    expect(sets).toEqual([
      {
        members: [0, 1, 2],
        nodes: ['big'],
        worth: { kind: 'known', rate: FOUR_XLARGE - LARGE, proof: 'replayed' },
      },
    ])
    expect(rate(all)).toBe(FOUR_XLARGE - LARGE)
  })

  it('is one for all pods of a budget, and one for each annotated node', () => {
    const { blockers } = run([
      node('one', 'm7i.4xlarge', { 'cluster-autoscaler.kubernetes.io/scale-down-disabled': 'true' }),
      node('two', 'm7i.4xlarge'),
      node('three', 'm7i.4xlarge'),
      pod('web-1', 'two', { app: 'web' }),
      pod('web-2', 'three', { app: 'web' }),
      budget('web'),
    ])
    expect(blockers.map(({ what, nodes }) => [what, nodes.length])).toEqual([
      ['annotation cluster-autoscaler.kubernetes.io/scale-down-disabled on node one', 1],
      ['budget batch/web (maxUnavailable 0)', 2],
    ])
    // All pods fit on any one of the three.
    expect(rate(of(blockers, 'node one')?.alone)).toBe(FOUR_XLARGE)
    expect(rate(of(blockers, 'budget')?.alone)).toBe(2 * FOUR_XLARGE)
  })

  it('is nothing where the plan needs the node anyway, also where it is best to keep what there is', () => {
    const { blockers, all, against, follows } = run([
      node('only', 'm7i.large'),
      pod('runner', 'only', { annotations: STAY, cpu: '1500m' }),
    ])
    expect([follows, against]).toEqual(['current', 'current'])
    expect(blockers.map(({ alone }) => alone)).toEqual([{ kind: 'known', rate: 0, proof: 'none' }])
    expect(rate(all)).toBe(0)
  })

  it('is measured against today where nothing else is feasible, and found there as well', () => {
    const { blockers, follows } = run([
      node('only', 'm7i.4xlarge'),
      pod('runner', 'only', { annotations: STAY, cpu: '900m' }),
    ])
    expect(follows).toBe('current')
    expect(rate(blockers[0]?.alone)).toBe(FOUR_XLARGE - LARGE)
  })

  it('is not known of nodes without a price, which hold themselves', () => {
    const unknown = node('odd', 'm7i.large')
    const metadata = unknown['metadata'] as { readonly labels: Api }
    const labels = { ...metadata.labels, 'node.kubernetes.io/instance-type': 'm99.mystery' }
    const { blockers } = run([
      { ...unknown, metadata: { ...metadata, labels } },
      node('big', 'm7i.4xlarge'),
      pod('held', 'odd', { annotations: STAY }),
      pod('web', 'big'),
    ])
    expect(blockers.find(({ rule }) => rule === 'no-price')?.alone.kind).toBe('unknown')
    expect(rate(of(blockers, 'held')?.alone)).toBe(0)
  })

  it('keeps to --min-nodes', () => {
    const { all } = run(
      [node('a', 'm7i.large'), node('b', 'm7i.large'), pod('x', 'a', { annotations: STAY }), pod('y', 'b')],
      { minNodes: 2 },
    )
    expect(rate(all)).toBe(0)
  })

  it('is not known where what is recommended is filled only once big pods come first', () => {
    const goal: Goal = { kind: 'cheapest', policy: { kind: 'as-is' } }
    const large = makeOption('large', 8000, 40)
    // Whichever pod comes first goes to the larger node: in some orders that is the one that fits no other.
    const small = makeOption('small', 2000, 10)
    const runner = makePod('runner', { needed: resources(1500, 10) })
    const { cluster, planner } = packed({
      nodes: [nodeOf(small, 'a', [runner]), nodeOf(large, 'b', [makePod('big', { needed: resources(7000, 10) })])],
      options: [small, large],
    })
    const plans = planner()
    const context = { plans, ...NO_FAULTS }
    const cheapest = planned({ id: 'recommended', title: '', goal }, plans.today(goal), context)
    const blocker = { rule: 'safe-to-evict', what: 'an annotation', why: 'it is set', fix: 'remove it' } as const
    const needs = { change: { bigFirst: true }, classes: [], unplacedToday: 1 }
    const prices = blockerPrices({
      ...{ cluster, plans, goal, context, maxSpot: undefined, current: undefined },
      moves: {
        nodes: new Map(),
        pinned: new Map(),
        spot: new Map(),
        workloadBlockers: new Map(),
        holds: new Map([['a', [{ blocker, pod: runner }]]]),
      },
      priceOf: () => known(10),
      choice: { recommended: cheapest.scenario, follows: 'recommended', policy: '', cheapest, needs },
    })
    expect(prices?.blockers.map(({ alone }) => rate(alone))).toEqual([
      'no plan within the guard rails was found that the default scheduler fills by itself',
    ])
  })

  it('is absent where nothing is held', () => {
    expect(analysed(snapshotOf([node('a', 'm7i.large'), pod('x', 'a')])).blockerPrices).toBeUndefined()
  })
})

const SMALL = join(ROOT, '..', 'shared', 'data', 'clusters', 'small.json.gz')
describe.skipIf(!existsSync(SMALL))('blockers of the small cluster (skipped: ../shared is absent)', () => {
  it('cost something, never less with more of them gone, and little work', async () => {
    const snapshot = await readSnapshot([SMALL], () => {})
    const first =
      analysed(snapshot, { wantedType: () => true, maxNodeShare: undefined }).blockerPrices ?? expect.unreachable()
    expect(first.blockers).toHaveLength(11)
    expect(first.steps).toBeLessThan(13_000_000)
    const best = Math.max(
      0,
      ...[...first.blockers.map(({ alone }) => alone), ...first.sets.map(({ worth }) => worth)].map((worth) =>
        worth.kind === 'known' ? worth.rate : 0,
      ),
    )
    expect(best).toBeGreaterThan(0)
    expect(first.all.kind === 'known' && first.all.rate >= best).toBe(true)
    for (const { members, worth } of first.sets)
      for (const at of members) {
        const { alone } = first.blockers[at] ?? expect.unreachable()
        if (alone.kind === 'known' && worth.kind === 'known') expect(worth.rate).toBeGreaterThanOrEqual(alone.rate)
      }
  })
})
