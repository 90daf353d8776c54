import { describe, expect, it } from 'vitest'
import type { Plan } from '../../src/domain/plan.js'
import { blastJudge, blastRadius, type BlastLimits } from '../../src/recommend/blast-radius.js'
import { guardRails } from '../../src/recommend/guard-rails.js'
import { makeNode, makePlan, newNode } from '../pack/make-plan.js'
import { makePod, makeSite, resources } from '../pack/make.js'

/** `web 2` stands for two pods of Deployment web, each asking for a core; a node is in the zone that its name starts with. */
type Sketch = Readonly<Record<string, readonly string[]>>

const KINDS: Readonly<Record<string, string>> = { job: 'Job', night: 'CronJob' }

const podsOf = (parts: readonly string[], on: string) =>
  parts.flatMap((part) => {
    const [name = '', count = '1', cpu = '1000'] = part.split(' ')
    return Array.from({ length: Number(count) }, (_, index) =>
      makePod(`${name}-${on}-${index}`, {
        workload: `default/${KINDS[name] ?? 'Deployment'}/${name}`,
        needed: resources(Number(cpu), Number(cpu) / 10),
      }),
    )
  })

const planOf = (sketch: Sketch): Plan =>
  makePlan(
    Object.entries(sketch).map(([name, parts]) => {
      const zone = name.startsWith('?') ? undefined : name.charAt(0)
      return { ...newNode(makeSite(name), { pods: podsOf(parts, name) }), zone }
    }),
  )

const faults = (today: Sketch, limits: BlastLimits, plan: Sketch): readonly string[] =>
  blastJudge(planOf(today), limits).faultsOf(planOf(plan))
const remarks = (today: Sketch, limits: BlastLimits, plan: Sketch): readonly string[] =>
  blastJudge(planOf(today), limits).remarksOf(planOf(plan))

describe('the blast radius of a plan', () => {
  it('is the largest share of a zone, and of a workload with two replicas on one node and in one zone', () => {
    const plan = planOf({ a1: ['web 2', 'solo 1'], a2: ['web 1'], b1: ['web 1', 'db 1'], c1: ['db 2'] })
    expect(blastRadius(plan)).toEqual({
      largestZoneShare: 4 / 8,
      onNode: { workload: 'default/Deployment/db', on: 'c1', replicas: 2, of: 3 },
      inZone: { workload: 'default/Deployment/web', on: 'a', replicas: 3, of: 4 },
    })
  })

  it('leaves out single replicas, Jobs, and nodes that no plan packs', () => {
    const plan = planOf({ a1: ['job 5', 'night 4', 'solo 1'], b1: ['web 1'], b2: ['web 3'] })
    expect(blastRadius(plan).onNode).toMatchObject({ workload: 'default/Deployment/web', replicas: 3, of: 4 })
    const unpacked = { ...plan, nodes: plan.nodes.map((node) => ({ ...node, packed: node.name !== 'b2' })) }
    expect(blastRadius(unpacked)).toMatchObject({ onNode: { on: 'b1', replicas: 1, of: 4 }, largestZoneShare: 10 / 11 })
    expect(blastRadius(planOf({ a1: ['solo 1'] }))).toMatchObject({ onNode: undefined, inZone: undefined })
  })

  it('does not know the share of a zone where a node has none', () => {
    const { largestZoneShare, inZone } = blastRadius(planOf({ a1: ['web 1'], '?1': ['web 1'] }))
    expect(largestZoneShare).toBeUndefined()
    expect(inZone).toMatchObject({ on: 'a', replicas: 1, of: 2 })
    expect(blastRadius(planOf({ a1: [] })).largestZoneShare).toBeUndefined()
  })
})

describe('limits of the blast radius', () => {
  const SPREAD: Sketch = { a1: ['web 1'], a2: ['web 1'], b1: ['web 1'], c1: ['web 1'] }

  it('of a zone: named with its share', () => {
    const limits = { maxZoneShare: 0.5 }
    expect(faults(SPREAD, limits, { a1: ['web 2'], b1: ['web 2'] })).toEqual([])
    expect(faults(SPREAD, limits, { a1: ['web 3'], b1: ['web 1'] })).toEqual([
      'zone a carries 75 % of all requests, more than 50 %',
    ])
  })

  it('of a zone: not applied where one pod alone is larger', () => {
    const limits = { maxZoneShare: 0.4 }
    const even: Sketch = { a1: ['x 1 100'], b1: ['x 1 100'], c1: ['x 1 100'] }
    expect(faults(even, limits, { a1: ['big 1 6000'], b1: ['x 4'] })).toEqual([])
    expect(faults(even, limits, { a1: ['big 1 6000', 'x 1'], b1: ['x 3'] })).toHaveLength(1)
  })

  it('of replicas: the worst is named and the others are counted', () => {
    const limits = { maxNodeReplicaShare: 0.5, maxZoneReplicaShare: 0.5 }
    const even: Sketch = { a1: ['web 1', 'api 1'], a2: ['web 1'], b1: ['web 1', 'api 1'], c1: ['web 1', 'api 1'] }
    expect(faults(even, limits, { a1: ['web 2', 'api 1'], b1: ['web 2', 'api 1'], c1: ['api 1'] })).toEqual([])
    expect(faults(even, limits, { a1: ['web 3', 'api 2'], b1: ['web 1', 'api 1'] })).toEqual([
      'node a1 holds 3 of 4 replicas of default/Deployment/web, more than 50 %, and so with 1 workload more',
      'zone a holds 3 of 4 replicas of default/Deployment/web, more than 50 %, and so with 1 workload more',
    ])
  })

  it('of replicas: one is always allowed, and an even spread over the zones that there are', () => {
    const pair: Sketch = { a1: ['web 1'], b1: ['web 1'] }
    expect(faults(pair, { maxNodeReplicaShare: 0.2 }, pair)).toEqual([])
    const three: Sketch = { a1: ['web 1'], a2: ['web 1'], b1: ['web 1'] }
    const swapped: Sketch = { a1: ['web 1'], b1: ['web 1'], b2: ['web 1'] }
    expect(faults(three, { maxZoneReplicaShare: 0.4 }, swapped)).toEqual([])
    expect(faults(pair, { maxNodeReplicaShare: 0.2 }, { a1: ['web 2'] })).toHaveLength(1)
  })

  it('that today breaks are broken as today, but no further', () => {
    const today: Sketch = { a1: ['web 3'], b1: ['web 1'] }
    const limits = { maxZoneShare: 0.6, maxNodeReplicaShare: 0.5 }
    expect(faults(today, limits, today)).toEqual([])
    expect(remarks(today, limits, today)).toEqual([
      'as today, zone a carries 75 % of all requests, more than 60 %',
      'as today, node a1 holds 3 of 4 replicas of default/Deployment/web, more than 50 %',
    ])
    expect(faults(today, limits, { a1: ['web 4'] })).toHaveLength(2)
  })

  it('none is set, none is broken; what stands closer together than today is said', () => {
    const plan: Sketch = { a1: ['web 3', 'api 1'], b1: ['web 1', 'api 1'] }
    const before: Sketch = { ...SPREAD, d1: ['api 1'], d2: ['api 1'] }
    expect(faults(before, {}, plan)).toEqual([])
    expect(remarks(before, {}, plan)).toEqual([
      '1 workload would have more replicas on one node than today, 1 in one zone: most, 3 of 4 replicas of default/Deployment/web on one node (today 1)',
    ])
    expect(remarks(before, {}, { a1: ['web 4', 'api 2'] })).toEqual([
      '2 workloads would have more replicas on one node than today (2 all they have), 1 in one zone (1 all they have): most, 4 of 4 replicas of default/Deployment/web on one node (today 1)',
    ])
    expect(remarks(before, {}, { ...before, a1: ['web 1'], a2: [], a3: ['web 1', 'api 1'], d1: [] })).toEqual([])
    expect(remarks({ a1: ['web 4'] }, {}, SPREAD)).toEqual([])
  })
})

describe('guard rails', () => {
  const node = (name: string, cpu: number) =>
    makeNode(makeSite(name), [makePod(`p-${name}`, { held: resources(cpu, 10) })], { zone: name.charAt(0) })
  const wanted = { headroom: 0.1, minNodes: undefined, maxNodeShare: undefined }

  it('allow a node what the fullest carries today, a fifth at least, or what the user says', () => {
    expect(guardRails([node('a1', 600), node('b1', 400)], wanted).maxNodeShare).toBe(0.6)
    const ten = Array.from({ length: 10 }, (_, index) => node(`a${index}`, 100))
    expect(guardRails(ten, wanted).maxNodeShare).toBe(0.2)
    expect(guardRails(ten, { ...wanted, maxNodeShare: 0.05 }).maxNodeShare).toBe(0.05)
    expect(guardRails([], wanted).maxNodeShare).toBe(0.2)
  })

  it('leave a zone what it has where so few zones cannot keep the limit', () => {
    const nodes = [node('a1', 700), node('b1', 300)]
    expect(guardRails(nodes, { ...wanted, maxZoneShare: 0.5 }).maxZoneShare).toBe(0.5)
    const { maxZoneShare, words } = guardRails(nodes, { ...wanted, maxZoneShare: 0.4 })
    expect(maxZoneShare).toBe(0.7)
    expect(words).toContain('no zone more than 70 %, as 40 % cannot be kept in 2 zones')
  })

  it('are said in one sentence', () => {
    expect(guardRails([node('a1', 100), node('b1', 100)], { ...wanted, minNodes: 3 }).words).toBe(
      '10 % headroom; no node carries more than 50.0 % of what is requested today (of what fewer nodes carry, with fewer DaemonSet pods, that may be more); at least 3 nodes',
    )
    expect(guardRails([], { ...wanted, headroom: 0.125 }).words).toMatch(/^12\.5 % headroom;/)
    const all = { ...wanted, maxZoneShare: 0.6, maxNodeReplicaShare: 0.25, maxZoneReplicaShare: 0.5 }
    expect(guardRails([node('a1', 100), node('b1', 100)], all).words).toBe(
      "10 % headroom; no node carries more than 50.0 % of what is requested today (of what fewer nodes carry, with fewer DaemonSet pods, that may be more); no zone more than 60 %; no node more than 25 % of a workload's replicas; no zone more than 50 % of a workload's replicas",
    )
  })
})
