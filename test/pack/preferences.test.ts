import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Plan } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import type { PreferenceChange } from '../../src/domain/preferences.js'
import type { Labels } from '../../src/domain/snapshot.js'
import { preferenceChanges } from '../../src/pack/wishes/preferences.js'
import type { Api } from '../helpers/objects.js'
import { keptNode, makeNode, makePlan } from './make-plan.js'
import { makeNamespace, makePod, makeSite, type PodParts } from './make.js'

const ZONE = 'topology.kubernetes.io/zone'
const HOST = 'kubernetes.io/hostname'

/** Nodes `a1`, `a2`, `b1`: the letter is the zone. `placed`: the node of each pod. */
function planOf(pods: readonly Pod[], placed: Readonly<Record<string, string>>, nodes: readonly string[]): Plan {
  return makePlan(
    nodes.map((name) => {
      const labels: Labels = name.startsWith('-') ? {} : { [ZONE]: name[0] ?? '' }
      const node = makeNode(makeSite(name, labels))
      return keptNode(node, { pods: pods.filter(({ name: pod }) => placed[pod] === name) })
    }),
  )
}

type Places = Readonly<Record<string, string>>

function change(
  pods: readonly Pod[],
  today: Places,
  then: Places,
  nodes: readonly string[] = ['a1', 'a2', 'b1'],
): PreferenceChange {
  const running = pods.map((pod) => ({ ...pod, nodeName: today[pod.name] ?? '' }))
  const before = planOf(running, today, nodes)
  return preferenceChanges(
    { namespaces: [makeNamespace('other', { team: 'x' })] },
    before,
  )(planOf(running, then, nodes))
}

const figures = ({ heldToday, givenUp, gained }: PreferenceChange): readonly number[] => [heldToday, givenUp, gained]

const pod = (name: string, spec: Api = {}, parts: PodParts = {}): Pod =>
  makePod(name, { labels: { app: name.replace(/\d+$/, '') }, workload: 'default/Deployment/web', spec, ...parts })

const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'
const inZone = (zone: string, weight = 30): Api => ({
  affinity: {
    nodeAffinity: {
      [PREFERRED]: [{ weight, preference: { matchExpressions: [{ key: ZONE, operator: 'In', values: [zone] }] } }],
    },
  },
})
const pods = (kind: 'podAffinity' | 'podAntiAffinity', app: string, topologyKey = HOST, more: Api = {}): Api => ({
  affinity: {
    [kind]: {
      [PREFERRED]: [
        { weight: 100, podAffinityTerm: { labelSelector: { matchLabels: { app } }, topologyKey, ...more } },
      ],
    },
  },
})
const spread = (topologyKey = ZONE, more: Api = {}): Api => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { app: 'web' } },
      ...more,
    },
  ],
})

describe('preferred node affinity', () => {
  it('is given up on a node that does not match, with its weight', () => {
    const lost = change(
      [pod('web1', inZone('a')), pod('web2', inZone('a'))],
      { web1: 'a1', web2: 'a1' },
      {
        web1: 'a2',
        web2: 'b1',
      },
    )
    expect(lost).toEqual({
      heldToday: 2,
      givenUp: 1,
      givenUpWeight: 30,
      gained: 0,
      lost: [
        {
          workload: 'default/Deployment/web',
          kind: 'node affinity',
          text: `${ZONE} In [a]`,
          count: 1,
          weight: 30,
        },
      ],
    })
  })

  it('is gained on a node that matches where today does not, and is nothing where neither does', () => {
    expect(figures(change([pod('web1', inZone('b'))], { web1: 'a1' }, { web1: 'b1' }))).toEqual([0, 0, 1])
    expect(figures(change([pod('web1', inZone('c'))], { web1: 'a1' }, { web1: 'b1' }))).toEqual([0, 0, 0])
  })

  it('counts for nothing without a weight, an expression, or a place today or in the plan', () => {
    expect(figures(change([pod('web1', inZone('a', 0))], { web1: 'a1' }, { web1: 'b1' }))).toEqual([0, 0, 0])
    const empty = { affinity: { nodeAffinity: { [PREFERRED]: [{ weight: 9, preference: {} }] } } }
    expect(figures(change([pod('web1', empty)], { web1: 'a1' }, { web1: 'b1' }))).toEqual([0, 0, 0])
    expect(figures(change([pod('web1', inZone('a'))], {}, { web1: 'b1' }))).toEqual([0, 0, 0])
    expect(figures(change([pod('web1', inZone('a'))], { web1: 'a1' }, {}))).toEqual([0, 0, 0])
  })
})

describe('preferred pod affinity', () => {
  const near = pods('podAffinity', 'cache', ZONE)
  it('holds where another pod that it names is in the domain', () => {
    const two = [pod('web1', near), pod('cache')]
    expect(figures(change(two, { web1: 'a1', cache: 'a2' }, { web1: 'a1', cache: 'b1' }))).toEqual([1, 1, 0])
    expect(figures(change(two, { web1: 'a1', cache: 'b1' }, { web1: 'a1', cache: 'a1' }))).toEqual([0, 0, 1])
  })

  it('does not count the pod itself', () => {
    const own = pods('podAffinity', 'web')
    const two = [pod('web1', own), pod('web2')]
    expect(figures(change(two, { web1: 'a1', web2: 'a1' }, { web1: 'a1', web2: 'a2' }))).toEqual([1, 1, 0])
    expect(figures(change([pod('web1', own)], { web1: 'a1' }, { web1: 'a2' }))).toEqual([0, 0, 0])
  })

  it('looks in other namespaces only where it says so', () => {
    const cache = makePod('cache', { namespace: 'other', labels: { app: 'cache' } })
    const [today, then] = [
      { web1: 'a1', cache: 'a1' },
      { web1: 'a1', cache: 'b1' },
    ]
    expect(figures(change([pod('web1', near), cache], today, then))).toEqual([0, 0, 0])
    const named = pods('podAffinity', 'cache', ZONE, { namespaceSelector: { matchLabels: { team: 'x' } } })
    expect(figures(change([pod('web1', named), cache], today, then))).toEqual([1, 1, 0])
  })

  it('does not hold on a node without the label', () => {
    const two = [pod('web1', near), pod('cache')]
    expect(figures(change(two, { web1: 'a1', cache: 'a1' }, { web1: '-', cache: '-' }, ['a1', '-']))).toEqual([1, 1, 0])
  })
})

describe('preferred pod anti-affinity', () => {
  const apart = pods('podAntiAffinity', 'web')
  it('is given up by each pod that gets a neighbour', () => {
    const two = [pod('web1', apart), pod('web2', apart)]
    const { lost, ...rest } = change(two, { web1: 'a1', web2: 'a2' }, { web1: 'a1', web2: 'a1' })
    expect(rest).toEqual({ heldToday: 2, givenUp: 2, givenUpWeight: 200, gained: 0 })
    expect(lost).toEqual([expect.objectContaining({ kind: 'pod anti-affinity', count: 2, weight: 200 })])
    expect(figures(change(two, { web1: 'a1', web2: 'a1' }, { web1: 'a1', web2: 'a2' }))).toEqual([0, 0, 2])
  })

  it('narrows its selector by matchLabelKeys', () => {
    const keys = pods('podAntiAffinity', 'web', HOST, { matchLabelKeys: ['rev'] })
    const rev = (name: string, value: string): Pod => pod(name, keys, { labels: { app: 'web', rev: value } })
    const [today, then] = [
      { web1: 'a1', web2: 'a2' },
      { web1: 'a1', web2: 'a1' },
    ]
    expect(figures(change([rev('web1', '1'), rev('web2', '2')], today, then))).toEqual([2, 0, 0])
    expect(figures(change([rev('web1', '1'), rev('web2', '1')], today, then))).toEqual([2, 2, 0])
  })
})

describe('ScheduleAnyway spread', () => {
  const three = (spec: Api): Pod[] => ['web1', 'web2', 'web3'].map((name) => pod(name, spec))
  const even = { web1: 'a1', web2: 'a2', web3: 'b1' }
  const odd = { web1: 'a1', web2: 'a1', web3: 'a2' }
  it('is counted once for a workload, by the domains that exist', () => {
    const { lost, ...rest } = change(three(spread()), even, odd)
    expect(rest).toEqual({ heldToday: 1, givenUp: 1, givenUpWeight: 100, gained: 0 })
    expect(lost).toEqual([
      expect.objectContaining({ kind: 'spread', count: 1, text: expect.stringContaining('skew at most 1') }),
    ])
    expect(figures(change(three(spread()), odd, even))).toEqual([0, 0, 1])
    expect(figures(change(three(spread(ZONE, { maxSkew: 3 })), even, odd))).toEqual([1, 0, 0])
  })

  it('does not count hard constraints, nor selectors that count no pod', () => {
    expect(figures(change(three(spread(ZONE, { whenUnsatisfiable: 'DoNotSchedule' })), even, odd))).toEqual([0, 0, 0])
    for (const labelSelector of [{}, undefined])
      expect(figures(change(three(spread(ZONE, { labelSelector })), even, odd))).toEqual([0, 0, 0])
  })

  it('makes domains of nodes only that the pod may go to', () => {
    // Without zone b there is one domain, in which nothing is uneven.
    const bound = { ...spread(), nodeSelector: { [ZONE]: 'a' } }
    expect(figures(change(three(bound), odd, odd))).toEqual([1, 0, 0])
    expect(figures(change(three(spread()), odd, odd))).toEqual([0, 0, 0])
  })

  it('does not count pods that are being deleted', () => {
    const leaving = pod('web4', {}, { terminating: true })
    const all = [...three(spread()), leaving]
    expect(figures(change(all, { ...even, web4: 'a1' }, { ...even, web4: 'a1' }))).toEqual([1, 0, 0])
  })
})

it('costs nothing where nobody prefers anything: no plan is read', () => {
  const today = planOf([pod('web1')], { web1: 'a1' }, ['a1'])
  const unread = new Proxy(today, {
    get: () => {
      throw new Error('the plan was read')
    },
  })
  expect(preferenceChanges({ namespaces: [] }, today)(unread).heldToday).toBe(0)
})

/** What holds, asked of every pod about every other one. */
function heldByHand(pods: readonly Pod[], places: Places): number {
  const domain = (one: Pod, key: string): string =>
    (key === ZONE ? (places[one.name] ?? '')[0] : places[one.name]) ?? ''
  const terms = pods.reduce((held, one) => {
    const { nodes = [], near = [], apart = [] } = one.spec.preferences ?? {}
    const others = (key: string): number =>
      pods.filter((other) => other !== one && domain(other, key) === domain(one, key)).length
    const inPlace = nodes.filter(({ term }) => term.matchExpressions[0]?.values[0] === domain(one, ZONE)).length
    const together = near.filter(({ term }) => others(term.topologyKey) > 0).length
    const alone = apart.filter(({ term }) => others(term.topologyKey) === 0).length
    return held + inPlace + together + alone
  }, 0)
  const keys = new Set(pods.flatMap(({ spec }) => spec.topologySpread.map(({ topologyKey }) => topologyKey)))
  const even = [...keys].filter((key) => {
    const domains = key === ZONE ? ['a', 'b'] : ['a1', 'a2', 'b1']
    const counts = domains.map((name) => pods.filter((one) => domain(one, key) === name).length)
    return Math.max(...counts) - Math.min(...counts) <= 1
  })
  return terms + even.length
}

it('gives up nothing in the plan of today, and all sums agree', () => {
  const spot = fc.constantFrom('a1', 'a2', 'b1')
  const specs = [{}, inZone('a'), pods('podAffinity', 'web'), pods('podAntiAffinity', 'web'), spread(), spread(HOST)]
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...specs), spot, spot), { minLength: 1, maxLength: 8 }), (placed) => {
      const all = placed.map(([spec], index) => pod(`web${index}`, spec))
      const at = (of: 1 | 2): Places => Object.fromEntries(placed.map((one, index) => [`web${index}`, one[of]]))
      const same = change(all, at(1), at(1))
      expect([same.givenUp, same.gained]).toEqual([0, 0])
      const there = change(all, at(1), at(2))
      expect(there.heldToday).toBe(heldByHand(all, at(1)))
      const back = change(all, at(2), at(1))
      expect(there.lost.reduce((sum, { count }) => sum + count, 0)).toBe(there.givenUp)
      expect(there.lost.reduce((sum, { weight }) => sum + weight, 0)).toBe(there.givenUpWeight)
      // What is given up one way is gained the other way.
      expect([back.gained, back.givenUp]).toEqual([there.givenUp, there.gained])
      expect(there.heldToday - there.givenUp + there.gained).toBe(back.heldToday)
    }),
  )
})
