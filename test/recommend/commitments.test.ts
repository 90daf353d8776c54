import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AwsReservedInstances, AwsSavingsPlan } from '../../src/domain/aws-snapshot.js'
import type { Node, NodeGroup } from '../../src/domain/cluster.js'
import type { Price } from '../../src/domain/offering.js'
import type { Plan } from '../../src/domain/plan.js'
import { NO_RESOURCES } from '../../src/domain/resources.js'
import { sumRates, usdPerHour } from '../../src/domain/units.js'
import { commitmentFindings } from '../../src/recommend/commitment-findings.js'
import { commitmentsOf, type CommitmentInput } from '../../src/recommend/commitments.js'
import { list, node, planNode, unpriced } from '../report/fixture.js'

const RATES: Readonly<Record<string, number>> = {
  'm5.large': 0.1,
  'm5.xlarge': 0.2,
  'm5.2xlarge': 0.4,
  'c5.large': 0.08,
  'g5.xlarge': 1,
  'g5.2xlarge': 1.2,
}
const listPrice = (type: string | undefined): Price =>
  RATES[type ?? ''] === undefined ? unpriced : list(RATES[type ?? ''] ?? 0)
const read = <Value>(value: Value) => ({ kind: 'read' as const, readAt: '2026-11-21T12:00:00.000Z', value })
const reserved = (parts: Partial<AwsReservedInstances> = {}): AwsReservedInstances => ({
  id: 'ri-1',
  type: 'm5.large',
  count: 1,
  platform: 'Linux/UNIX',
  tenancy: 'default',
  offeringClass: 'standard',
  end: '2027-05-01T00:00:00.000Z',
  hourlyMicro: 60_000,
  ...parts,
})
const savingsPlan = (parts: Partial<AwsSavingsPlan> = {}): AwsSavingsPlan => ({
  id: 'sp-1',
  type: 'Compute',
  commitmentMicroPerHour: 100_000,
  currency: 'USD',
  end: '2027-01-01T00:00:00.000Z',
  ...parts,
})
const machine = (name: string, instanceType: string, over: Partial<Node> = {}): Node =>
  node(name, { instanceType, ...over })

type Case = {
  readonly reserved?: readonly AwsReservedInstances[]
  readonly savingsPlans?: readonly AwsSavingsPlan[]
  readonly nodes: readonly Node[]
  /** Nodes of the plan; without it there is none. */
  readonly plan?: readonly Node[]
}

function planOf(nodes: readonly Node[], live: readonly Node[]): Plan {
  const names = new Set(live.map(({ name }) => name))
  const planned = nodes.map((one) => ({
    ...planNode(one, listPrice(one.instanceType), NO_RESOURCES, []),
    action: names.has(one.name) ? ('keep' as const) : ('new' as const),
  }))
  const rates = planned.flatMap(({ price }) => (price.kind === 'known' ? [price.rate] : []))
  return { nodes: planned, unplaced: [], cost: { rate: sumRates(rates), unpriced: planned.length - rates.length } }
}

function inputOf({ nodes, plan, ...aws }: Case): CommitmentInput {
  const prices = new Map(nodes.map((one) => [one.name, listPrice(one.instanceType)]))
  const rates = [...prices.values()].flatMap((price) => (price.kind === 'known' ? [price.rate] : []))
  return {
    aws: { reservedInstances: read(aws.reserved ?? []), savingsPlans: read(aws.savingsPlans ?? []) },
    cluster: { nodes, groups: [{ name: 'web', nodes } as unknown as NodeGroup] },
    bill: { nodes: prices, total: { rate: sumRates(rates), unpriced: nodes.length - rates.length } },
    plan: plan && planOf(plan, nodes),
    types: Object.keys(RATES),
    listPrice,
    now: '2026-11-21T00:00:00Z',
  }
}

const of = (given: Case) => {
  const commitments = commitmentsOf(inputOf(given))
  if (commitments === undefined) throw new Error('nothing was read')
  return commitments
}
/** What each reservation covers of today's nodes. */
const usedToday = (given: Case) => of(given).reserved.map(({ today }) => [today.amount, today.nodes.join(' ')])

describe('Reserved Instances', () => {
  it('of one m5.xlarge for the region cover two m5.large, or half of an m5.2xlarge', () => {
    const ri = [reserved({ type: 'm5.xlarge' })]
    const larges = [machine('a', 'm5.large'), machine('b', 'm5.large'), machine('c', 'm5.large')]
    expect(usedToday({ reserved: ri, nodes: larges })).toEqual([[1, 'a b']])
    const half = of({ reserved: ri, nodes: [machine('a', 'm5.2xlarge')] })
    expect(half.reserved[0]?.today).toEqual({ amount: 1, nodes: ['a'] })
    expect(half.today.covered).toBe(usdPerHour(0.2))
  })

  it('cover the smallest size of the family first', () => {
    const nodes = [machine('a', 'm5.2xlarge'), machine('b', 'm5.large')]
    expect(usedToday({ reserved: [reserved({ type: 'm5.xlarge' })], nodes })).toEqual([[1, 'a b']])
    expect(usedToday({ reserved: [reserved()], nodes })).toEqual([[1, 'b']])
  })

  it.each<[string, Partial<AwsReservedInstances>, number]>([
    ['regional for Linux: any size of the family', {}, 2],
    ['for one zone: its type there alone', { zone: 'us-east-1b' }, 1],
    ['for Windows: no node of Linux', { platform: 'Windows' }, 0],
    ['on dedicated hardware: no shared node', { tenancy: 'dedicated' }, 0],
    ['of old networks too', { platform: 'Linux/UNIX (Amazon VPC)' }, 2],
  ])('%s', (_, parts, amount) => {
    const nodes = [machine('a', 'm5.large'), machine('b', 'm5.large', { zone: 'us-east-1b' }), machine('c', 'c5.large')]
    expect(usedToday({ reserved: [reserved({ count: 5, ...parts })], nodes })[0]?.[0]).toBe(amount)
  })

  it('of families without size flexibility cover their own size alone', () => {
    const nodes = [machine('a', 'g5.xlarge'), machine('b', 'g5.2xlarge')]
    const [row] = of({ reserved: [reserved({ type: 'g5.xlarge', count: 3 })], nodes }).reserved
    expect(row).toMatchObject({ sizeFlexible: false, today: { amount: 1, nodes: ['a'] } })
  })

  it('cover neither spot nor what is not paid by the instance, and nothing once they have ended', () => {
    const nodes = [
      machine('a', 'm5.large', { capacityType: 'spot' }),
      machine('b', 'm5.large', { tenancy: 'host' }),
      machine('c', 'm5.large', { owner: 'hybrid' }),
      machine('d', 'm5.large', { capacityType: 'capacity-block' }),
    ]
    expect(usedToday({ reserved: [reserved({ count: 9 })], nodes })).toEqual([[0, '']])
    const ended = reserved({ end: '2026-11-21T00:00:00.000Z' })
    expect(of({ reserved: [ended], nodes: [machine('a', 'm5.large')] }).reserved).toEqual([])
  })

  it('are applied zonal before regional, the ones that end last first, and equal purchases are one row', () => {
    const all = [
      reserved({ id: 'r1', end: '2027-01-01T00:00:00.000Z' }),
      reserved({ id: 'r2', end: '2028-01-01T00:00:00.000Z' }),
      reserved({ id: 'r3', end: '2028-01-01T00:00:00.000Z' }),
      reserved({ id: 'r4', zone: 'us-east-1a' }),
    ]
    const nodes = ['a', 'b', 'c'].map((name) => machine(name, 'm5.large'))
    expect(
      of({ reserved: all, nodes }).reserved.map(({ zone, count, end, today }) => [
        zone,
        count,
        end.slice(0, 4),
        today.amount,
      ]),
    ).toEqual([
      ['us-east-1a', 1, '2027', 1],
      [undefined, 2, '2028', 2],
      [undefined, 1, '2027', 0],
    ])
  })

  it('never cover more than they are, nor more than there is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('m5.large', 'm5.xlarge', 'm5.2xlarge', 'c5.large'), { maxLength: 12 }),
        fc.array(fc.record({ type: fc.constantFrom('m5.large', 'm5.2xlarge'), count: fc.integer({ min: 1, max: 4 }) })),
        fc.integer({ min: 1, max: 900_000 }),
        (types, bought, commitmentMicroPerHour) => {
          const all = of({
            reserved: bought.map((one, at) => reserved({ ...one, id: `r${at}` })),
            savingsPlans: [savingsPlan({ commitmentMicroPerHour })],
            nodes: types.map((type, at) => machine(`n${at}`, type)),
          })
          for (const { count, today } of all.reserved) expect(today.amount).toBeLessThanOrEqual(count)
          expect(all.savingsPlans[0]?.today.amount).toBeLessThanOrEqual(commitmentMicroPerHour)
          expect(all.today.covered).toBeLessThanOrEqual(all.today.list.rate)
        },
      ),
    )
  })
})

describe('Savings Plans', () => {
  const family = savingsPlan({
    id: 'sp-m5',
    type: 'EC2Instance',
    family: 'm5',
    region: 'us-east-1',
    rates: { 'm5.large': 50_000 },
  })

  it('for one family come before those for any, and cover what reservations leave', () => {
    const found = of({
      reserved: [reserved()],
      savingsPlans: [savingsPlan({ rates: { 'c5.large': 60_000, 'm5.large': 70_000 } }), family],
      nodes: [machine('a', 'm5.large'), machine('b', 'm5.large'), machine('c', 'c5.large')],
    })
    expect(found.reserved[0]?.today.nodes).toEqual(['a'])
    expect(found.savingsPlans.map(({ id, rated, today }) => [id, rated, today.amount, today.nodes.join(' ')])).toEqual([
      ['sp-m5', true, 50_000, 'b'],
      ['sp-1', true, 60_000, 'c'],
    ])
    expect(found.today.covered).toBe(usdPerHour(0.28))
  })

  it('take the best discount first, a part of the last node, and no more than they are', () => {
    const rates = { 'm5.large': 50_000, 'c5.large': 70_000 }
    const found = of({
      savingsPlans: [savingsPlan({ commitmentMicroPerHour: 85_000, rates })],
      nodes: [machine('a', 'c5.large'), machine('b', 'm5.large')],
    })
    expect(found.savingsPlans[0]?.today).toEqual({ amount: 85_000, nodes: ['a', 'b'] })
    // All of b at 0.1, half of a at 0.08.
    expect(found.today.covered).toBe(usdPerHour(0.14))
  })

  it('count at list prices where their own rates are not known, which is said', () => {
    const nodes = [machine('a', 'm5.large'), machine('w', 'm5.large', { os: 'windows' })]
    const [plan] = of({ savingsPlans: [savingsPlan({ commitmentMicroPerHour: 500_000 })], nodes }).savingsPlans
    expect(plan).toMatchObject({ rated: false, today: { amount: 200_000 } })
    const rated = of({
      savingsPlans: [savingsPlan({ commitmentMicroPerHour: 500_000, rates: { 'm5.large': 50_000 } })],
      nodes,
    })
    expect(rated.savingsPlans[0]).toMatchObject({ rated: false, today: { amount: 150_000 } })
  })

  it('of any kind of compute cover Fargate, and those for a family do not', () => {
    const fargate = node('f', { owner: 'fargate', capacityType: 'fargate', instanceType: 'm5.large' })
    const found = of({ savingsPlans: [savingsPlan(), family], nodes: [fargate] })
    expect(found.savingsPlans.map(({ kind, today }) => [kind, today.nodes])).toEqual([
      ['EC2Instance', []],
      ['Compute', ['f']],
    ])
  })

  it('for other services or in another currency are left out', () => {
    const others = [savingsPlan({ type: 'SageMaker' }), savingsPlan({ currency: 'CNY' })]
    expect(of({ savingsPlans: others, nodes: [] }).savingsPlans).toEqual([])
  })
})

describe('a plan', () => {
  const nodes = ['a', 'b', 'c'].map((name) => machine(name, 'm5.2xlarge'))

  it('that drops reserved nodes: says how many of which until when, and what the bill will not show', () => {
    const found = of({
      reserved: [reserved({ type: 'm5.2xlarge', count: 3, hourlyMicro: 250_000 })],
      nodes,
      plan: [machine('a', 'm5.2xlarge'), machine('new', 'm5.large')],
    })
    expect(found.reserved[0]).toMatchObject({ today: { amount: 3 }, plan: { amount: 1.25, nodes: ['a', 'new'] } })
    expect(found.lessUsedUntil).toBe('2027-05-01T00:00:00.000Z')
    // All of today and of the plan is covered: the whole saving is owed all the same.
    expect(found.estimate).toEqual({ today: 750_000, plan: 750_000 })
    expect(commitmentFindings(found).map(({ code, subject, detail }) => [code, subject, detail])).toEqual([
      [
        'commitments-in-force',
        'Reserved Instances, Savings Plans',
        "3 Reserved Instances ($1.20 an hour at list prices) are in force, the last until 2027-05-01: they cover up to $1.20 an hour of today's nodes at list prices and up to $0.50 of the plan's: until 2027-05-01 up to $0.70 of the saving of $0.70 an hour may not show on the bill, for what is committed is owed whether it is used or not.",
      ],
      [
        'commitment-unused-by-plan',
        'm5.2xlarge',
        'the plan no longer uses 1.75 × m5.2xlarge (of any size of the family) that are reserved until 2027-05-01',
      ],
    ])
  })

  it('that goes to spot beside a Savings Plan would raise the bill', () => {
    const found = of({
      savingsPlans: [savingsPlan({ commitmentMicroPerHour: 600_000, rates: { 'm5.2xlarge': 200_000 } })],
      nodes,
      plan: [machine('s', 'm5.2xlarge', { capacityType: 'spot' })],
    })
    expect(found.estimate).toEqual({ today: 600_000, plan: 1_000_000 })
    const [first, second] = commitmentFindings(found)
    expect(first?.detail).toContain('until 2027-01-01 the bill would rise by up to $0.40 an hour')
    expect(second).toMatchObject({
      subject: 'sp-1',
      detail:
        'the plan no longer uses $0.60 of the $0.60 an hour that a Compute Savings Plan is committed to until 2027-01-01',
    })
  })

  it('that leaves nothing unused says so', () => {
    const found = of({ reserved: [reserved()], nodes, plan: [machine('a', 'm5.2xlarge')] })
    expect(found.lessUsedUntil).toBeUndefined()
    expect(found.estimate).toEqual({ today: 1_200_000 - 100_000 + 60_000, plan: 400_000 - 100_000 + 60_000 })
    expect(commitmentFindings(found).map(({ detail }) => detail)).toEqual([
      expect.stringContaining('the plan leaves none of it unused that is used today.'),
    ])
  })

  it.each<[string, Partial<CommitmentInput['aws']> | undefined, Partial<Case>, string]>([
    [
      'a price of a reservation',
      undefined,
      { reserved: [noHourly()] },
      'AWS did not say what the reserved m5.large cost',
    ],
    [
      'a rate of a Savings Plan',
      undefined,
      { savingsPlans: [savingsPlan()] },
      'not every rate of the Savings Plans is known',
    ],
    ['a price of a node', undefined, { nodes: [machine('x', 'mock.large')] }, 'one node has no price'],
    [
      'Savings Plans',
      {
        savingsPlans: {
          kind: 'denied',
          action: 'savingsplans:DescribeSavingsPlans',
          permission: 'savingsplans:DescribeSavingsPlans',
        },
      },
      {},
      'Savings Plans are not known: the permission savingsplans:DescribeSavingsPlans is missing',
    ],
  ])('has no estimate without %s', (_, aws, parts, why) => {
    const input = inputOf({ reserved: [reserved()], nodes, plan: nodes, ...parts })
    const found = commitmentsOf({ ...input, aws: input.aws && { ...input.aws, ...aws } })
    expect([found?.estimate, found?.whyNoEstimate]).toEqual([undefined, why])
  })

  it('is silent where nothing is in force, or nobody was asked', () => {
    expect(commitmentFindings(of({ nodes, plan: nodes }))).toEqual([])
    expect(commitmentsOf({ ...inputOf({ nodes }), aws: undefined })).toBeUndefined()
    const failed = { kind: 'failed', why: 'no answer' } as const
    expect(
      commitmentsOf({ ...inputOf({ nodes }), aws: { reservedInstances: failed, savingsPlans: failed } }),
    ).toBeUndefined()
  })
})

function noHourly(): AwsReservedInstances {
  const { hourlyMicro: _, ...rest } = reserved()
  return rest
}
