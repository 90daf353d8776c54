/** Plans of the whole sample cluster, asked for once by all tests here: they take their time. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readCatalog } from '../src/collect/catalog-file.js'
import { readSnapshot } from '../src/collect/snapshot-file.js'
import type { Analysis, Scenario } from '../src/domain/recommendation.js'
import type { Snapshot } from '../src/domain/snapshot.js'
import { analyse } from '../src/pipeline.js'
import type { Settings } from '../src/problem.js'
import { ROOT } from './helpers/command.js'
import { SAMPLE, snapshotOfPart, TWO_GROUPS } from './helpers/part-of-sample.js'
import { SETTINGS as ANYTHING } from './helpers/settings.js'

const whole = await readSnapshot([SAMPLE], () => {})
const catalog = await readCatalog(join(ROOT, 'data', 'catalog.json.gz'))
const ask = (snapshot: Snapshot, wanted: Partial<Settings>): Analysis =>
  analyse(snapshot, catalog, { ...ANYTHING, maxNodeShare: undefined, ...wanted }, () => {})

const everyOutcome = ({ scenarios }: Analysis) =>
  scenarios.flatMap(({ id, outcome }) => (outcome.kind === 'planned' ? [{ id, ...outcome }] : []))
const planned = (analysis: Analysis) => everyOutcome(analysis).filter(({ id }) => id !== 'current')
const named = (analysis: Analysis, id: Scenario['id']) =>
  everyOutcome(analysis).find((one) => one.id === id) ?? expect.unreachable(id)
const used = ({ efficiency }: ReturnType<typeof named>): number => Math.max(efficiency.cpu ?? 0, efficiency.memory ?? 0)

const free = ask(whole, {})

describe('without limits every scenario', () => {
  it('has plausible figures of what the loss of a node or a zone does', () => {
    const zones = 3
    for (const { id, blast, survival, largestNodeShare = 0 } of everyOutcome(free)) {
      expect(blast?.largestZoneShare, id).toBeGreaterThanOrEqual(Math.max(1 / zones, largestNodeShare))
      expect(blast?.largestZoneShare).toBeLessThan(1)
      for (const kind of [survival?.node, survival?.zone]) {
        expect(['survives', 'fails']).toContain(kind?.kind)
        if (kind?.kind !== 'fails') continue
        const homeless = kind.worst.homeless.reduce((sum, { pods }) => sum + pods, 0)
        expect(homeless).toBeGreaterThan(0)
        expect(homeless).toBeLessThanOrEqual(kind.worst.pods)
        expect(kind.failing).toBeLessThanOrEqual(kind.of)
      }
      // Databases with volumes are in every zone.
      expect(survival?.zone).toMatchObject({ kind: 'fails', failing: zones, of: zones })
    }
  })

  it('knows the preferences of today, and gives up no more of them than are held; today gives up none', () => {
    const held = named(free, 'current').preferences?.heldToday ?? 0
    expect(held).toBeGreaterThan(0)
    for (const { id, preferences } of everyOutcome(free)) {
      expect(preferences?.heldToday, id).toBe(held)
      expect(preferences?.givenUp).toBeLessThanOrEqual(held)
      if (id === 'current') expect(preferences).toMatchObject({ givenUp: 0, gained: 0 })
    }
  })
})

describe('headroom is one of all nodes together', () => {
  const roomy = ask(whole, { headroom: 0.2 })

  it('what leaves as much free by itself stays as it is', () => {
    expect(used(named(free, 'recommended'))).toBeLessThan(0.8)
    expect(named(roomy, 'recommended').plan.cost.rate).toBe(named(free, 'recommended').plan.cost.rate)
    // Some node of that plan is fuller than that.
    const fullest = named(roomy, 'recommended').plan.nodes.map(
      ({ allocatable, pods, resident }) =>
        pods.reduce((cpu, { needed }) => cpu + needed.cpu, resident.cpu as number) / allocatable.cpu,
    )
    expect(Math.max(...fullest)).toBeGreaterThan(0.8)
  })

  it('every other plan leaves as much free too, or is not feasible', () => {
    for (const one of planned(roomy)) {
      if (one.feasible) expect(used(one), one.id).toBeLessThanOrEqual(0.8 + 1e-9)
      const without = named(free, one.id)
      if (used(without) <= 0.8) continue
      // Of fewest nodes the room takes nodes, not always money.
      if (one.id === 'fewer-larger') expect(one.plan.nodes.length).toBeGreaterThan(without.plan.nodes.length)
      else expect(one.plan.cost.rate, one.id).toBeGreaterThan(without.plan.cost.rate)
    }
  })

  it('the bound knows of it, and is above no plan that leaves as much free', () => {
    const bounds = (id: Scenario['id']): number[] =>
      [free, roomy].map((analysis) => named(analysis, id).lowerBound?.rate ?? 0)
    for (const one of planned(roomy)) expect(one.lowerBound?.rate ?? 0, one.id).toBeLessThanOrEqual(one.plan.cost.rate)
    for (const id of ['fewer-larger', 'cheapest-on-demand', 'spot-max'] as const)
      expect(bounds(id), id).toEqual(bounds(id).toSorted((a, b) => a - b))
    expect(bounds('fewer-larger')[1]).toBeGreaterThan(bounds('fewer-larger')[0]!)
    // Plans with headroom come as close to their bounds as others do; when each node kept it, gaps were a quarter and more.
    const { plan, lowerBound } = named(roomy, 'fewer-larger')
    expect(plan.cost.rate).toBeLessThan(1.1 * (lowerBound?.rate ?? 0))
  })
})

it('--max-node-share is a share of what the plan carries, not of what today carries', () => {
  const snapshot = snapshotOfPart(TWO_GROUPS)
  const share = named(ask(snapshot, {}), 'recommended').largestNodeShare ?? 0
  const asked = share - 0.01
  const limited = ask(snapshot, { maxNodeShare: asked })
  expect(named(limited, 'recommended').feasible).toBe(true)
  for (const one of planned(limited))
    if (one.feasible) expect(one.largestNodeShare, one.id).toBeLessThanOrEqual(asked + 1e-9)
})
