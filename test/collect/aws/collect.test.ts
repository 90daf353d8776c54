import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfiguredRetryStrategy } from '@smithy/core/retry'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AWS_ACTIONS } from '../../../src/collect/aws/actions.js'
import { checkAws } from '../../../src/collect/aws/check.js'
import { collectAws, nothingRead, type AwsDeps, type AwsRequest } from '../../../src/collect/aws/collect.js'
import { awsFindings } from '../../../src/collect/aws/findings.js'
import { readAwsSnapshot } from '../../../src/collect/aws/schema.js'
import type { AwsSnapshot } from '../../../src/domain/aws-snapshot.js'
import { ALL_WELL, instance, NOW, offer, product, spot, TYPES } from './answers.js'
import { damaged, deniedBy, ec2, ec2Error, FakeAws, json, jsonError, type Answer } from './fake-aws.js'

/** Every test that loads the SDK is in this file: it takes a second to import. */
const request: AwsRequest = {
  region: 'eu-west-1',
  nodes: [
    { name: 'one', instanceId: 'i-1' },
    { name: 'two', instanceId: 'i-2' },
  ],
  clusterName: 'prod',
}
const deps: AwsDeps = {
  now: NOW,
  version: '9.8.7',
  clients: { retryStrategy: new ConfiguredRetryStrategy(4, () => 0), requestTimeout: 10_000 },
}
const nothing = (): void => undefined
let aws: FakeAws
let folder: string

beforeEach(() => {
  aws = new FakeAws().on(ALL_WELL)
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-aws-'))
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined)
  vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example')
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'))
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'))
})

afterEach(() => {
  aws.close()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

async function collected(changes: Partial<AwsRequest> = {}, more: Partial<AwsDeps> = {}): Promise<AwsSnapshot> {
  const reading = await collectAws({ ...request, ...changes }, nothing, { ...deps, ...more })
  if (reading.kind !== 'read') throw new Error(`no credentials: ${JSON.stringify(reading.failure)}`)
  return reading.snapshot
}

const valueOf = <Value>(read: { readonly kind: string; readonly value?: Value }): Value => {
  expect(read).toMatchObject({ kind: 'read' })
  return read.value as Value
}

const details = (snapshot: AwsSnapshot): string[] =>
  awsFindings(snapshot, request.nodes).map(({ code, detail }) => `${code}: ${detail}`)

describe('when everything works', () => {
  test('each source is read', async () => {
    const snapshot = await collected()
    expect(snapshot).toMatchObject({
      apiVersion: 'k8s-cost/v1',
      kind: 'AwsSnapshot',
      metadata: { name: 'eu-west-1' },
      region: 'eu-west-1',
      currency: 'USD',
    })
    expect(valueOf(snapshot.instanceTypes).map(({ name, architectures, enis }) => [name, architectures, enis])).toEqual(
      [
        ['c6g.xlarge', ['arm64'], 3],
        ['m5.large', ['amd64'], 3],
        ['m5.metal', ['amd64'], 3],
      ],
    )
    expect(valueOf(snapshot.offerings)).toEqual({
      'eu-west-1a': ['c6g.xlarge', 'm5.large', 'm5.metal'],
      'eu-west-1b': ['c6g.xlarge', 'm5.large', 'm5.metal'],
    })
    expect(valueOf(snapshot.spotPrices)).toEqual({
      days: 3,
      zones: [
        {
          zone: 'eu-west-1a',
          prices: { 'm5.large': { rate: 40000, since: '2026-11-21T10:00:00.000Z', min: 38000, max: 45000 } },
        },
        {
          zone: 'eu-west-1b',
          prices: {
            'c6g.xlarge': { rate: 60000, since: '2026-11-21T09:00:00.000Z', min: 60000, max: 60000 },
            'm5.large': { rate: 41000, since: '2026-11-21T09:00:00.000Z', min: 41000, max: 41000 },
          },
        },
      ],
    })
    expect(valueOf(snapshot.instances)).toEqual([
      {
        id: 'i-1',
        type: 'm5.large',
        zone: 'eu-west-1a',
        tenancy: 'default',
        platform: 'Linux/UNIX',
        subnetId: 'subnet-1',
        vpcId: 'vpc-1',
        publicIpv4: false,
      },
      expect.objectContaining({ id: 'i-2', lifecycle: 'spot', publicIpv4: true }),
    ])
    expect(valueOf(snapshot.subnets)).toEqual([
      expect.objectContaining({ id: 'subnet-1', zoneId: 'euw1-az3', freeIpv4: 211, ipv6: false }),
    ])
    expect(valueOf(snapshot.reservedInstances)).toEqual([
      expect.objectContaining({ id: 'ri-1', count: 2, end: '2027-05-01T00:00:00.000Z', hourlyMicro: 60_000 }),
    ])
    // Bare metal is listed on dedicated tenancy alone here.
    expect(valueOf(snapshot.onDemand)).toEqual({
      rates: { 'c6g.xlarge': 145600, 'm5.large': 107000, 'm5.metal': 5136000 },
      ambiguous: [],
    })
    expect(valueOf(snapshot.ebs)).toEqual({
      gp3GbMonth: 88000,
      gp3IopsMonth: 5500,
      gp3ThroughputGiBpsMonth: 45056000,
    })
    expect(valueOf(snapshot.controlPlane)).toEqual({ standard: 100000, extended: 600000 })
    expect(valueOf(snapshot.fargate)).toEqual({ vcpuHour: 40480, gbHour: 4445 })
    expect(valueOf(snapshot.savingsPlans)).toEqual([
      expect.objectContaining({ id: 'sp-1', commitmentMicroPerHour: 1500000, rates: { 'm5.large': 78000 } }),
    ])
    expect(valueOf(snapshot.cluster)).toEqual({
      name: 'prod',
      version: '1.31',
      vpcId: 'vpc-1',
      extendedSupport: true,
      autoMode: false,
    })
    expect(valueOf(snapshot.nodeGroups).map(({ name, maxSize }) => [name, maxSize])).toEqual([
      ['apps', 9],
      ['blue', 9],
    ])
    expect([snapshot.windows.kind, snapshot.dedicated.kind, snapshot.autoMode.kind]).toEqual([
      'skipped',
      'skipped',
      'skipped',
    ])
    expect(details(snapshot)).toEqual([])
  })

  test('a snapshot comes back from a file as it was', async () => {
    const snapshot = await collected()
    const again = readAwsSnapshot(JSON.parse(JSON.stringify(snapshot)), 'file')
    expect(again).toEqual(snapshot)
  })

  test('calls go to the right endpoints, with a user agent of their own, and ask for full pages', async () => {
    await collected()
    expect(aws.calls.every(({ userAgent }) => userAgent.includes('k8s-cost/9.8.7'))).toBe(true)
    expect(aws.callsOf('ec2:DescribeInstanceTypes')[0]).toMatchObject({
      host: 'ec2.eu-west-1.amazonaws.com',
      params: { MaxResults: '100' },
    })
    expect(aws.callsOf('pricing:GetProducts')[0]?.host).toBe('api.pricing.eu-central-1.amazonaws.com')
    expect(aws.callsOf('savingsplans:DescribeSavingsPlans')[0]?.host).toBe('savingsplans.amazonaws.com')
    expect(aws.callsOf('ec2:DescribeSpotPriceHistory')[0]?.params).toMatchObject({
      StartTime: '2026-11-18T12:00:00Z',
      'ProductDescription.1': 'Linux/UNIX',
    })
    expect(aws.callsOf('ec2:DescribeInstances')[0]?.params).toMatchObject({
      IncludeManagedResources: 'true',
      'Filter.1.Name': 'instance-id',
      'Filter.1.Value.2': 'i-2',
    })
  })

  test('the actions listed are those that are used, both ways', async () => {
    aws.on({ 'ec2:DescribeInstances': () => ec2({ reservationSet: [{ instancesSet: [instance('i-1')] }] }) })
    await collected()
    expect(aws.actions).toEqual(AWS_ACTIONS.map(({ action }) => action))
  })

  test('of a few types only those are asked about', async () => {
    const snapshot = await collected({ instanceTypes: ['m5.large', 'c6g.xlarge'], zones: ['eu-west-1a'] })
    expect(snapshot.askedTypes).toEqual(['c6g.xlarge', 'm5.large'])
    expect(snapshot.askedZones).toEqual(['eu-west-1a'])
    expect(aws.callsOf('ec2:DescribeInstanceTypes')[0]?.params).toMatchObject({
      'Filter.1.Name': 'instance-type',
      'Filter.1.Value.1': 'm5.large',
    })
    expect(aws.callsOf('ec2:DescribeSpotPriceHistory')[0]?.params).toMatchObject({
      'Filter.1.Name': 'availability-zone',
      'Filter.2.Name': 'instance-type',
    })
  })

  test('450 instances are asked about in three calls', async () => {
    const nodes = Array.from({ length: 450 }, (_, at) => ({ name: `node-${at + 1}`, instanceId: `i-${at + 1}` }))
    await collected({ nodes })
    // The fake knows two of them; of the rest some are asked for once more, by name.
    const filters = aws.callsOf('ec2:DescribeInstances').map(({ params }) => params['Filter.1.Name'])
    expect(filters).toEqual([...Array<string>(3).fill('instance-id'), 'private-dns-name'])
  })

  describe('nodes whose instance is not known', () => {
    const near = { vpcId: 'vpc-1', placement: { availabilityZone: 'eu-west-1a', tenancy: 'default' } }
    const dns = (privateDnsName: string, more: object = {}) => ({ ...near, privateDnsName, ...more })
    const answer: Answer = (params) =>
      ec2({
        reservationSet: [
          {
            instancesSet:
              params['Filter.1.Name'] === 'instance-id'
                ? [instance('i-1', near)]
                : [
                    instance('i-3', dns('three', { platform: 'windows', platformDetails: '' })),
                    instance('i-4', dns('four')),
                    instance('i-5', dns('four', { vpcId: 'vpc-of-others' })),
                    instance('i-6', dns('six', { vpcId: 'vpc-of-others' })),
                    instance('i-8', dns('seven')),
                    instance('i-2', dns('two')),
                  ],
          },
        ],
      })
    const nodes = [
      { name: 'one', instanceId: 'i-1' },
      { name: 'two', instanceId: 'i-2' },
      { name: 'three', instanceId: undefined },
      { name: 'four', instanceId: undefined },
      { name: 'six', instanceId: undefined },
      { name: 'seven', instanceId: 'i-7' },
    ]

    test('are asked for once more, by name: only what must be theirs is believed', async () => {
      aws.on({ 'ec2:DescribeInstances': answer })
      const snapshot = await collected({ nodes })
      expect(valueOf(snapshot.instances).map(({ id, nodeName }) => [id, nodeName])).toEqual([
        ['i-1', undefined],
        ['i-2', undefined],
        ['i-3', 'three'],
        ['i-4', 'four'],
      ])
      const [byId, byName, ...others] = aws.callsOf('ec2:DescribeInstances').map(({ params }) => params)
      expect(others).toEqual([])
      expect(byId).toMatchObject({ 'Filter.1.Value.1': 'i-1', 'Filter.1.Value.2': 'i-2', 'Filter.1.Value.3': 'i-7' })
      expect(byName).toMatchObject({ 'Filter.1.Name': 'private-dns-name', 'Filter.1.Value.1': 'four' })
      expect(awsFindings(snapshot, nodes).filter(({ code }) => code === 'aws-instance-unknown')).toMatchObject([
        { subject: 'i-7' },
        { subject: 'six' },
      ])
    })

    test('one call where all are known, one where none names its instance', async () => {
      await collected()
      expect(aws.callsOf('ec2:DescribeInstances')).toHaveLength(1)
      aws.on({ 'ec2:DescribeInstances': answer })
      const { instances } = await collected({ nodes: [{ name: 'six', instanceId: undefined }] })
      expect(valueOf(instances)).toMatchObject([{ id: 'i-6', nodeName: 'six' }])
      expect(aws.callsOf('ec2:DescribeInstances')).toHaveLength(2)
    })

    test('a second question that is refused costs nothing of the first answer', async () => {
      aws.on({ 'ec2:DescribeInstances': (params, call) => (call === 0 ? answer(params, call) : deniedBy('ec2:')) })
      const { instances } = await collected({ nodes })
      expect(valueOf(instances).map(({ id }) => id)).toEqual(['i-1'])
      expect(instances).not.toHaveProperty('incomplete')
    })
  })

  test('Windows and dedicated nodes, and EKS Auto Mode, have their prices read too', async () => {
    aws.on({
      'ec2:DescribeInstances': () =>
        ec2({
          reservationSet: [
            {
              instancesSet: [
                instance('i-1', { platformDetails: 'Windows' }),
                instance('i-2', { placement: { availabilityZone: 'eu-west-1a', tenancy: 'dedicated' } }),
              ],
            },
          ],
        }),
      'eks:DescribeCluster': () => json({ cluster: { name: 'prod', computeConfig: { enabled: true } } }),
    })
    const snapshot = await collected()
    expect(valueOf(snapshot.windows).rates).toEqual({ 'm5.large': 199000 })
    expect(valueOf(snapshot.dedicated).rates).toEqual({ 'm5.large': 113000 })
    expect(valueOf(snapshot.autoMode).rates).toEqual({ 'm5.large': 12840 })
  })
})

describe('pages', () => {
  test('are followed to the last', async () => {
    aws.on({
      'ec2:DescribeSpotPriceHistory': (_params, call) =>
        ec2({
          ...(call < 2 ? { nextToken: `t${call + 1}` } : {}),
          spotPriceHistorySet: [spot(`m${call}.large`, 'eu-west-1a', '0.04', '2026-11-21T10:00:00.000Z')],
        }),
      'pricing:GetProducts': (params, call) => {
        const whole = ALL_WELL['pricing:GetProducts']
        if (
          params['filter.operatingSystem'] !== 'Linux' ||
          params['filter.tenancy'] !== 'Shared' ||
          whole === undefined
        )
          return whole?.(params, call) ?? json({})
        if (params['NextToken'] === undefined)
          return json({ PriceList: [product('m5.large', '0.107')], NextToken: 'n' })
        return json({ PriceList: [product('m5.metal', '5.1')] })
      },
      'savingsplans:DescribeSavingsPlanRates': (params) =>
        json(params['nextToken'] === undefined ? { searchResults: [], nextToken: 's' } : { searchResults: [] }),
    })
    const snapshot = await collected()
    expect(Object.keys(valueOf(snapshot.spotPrices).zones[0]?.prices ?? {})).toEqual([
      'm0.large',
      'm1.large',
      'm2.large',
    ])
    expect(aws.callsOf('ec2:DescribeSpotPriceHistory').map(({ params }) => params['NextToken'])).toEqual([
      undefined,
      't1',
      't2',
    ])
    expect(valueOf(snapshot.onDemand).rates).toEqual({ 'm5.large': 107000, 'm5.metal': 5100000 })
    expect(aws.callsOf('savingsplans:DescribeSavingsPlanRates')).toHaveLength(2)
  })

  test('that fail in the middle leave what was read, and say what is missing', async () => {
    const breaksOff: Answer = (_params, call) =>
      call === 0 ? ec2({ nextToken: 't', instanceTypeSet: TYPES }) : ec2Error('InternalFailure', 'a bad day')
    aws.on({
      'ec2:DescribeInstanceTypes': breaksOff,
      'ec2:DescribeInstanceTypeOfferings': (_params, call) =>
        call === 0
          ? ec2({ nextToken: 't', instanceTypeOfferingSet: [offer('m5.large', 'eu-west-1a')] })
          : ec2Error('InternalFailure', 'a bad day'),
    })
    const snapshot = await collected()
    expect(valueOf(snapshot.instanceTypes)).toHaveLength(3)
    expect(snapshot.instanceTypes).toMatchObject({ incomplete: expect.stringContaining('broke off after 3 entries') })
    // Half a zone's offers would say of the other half that they are not to be had.
    expect(snapshot.offerings.kind).toBe('failed')
    expect(details(snapshot)).toEqual([
      expect.stringMatching(/^aws-not-read: offers by zone could not be read from AWS \(.*a bad day.*\)/),
      expect.stringMatching(/^aws-incomplete: instance types: the answer broke off/),
    ])
  })
})

describe('throttling', () => {
  test('is waited out', async () => {
    const well = ALL_WELL['ec2:DescribeInstanceTypes']
    aws.on({
      'ec2:DescribeInstanceTypes': (params, call) =>
        call < 2 ? ec2Error('RequestLimitExceeded', 'slow down', 503) : (well?.(params, call) ?? ec2({})),
      'pricing:GetProducts': (params, call) =>
        call === 0 ? jsonError('ThrottlingException') : (ALL_WELL['pricing:GetProducts']?.(params, call) ?? json({})),
    })
    const snapshot = await collected()
    expect(valueOf(snapshot.instanceTypes)).toHaveLength(3)
    expect(aws.callsOf('ec2:DescribeInstanceTypes')).toHaveLength(3)
    expect(Object.keys(valueOf(snapshot.onDemand).rates)).toHaveLength(3)
  })

  test('that does not end costs the throttled source only', async () => {
    aws.on({ 'ec2:DescribeSpotPriceHistory': () => ec2Error('RequestLimitExceeded', 'slow down', 503) })
    const snapshot = await collected()
    expect(details(snapshot)).toEqual([
      'aws-not-read: spot prices could not be read from AWS (ec2:DescribeSpotPriceHistory: AWS throttled it for too long, all retries were used up); the spot prices and estimates of the price catalog are used.',
    ])
  })
})

describe('denials', () => {
  const denials = AWS_ACTIONS.map(({ action }) => action).filter((action) => action !== 'sts:GetCallerIdentity')

  test.each(denials)('%s costs its own figures, and the permission is named', async (action) => {
    aws.on({ [action]: () => deniedBy(action) })
    const snapshot = await collected()
    const hit = AWS_ACTIONS.find((one) => one.action === action)?.sources ?? []
    const unread = Object.entries(snapshot).flatMap(([name, part]) =>
      typeof part === 'object' && 'kind' in part && (part.kind === 'denied' || part.kind === 'failed') ? [name] : [],
    )
    // Two actions deepen what another has read, which stays.
    const partial = ['eks:DescribeClusterVersions', 'savingsplans:DescribeSavingsPlanRates'].includes(action)
    const asked = hit.filter((source) => !['windows', 'dedicated', 'autoMode'].includes(source))
    expect(unread.sort()).toEqual(partial ? [] : [...asked].sort())
    const findings = awsFindings(snapshot, request.nodes)
    expect(findings).toHaveLength(1)
    expect(findings[0]?.detail).toContain(action)
    expect(findings[0]?.detail).not.toContain('AbCdEf')
    if (action === 'ec2:DescribeInstances') expect(valueOf(snapshot.subnets)).toHaveLength(1)
  })

  test('of everything leave a snapshot that says so', async () => {
    aws.on(Object.fromEntries(denials.map((action) => [action, () => deniedBy(action)])))
    const snapshot = await collected()
    expect(nothingRead(snapshot)).toBe(true)
    const denied = awsFindings(snapshot, []).map(({ code, subject }) => `${code} ${subject}`)
    expect(denied).toEqual(
      // Without the first of each the others are not asked.
      denials
        .filter((action) => !/DescribeSubnets|DescribeClusterVersions|DescribeNodegroup|PlanRates/.test(action))
        .map((action) => `aws-denied ${action}`),
    )
  })
})

describe('answers that are no good', () => {
  test.each(['ec2:DescribeInstanceTypes', 'ec2:DescribeInstances', 'pricing:GetProducts'])(
    '%s: one finding, and the rest is read',
    async (action) => {
      aws.on({ [action]: () => damaged(action) })
      const snapshot = await collected()
      const findings = awsFindings(snapshot, request.nodes)
      expect(findings.map(({ code }) => code)).toEqual(['aws-not-read'])
      expect(findings[0]?.detail).toContain(action)
      expect(valueOf(snapshot.reservedInstances)).toHaveLength(1)
    },
  )

  test('entries that lack what is needed are left out and counted', async () => {
    aws.on({
      'ec2:DescribeInstanceTypes': () => ec2({ instanceTypeSet: [...TYPES, { instanceType: 'm9.huge' }] }),
      'pricing:GetProducts': (params, call) =>
        params['filter.operatingSystem'] === 'Linux' && params['filter.tenancy'] === 'Shared'
          ? json({ PriceList: [product('m5.large', '0.107'), product('m5.metal', '5.1'), '{"product":{}}', 'no JSON'] })
          : (ALL_WELL['pricing:GetProducts']?.(params, call) ?? json({})),
    })
    const snapshot = await collected()
    expect(snapshot.instanceTypes).toMatchObject({
      incomplete: '1 of 4 entries of ec2:DescribeInstanceTypes were not readable',
    })
    expect(snapshot.onDemand).toMatchObject({
      incomplete: '2 of 4 entries of pricing:GetProducts were not readable',
      value: { rates: { 'm5.large': 107000, 'm5.metal': 5100000 } },
    })
  })

  test('a page for people in place of an answer, as from a proxy', async () => {
    aws.on({ 'pricing:GetProducts': () => ({ status: 502, body: '<!doctype html><title>Bad Gateway</title>' }) })
    expect(details(await collected())).toEqual([
      expect.stringContaining(
        "(pricing:GetProducts: the answer cannot be read, it is not in AWS's format, as from a service that lacks the call (HTTP 502))",
      ),
    ])
  })

  test('empty answers are answers', async () => {
    aws.on({
      'ec2:DescribeInstances': () => ec2({ reservationSet: [] }),
      'ec2:DescribeReservedInstances': () => ec2({}),
      'pricing:GetProducts': () => json({ PriceList: [] }),
      'eks:ListNodegroups': () => json({ nodegroups: [] }),
    })
    const snapshot = await collected()
    expect(valueOf(snapshot.instances)).toEqual([])
    expect(valueOf(snapshot.reservedInstances)).toEqual([])
    expect(valueOf(snapshot.onDemand)).toEqual({ rates: {}, ambiguous: [] })
    expect(valueOf(snapshot.nodeGroups)).toEqual([])
    expect(snapshot.controlPlane.kind).toBe('failed')
    expect(awsFindings(snapshot, request.nodes).map(({ code, subject }) => `${code} ${subject}`)).toContain(
      'aws-instance-unknown i-1',
    )
  })
})

describe('wrong and several SKUs', () => {
  test('prices of something else never slip in; of two that differ the higher counts and is reported', async () => {
    const wrong = (changes: Readonly<Record<string, string>>) => product('m5.large', '9.99', changes)
    const list = [
      product('m5.large', '0.0000000000', { capacitystatus: 'AllocatedCapacityReservation' }),
      wrong({ capacitystatus: 'UnusedCapacityReservation', usagetype: 'EU-UnusedBox:m5.large' }),
      wrong({ tenancy: 'Dedicated', usagetype: 'EU-DedicatedUsage:m5.large' }),
      wrong({ tenancy: 'Host', usagetype: 'EU-HostBoxUsage:m5.large' }),
      wrong({ licenseModel: 'Bring your own license' }),
      wrong({ preInstalledSw: 'SQL Std', operation: 'RunInstances:0004' }),
      wrong({ operatingSystem: 'RHEL', operation: 'RunInstances:0010' }),
      wrong({ locationType: 'AWS Local Zone', usagetype: 'EU-DUB1-BoxUsage:m5.large' }),
      wrong({ marketoption: 'CapacityBlock' }),
      wrong({ regionCode: 'eu-west-2' }),
      wrong({ usagetype: 'EU-Reservation:m5.large' }),
      product('m5.large', '0.1070000000'),
      product('c6g.xlarge', '0.1456'),
      product('c6g.xlarge', '0.1500'),
      product('m5.metal', '5.136'),
      product('m5.metal', '5.136', { locationType: 'AWS Region' }),
    ]
    aws.on({
      'pricing:GetProducts': (params, call) =>
        params['filter.operatingSystem'] === 'Linux'
          ? json({ PriceList: list })
          : (ALL_WELL['pricing:GetProducts']?.(params, call) ?? json({})),
    })
    const snapshot = await collected()
    expect(valueOf(snapshot.onDemand)).toEqual({
      rates: { 'c6g.xlarge': 150000, 'm5.large': 107000, 'm5.metal': 5136000 },
      ambiguous: [{ type: 'c6g.xlarge', rates: [145600, 150000] }],
    })
    expect(details(snapshot)).toEqual([
      'aws-price-ambiguous: c6g.xlarge: AWS lists 2 on-demand prices (0.1456, 0.15 USD per hour); the highest is used.',
    ])
  })
})

describe('places', () => {
  test('China: its own Pricing API, prices in yuan', async () => {
    const chinese = { regionCode: 'cn-north-1', usagetype: 'CNN1-BoxUsage:m5.large' }
    aws.on({
      'pricing:GetProducts': () =>
        json({ PriceList: [product('m5.large', '0.966', chinese, 'CNY'), product('c5.large', '0.1', chinese)] }),
    })
    const snapshot = await collected({ region: 'cn-north-1' })
    expect(snapshot.currency).toBe('CNY')
    expect(valueOf(snapshot.onDemand).rates).toEqual({ 'm5.large': 966000 })
    expect(aws.callsOf('pricing:GetProducts')[0]?.host).toBe('api.pricing.cn-northwest-1.amazonaws.com.cn')
    expect(aws.callsOf('ec2:DescribeInstances')[0]?.host).toBe('ec2.cn-north-1.amazonaws.com.cn')
  })

  test('GovCloud: no Pricing API for its credentials, a commercial profile for its prices', async () => {
    // The SDK reads its files once.
    writeFileSync(
      join(folder, 'credentials'),
      '[commercial]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = x\n',
    )
    const without = await collected({ region: 'us-gov-west-1' })
    expect(aws.callsOf('pricing:GetProducts')).toEqual([])
    expect(details(without)).toEqual([expect.stringMatching(/^aws-not-read: on-demand prices, .*no Pricing API/)])
    expect(without.windows.kind).toBe('skipped')

    await collected({ region: 'us-gov-west-1', pricingProfile: 'commercial' })
    expect(aws.callsOf('pricing:GetProducts')[0]).toMatchObject({
      host: 'api.pricing.us-east-1.amazonaws.com',
      params: { 'filter.regionCode': 'us-gov-west-1' },
    })
  })

  test('half of the zones without spot prices: one warning', async () => {
    aws.on({
      'ec2:DescribeSpotPriceHistory': () =>
        ec2({ spotPriceHistorySet: [spot('m5.large', 'eu-west-1a', '0.04', '2026-11-21T10:00:00.000Z')] }),
    })
    expect(details(await collected())).toEqual([
      'aws-spot-zones-empty: AWS gave no spot price at all for eu-west-1b: prices of the region are used there.',
    ])
  })

  test('a region that does not exist: one message for all that is lost', async () => {
    const notFound = Object.assign(new Error('getaddrinfo ENOTFOUND'), {
      code: 'ENOTFOUND',
      hostname: 'ec2.eu-nowhere-9.amazonaws.com',
    })
    aws.fails(/eu-nowhere-9/, notFound)
    const snapshot = await collected({ region: 'eu-nowhere-9', clusterName: undefined })
    const findings = awsFindings(snapshot, request.nodes)
    expect(findings[0]?.detail).toContain(
      'no AWS endpoint ec2.eu-nowhere-9.amazonaws.com was found: region eu-nowhere-9 does not exist, or there is no network',
    )
    expect(findings.filter(({ detail }) => detail.includes('no AWS endpoint'))).toHaveLength(1)
  })

  test('an instance of another account, or none any more', async () => {
    aws.on({ 'ec2:DescribeInstances': () => ec2({ reservationSet: [{ instancesSet: [instance('i-1')] }] }) })
    expect(details(await collected())).toEqual([
      expect.stringMatching(/^aws-instance-unknown: EC2 knows no instance i-2 in eu-west-1/),
    ])
  })

  test('a cluster that is not of EKS is no trouble', async () => {
    aws.on({
      'eks:DescribeCluster': () => jsonError('ResourceNotFoundException', 'No cluster found', 404),
      'eks:ListNodegroups': () => jsonError('ResourceNotFoundException', 'No cluster found', 404),
    })
    const snapshot = await collected()
    expect([snapshot.cluster.kind, snapshot.nodeGroups.kind]).toEqual(['skipped', 'skipped'])
    expect(details(snapshot)).toEqual([])
  })
})

describe('credentials', () => {
  test('none: one message, and nothing is asked', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined)
    const reading = await collectAws(request, nothing, deps)
    expect(reading).toEqual({
      kind: 'no-credentials',
      failure: {
        kind: 'unreadable-source',
        source: 'AWS',
        problem: expect.stringMatching(/^no credentials were found \(.+\)$/),
        fix: expect.stringContaining('--pricing embedded'),
      },
    })
    expect(aws.calls).toEqual([])
  })

  test.each(['ExpiredToken', 'InvalidClientTokenId'])('%s: one message', async (code) => {
    const error = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>not today</Message></Error></ErrorResponse>`
    aws.on({ 'sts:GetCallerIdentity': () => ({ status: 403, body: error }) })
    const reading = await collectAws(request, nothing, deps)
    expect(reading).toMatchObject({ kind: 'no-credentials', failure: { kind: 'unreadable-source' } })
    expect(aws.actions).toEqual(['sts:GetCallerIdentity'])
  })

  test('that expire in mid-run: what was read stays, the rest is one finding', async () => {
    aws.on({
      'ec2:DescribeSpotPriceHistory': () => ec2Error('RequestExpired'),
      'ec2:DescribeReservedInstances': () => ec2Error('RequestExpired'),
    })
    const snapshot = await collected()
    expect(details(snapshot)).toEqual([
      expect.stringContaining('(AWS refused the credentials: the credentials have expired)'),
    ])
    expect(valueOf(snapshot.instances)).toHaveLength(2)
  })

  test('STS out of reach is no reason to stop', async () => {
    aws.fails(/^sts\./, Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
    expect(valueOf((await collected()).instances)).toHaveLength(2)
  })

  test('a profile that does not exist is named', async () => {
    const reading = await collectAws({ ...request, profile: 'nobody' }, nothing, deps)
    expect(reading).toMatchObject({ kind: 'no-credentials', failure: { source: 'AWS (profile nobody)' } })
  })

  test('AWS_ENDPOINT_URL is left to the SDK', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'https://emulator.amazonaws.com')
    await collectAws(request, nothing, deps).catch(nothing)
    expect(new Set(aws.calls.map(({ host }) => host))).toEqual(new Set(['emulator.amazonaws.com']))
  })
})

describe('time', () => {
  test('an answer that does not come is not waited for', async () => {
    aws.on({ 'ec2:DescribeSubnets': () => ({ body: '', delayMs: 9000 }) })
    const clients = { retryStrategy: new ConfiguredRetryStrategy(1, () => 0), requestTimeout: 2000 }
    const snapshot = await collected({}, { clients })
    expect(details(snapshot)).toEqual([expect.stringMatching(/^aws-not-read: subnets .*no answer in time/)])
  })

  test('everything together has an end, even while retries wait', async () => {
    aws.on({ 'ec2:DescribeSpotPriceHistory': () => ec2Error('RequestLimitExceeded', 'slow down', 503) })
    const started = performance.now()
    const clients = { retryStrategy: new ConfiguredRetryStrategy(9, () => 60_000), requestTimeout: 2000 }
    const snapshot = await collected({}, { clients, totalMs: 3000 })
    expect(performance.now() - started).toBeLessThan(30_000)
    expect(details(snapshot)).toContainEqual(
      expect.stringMatching(/spot prices.*no answer in time \(the time for all of AWS, 3 s, has passed\)/),
    )
  })
})

test('a run that is stopped ends at once, and says so', async () => {
  const stop = new AbortController()
  aws.on({
    'ec2:DescribeSpotPriceHistory': () => {
      stop.abort()
      return ec2Error('RequestLimitExceeded', 'slow down', 503)
    },
  })
  const clients = { retryStrategy: new ConfiguredRetryStrategy(9, () => 60_000), requestTimeout: 2000 }
  const snapshot = await collected({}, { clients, signal: stop.signal })
  expect(snapshot.spotPrices).toMatchObject({ kind: 'failed', why: expect.stringContaining('the run was stopped') })
})

describe('the cache', () => {
  const at = (hours: number) => new Date(NOW.getTime() + hours * 3600 * 1000)
  const run = (hours: number, env: Readonly<Record<string, string>> = {}) =>
    collectAws(request, nothing, { ...deps, now: at(hours), cacheDir: join(folder, 'cache'), env })
  const again = (): string[] => {
    const { actions } = aws
    aws.calls.length = 0
    return actions
  }

  test('spares prices for a day and spot prices for an hour, and says its age', async () => {
    const first = await run(0)
    again()
    const second = await run(0.5)
    expect(again()).not.toContain('pricing:GetProducts')
    if (first.kind !== 'read' || second.kind !== 'read') throw new Error('no credentials')
    expect(second.snapshot.onDemand).toEqual(first.snapshot.onDemand)
    expect(second.snapshot.spotPrices).toEqual(first.snapshot.spotPrices)
    expect(second.snapshot.instances).toMatchObject({ readAt: at(0.5).toISOString() })
    expect(second.notes).toContainEqual({ level: 'info', text: 'spotPrices: from the cache, 30 min old' })
    await run(5)
    expect(again()).toEqual(expect.arrayContaining(['ec2:DescribeInstances', 'ec2:DescribeSpotPriceHistory']))
    const third = await run(5.5)
    expect(third.kind === 'read' && third.notes).toContainEqual({
      level: 'info',
      text: 'onDemand: from the cache, 5 h old',
    })
    again()
    await run(25)
    expect(again()).toContain('pricing:GetProducts')
  })

  test('a damaged file is said once for each and not used', async () => {
    await run(0)
    again()
    const dir = join(folder, 'cache')
    const files = readdirSync(dir)
    expect(files).toHaveLength(7)
    const onDemand = files.find((name) => name.includes('-onDemand-')) ?? ''
    const spotFile = files.find((name) => name.includes('-spotPrices-')) ?? ''
    writeFileSync(join(dir, onDemand), readFileSync(join(dir, onDemand), 'utf8').replace('107000', '-1'))
    writeFileSync(join(dir, spotFile), '{"format":')
    const reading = await run(0.1)
    const warnings = reading.kind === 'read' ? reading.notes.filter(({ level }) => level === 'warn') : []
    expect(warnings.map(({ text }) => text).sort()).toEqual([
      `the cache file ${join(dir, onDemand)} is damaged and was not used`,
      `the cache file ${join(dir, spotFile)} is damaged and was not used`,
    ])
    expect(again()).toEqual(expect.arrayContaining(['ec2:DescribeSpotPriceHistory', 'pricing:GetProducts']))
  })

  test('another account, another endpoint and a clock that went back get answers of their own', async () => {
    await run(0)
    again()
    await run(0, { AWS_ENDPOINT_URL: 'http://localhost:4566' })
    expect(again()).toContain('pricing:GetProducts')
    await run(-2)
    expect(again()).toContain('pricing:GetProducts')
  })

  test('keeps nothing that is denied or not whole', async () => {
    aws.on({ 'pricing:GetProducts': () => deniedBy('pricing:GetProducts') })
    await run(0)
    expect(readdirSync(join(folder, 'cache')).filter((name) => name.includes('onDemand'))).toEqual([])
  })

  test('a folder that cannot be written to is one warning', async () => {
    writeFileSync(join(folder, 'cache'), '')
    const reading = await run(0)
    expect(reading.kind === 'read' && reading.notes).toEqual([
      { level: 'warn', text: expect.stringContaining('nothing is kept in the cache folder') },
    ])
  })
})

describe('the check', () => {
  test('tries every action once and says that it works', async () => {
    const { identity, results, policy } = await checkAws({ region: 'eu-west-1', clusterName: 'prod' }, deps)
    expect(identity).toMatchObject({ kind: 'known', account: '111122223333' })
    expect(results.map(({ action, outcome }) => `${action} ${outcome.kind}`)).toEqual(
      AWS_ACTIONS.map(({ action }) => `${action} works`),
    )
    expect(policy).toBeUndefined()
    expect(aws.actions).toEqual(AWS_ACTIONS.map(({ action }) => action))
    expect(aws.calls).toHaveLength(AWS_ACTIONS.length)
  })

  test('names what is denied, and the policy that allows it', async () => {
    for (const action of ['pricing:GetProducts', 'ec2:DescribeSubnets']) aws.on({ [action]: () => deniedBy(action) })
    aws.on({ 'ec2:DescribeInstances': () => ec2Error('InternalError', 'a bad day') })
    const { results, policy } = await checkAws({ region: 'eu-west-1' }, deps)
    expect(policy).toEqual({
      Sid: 'K8sCostRead',
      Effect: 'Allow',
      Action: ['ec2:DescribeSubnets', 'pricing:GetProducts'],
      Resource: '*',
    })
    const outcomes = new Map(results.map(({ action, outcome }) => [action, outcome]))
    expect(outcomes.get('ec2:DescribeInstances')).toEqual({ kind: 'failed', why: 'ec2:DescribeInstances: a bad day' })
    expect(outcomes.get('eks:ListNodegroups')).toMatchObject({ kind: 'untried' })
  })

  test('without credentials says so, and no more', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
    expect(await checkAws({ region: 'eu-west-1' }, deps)).toMatchObject({ identity: { kind: 'none' }, results: [] })
  })
})
