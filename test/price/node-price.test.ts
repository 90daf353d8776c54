import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readCatalog } from '../../src/collect/catalog-file.js'
import { catalogFromAws } from '../../src/collect/aws/overlay.js'
import { AWS_SNAPSHOT, type AwsInstance, type AwsSnapshot } from '../../src/domain/aws-snapshot.js'
import type { Price } from '../../src/domain/offering.js'
import { usdPerHour } from '../../src/domain/units.js'
import { buildCluster } from '../../src/model/build-cluster.js'
import { nodePrice, runAsByGroup } from '../../src/price/node-price.js'
import { priceBook } from '../../src/price/price-book.js'
import { feeFindings } from '../../src/remarks.js'
import { snapshotOf, type Api } from '../helpers/objects.js'

const catalog = await readCatalog(fileURLToPath(new URL('../../data/catalog.json.gz', import.meta.url)))
const none = { kind: 'failed', why: 'not asked' } as const
const read = <Value>(value: Value) => ({ kind: 'read' as const, readAt: '2026-11-21T12:00:00.000Z', value })
const rates = (of: Readonly<Record<string, number>>) => read({ rates: of, ambiguous: [] })

const awsOf = (parts: Partial<AwsSnapshot>): AwsSnapshot => ({
  ...AWS_SNAPSHOT,
  ...{ metadata: { name: 'eu-west-1' }, region: 'eu-west-1', currency: 'USD' },
  ...{ instanceTypes: none, offerings: none, spotPrices: none, instances: none, subnets: none, onDemand: none },
  ...{ reservedInstances: none, windows: none, dedicated: none, autoMode: none, ebs: none, controlPlane: none },
  ...{ fargate: none, savingsPlans: none, cluster: none, nodeGroups: none },
  ...parts,
})

const LISTED = {
  onDemand: rates({ 'm5.large': 107000 }),
  windows: rates({ 'm5.large': 199000 }),
  dedicated: rates({ 'm5.large': 113000 }),
}

const instance = (id: string, more: Partial<AwsInstance> = {}): AwsInstance => ({
  ...{ id, type: 'm5.large', zone: 'eu-west-1a', tenancy: 'default', platform: 'Linux/UNIX', publicIpv4: false },
  ...more,
})

const node = (name: string, parts: { os?: string; labels?: Api; type?: string; id?: string } = {}): Api => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: {
      'topology.kubernetes.io/region': 'eu-west-1',
      'topology.kubernetes.io/zone': 'eu-west-1a',
      'node.kubernetes.io/instance-type': parts.type ?? 'm5.large',
      ...parts.labels,
    },
  },
  spec: { providerID: `aws:///eu-west-1a/${parts.id ?? 'i-1'}` },
  status: {
    allocatable: { cpu: '2', memory: '7Gi', pods: '29' },
    nodeInfo: { operatingSystem: parts.os ?? 'linux', osImage: parts.os === 'windows' ? 'Windows Server 2022' : '' },
  },
})

const clusterOf = (nodes: readonly Api[], aws: AwsSnapshot) =>
  buildCluster(snapshotOf(nodes, { aws }), { name: 'c', region: 'eu-west-1' })

/** `rate source` of a known price, the reason of an unknown one. */
const say = (price: Price): string => (price.kind === 'known' ? `${price.rate} ${price.source}` : price.why)

function priceOf(object: Api, parts: Partial<AwsSnapshot>): string {
  const aws = awsOf(parts)
  const [only] = clusterOf([object], aws).nodes
  if (only === undefined) throw new Error('the cluster has no node')
  return say(nodePrice(only, priceBook(catalogFromAws(catalog, aws), 'eu-west-1'), () => undefined))
}

describe('what a node costs by what it runs and on whose hardware', () => {
  const windows = node('w', { os: 'windows' })
  const plain = node('n')
  const seen = (more: Partial<AwsInstance>) => ({ ...LISTED, instances: read([instance('i-1', more)]) })
  const OWN = { labels: { 'karpenter.k8s.aws/instance-tenancy': 'dedicated' } }

  test.each<[name: string, object: Api, aws: Partial<AwsSnapshot>, said: string]>([
    ['Linux on shared hardware', plain, seen({}), '107000 on-demand list 2026-11-21'],
    ['Windows', windows, seen({ platform: 'Windows' }), '199000 on-demand list 2026-11-21, Windows'],
    ['Windows, EC2 not asked', windows, LISTED, '199000 on-demand list 2026-11-21, Windows, capacity type assumed'],
    ['dedicated', plain, seen({ tenancy: 'dedicated' }), '113000 on-demand list 2026-11-21, dedicated tenancy'],
    [
      'dedicated by label',
      node('n', OWN),
      LISTED,
      '113000 on-demand list 2026-11-21, dedicated tenancy, capacity type assumed',
    ],
    ['what EC2 says wins', node('n', OWN), seen({}), '107000 on-demand list 2026-11-21'],
    [
      'reserved',
      plain,
      seen({ tenancy: 'dedicated', capacityReservationId: 'cr' }),
      '113000 on-demand list 2026-11-21, dedicated tenancy',
    ],
    [
      'a licence that is not read',
      plain,
      seen({ platform: 'Red Hat Enterprise Linux' }),
      '107000 on-demand list 2026-11-21, without the licence of Red Hat Enterprise Linux',
    ],
    ['a licence brought along', plain, seen({ platform: 'Red Hat BYOL Linux' }), '107000 on-demand list 2026-11-21'],
  ])('%s', (_name, object, aws, said) => expect(priceOf(object, aws)).toBe(said))

  test.each<[name: string, object: Api, aws: Partial<AwsSnapshot>, why: string]>([
    [
      'Windows without a list',
      windows,
      { onDemand: LISTED.onDemand },
      'no price of Windows in eu-west-1 is known: the catalog has none, AWS gave none',
    ],
    [
      'Windows of a type that is not listed',
      node('w', { os: 'windows', type: 'm5.xlarge' }),
      LISTED,
      'm5.xlarge has no price with Windows in eu-west-1 (list of 2026-11-21)',
    ],
    [
      'Windows as spot',
      windows,
      seen({ platform: 'Windows', lifecycle: 'spot' }),
      'spot prices of Windows are not read',
    ],
    [
      'Windows with SQL Server',
      windows,
      seen({ platform: 'Windows with SQL Server Standard' }),
      'a Windows node that EC2 bills as Windows with SQL Server Standard, whose price is not read',
    ],
    [
      'Windows on dedicated tenancy',
      windows,
      seen({ platform: 'Windows', tenancy: 'dedicated' }),
      'prices of Windows on dedicated tenancy are not read',
    ],
    [
      'dedicated without a list',
      plain,
      { ...seen({ tenancy: 'dedicated' }), dedicated: none },
      'no price of dedicated tenancy in eu-west-1 is known: the catalog has none, AWS gave none',
    ],
    [
      'dedicated as spot',
      plain,
      seen({ tenancy: 'dedicated', lifecycle: 'spot' }),
      'spot prices of dedicated tenancy are not read',
    ],
    ['a dedicated host', plain, seen({ tenancy: 'host' }), 'on a dedicated host, which is paid as a whole'],
  ])('%s: unpriced', (_name, object, aws, why) => expect(priceOf(object, aws)).toBe(why))
})

test('a node that names neither instance nor type has what EC2 says of the instance of its name', () => {
  const bare = { ...node('ip-10-0-0-7'), spec: {}, metadata: { name: 'ip-10-0-0-7', labels: {} } }
  const aws = awsOf({ ...LISTED, instances: read([instance('i-7', { nodeName: 'ip-10-0-0-7', lifecycle: 'spot' })]) })
  expect(clusterOf([bare], aws).nodes).toMatchObject([
    { instanceId: 'i-7', instanceType: 'm5.large', zone: 'eu-west-1a', region: 'eu-west-1', capacityType: 'spot' },
  ])
})

test('new nodes of a group are priced like those of today, the dearer way where they differ', () => {
  const group = (name: string) => ({ labels: { 'eks.amazonaws.com/nodegroup': name } })
  const objects = [
    node('a', { ...group('own'), id: 'i-1' }),
    node('b', { ...group('own'), id: 'i-2' }),
    node('c', { ...group('shared'), id: 'i-3' }),
    node('d', { ...group('windows'), os: 'windows', id: 'i-4' }),
  ]
  const aws = awsOf({ instances: read([instance('i-1'), instance('i-2', { tenancy: 'dedicated' }), instance('i-3')]) })
  expect([...runAsByGroup(clusterOf(objects, aws).groups)]).toEqual([
    ['own', { windows: false, tenancy: 'dedicated' }],
    ['shared', { windows: false, tenancy: 'shared' }],
    ['windows', { windows: true, tenancy: 'shared' }],
  ])
})

describe('EKS Auto Mode', () => {
  const auto = (labels: Api = {}, type = 'm5.large') =>
    node('auto', {
      type,
      labels: { 'eks.amazonaws.com/compute-type': 'auto', 'karpenter.sh/nodepool': 'general', ...labels },
    })
  const fees = { autoMode: rates({ 'm5.large': 12840 }) }
  const onDemand = { 'karpenter.sh/capacity-type': 'on-demand' }
  const priceIn = (object: Api, parts: Partial<AwsSnapshot>): Price => {
    const aws = awsOf(parts)
    const [only] = clusterOf([object], aws).nodes
    if (only === undefined) throw new Error('the cluster has no node')
    return nodePrice(only, priceBook(catalogFromAws(catalog, aws), 'eu-west-1'), () => undefined)
  }

  test('adds its fee to the instance, on-demand and spot alike', () => {
    expect(priceIn(auto(onDemand), { ...LISTED, ...fees })).toEqual({
      kind: 'known',
      rate: 119840,
      instanceRate: 107000,
      basis: 'list',
      source: 'on-demand list 2026-11-21, EKS Auto Mode fee 2026-11-21',
    })
    const price = { rate: 40000, since: '2026-11-21T00:00:00.000Z', min: 1, max: 40000 }
    const spotPrices = read({ days: 3, zones: [{ zone: 'eu-west-1a', prices: { 'm5.large': price } }] })
    expect(priceIn(auto({ 'karpenter.sh/capacity-type': 'spot' }), { ...LISTED, ...fees, spotPrices })).toMatchObject({
      rate: 52840,
      instanceRate: 40000,
      basis: 'observed',
    })
  })

  test('without a fee: the price of the instance, which says what it lacks, and a finding for each node', () => {
    for (const parts of [LISTED, { ...LISTED, autoMode: rates({ 'c5.large': 1 }) }]) {
      const aws = awsOf(parts)
      const cluster = clusterOf([auto(onDemand)], aws)
      const price = priceIn(auto(onDemand), parts)
      expect(say(price)).toBe('107000 on-demand list 2026-11-21, without the fee of EKS Auto Mode')
      const bill = { nodes: new Map([['auto', price]]), total: { rate: usdPerHour(0), unpriced: 0 }, clusterFees: [] }
      expect(feeFindings(cluster, bill).map(({ code, subject }) => `${code} ${subject}`)).toEqual([
        'auto-mode-fee-unknown auto',
      ])
    }
    const [cluster, price] = [clusterOf([auto(onDemand)], awsOf({})), priceIn(auto(onDemand), { ...LISTED, ...fees })]
    const bill = { nodes: new Map([['auto', price]]), total: { rate: usdPerHour(0), unpriced: 0 }, clusterFees: [] }
    expect(feeFindings(cluster, bill)).toEqual([])
  })

  test('a new node is of a type with a fee, as far as fees are known', () => {
    const said = (parts: Partial<AwsSnapshot>, type: string): string => {
      const aws = awsOf(parts)
      const runAs = runAsByGroup(clusterOf([auto(onDemand)], aws).groups)
        .values()
        .next().value
      expect(runAs).toMatchObject({ autoMode: 'new' })
      return say(priceBook(catalogFromAws(catalog, aws), 'eu-west-1').onDemand(type, 'eu-west-1a', runAs))
    }
    const listed = { onDemand: rates({ 'm5.large': 107000, 'm5.xlarge': 214000 }) }
    expect(said({ ...listed, ...fees }, 'm5.large')).toContain('119840 ')
    expect(said({ ...listed, ...fees }, 'm5.xlarge')).toBe('EKS Auto Mode lists no fee for m5.xlarge in eu-west-1')
    expect(said(listed, 'm5.xlarge')).toContain('214000 on-demand list 2026-11-21, without the fee of EKS Auto Mode')
  })
})
