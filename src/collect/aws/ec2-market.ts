import type { EC2Client } from '@aws-sdk/client-ec2'
import type { AwsInstanceType, AwsRead, AwsSpotPrices } from '../../domain/aws-snapshot.js'
import { readOf, readPages, wholeOf } from './answer.js'
import { byName, eachChunk, filter, type CallContext } from './calls.js'
import { bounded } from './clients.js'
import { readInstanceType } from './instance-type.js'
import { spotPriceSeen, spotPricesOf } from './spot-prices.js'

/** Undefined `types`: every type of the region. */
export async function readInstanceTypes(
  client: EC2Client,
  types: readonly string[] | undefined,
  context: CallContext,
): Promise<AwsRead<readonly AwsInstanceType[]>> {
  const { paginateDescribeInstanceTypes } = await import('@aws-sdk/client-ec2')
  const pages = eachChunk(types, (chunk) =>
    paginateDescribeInstanceTypes(
      { client, pageSize: 100 },
      chunk === undefined ? {} : { Filters: [filter('instance-type', chunk)] },
      { abortSignal: context.deadline.signal },
    ),
  )
  const answer = await readPages(
    bounded(pages, context.deadline),
    // A whole answer is a hundred times what is read of it: pages are cut down as they arrive.
    (page) => page.InstanceTypes?.map(readInstanceType),
    (count) => context.onItems('instance types', count),
  )
  const value = answer.items.flatMap((type) => type ?? []).sort(byName((type) => type.name))
  const where = { ...context, action: 'ec2:DescribeInstanceTypes' }
  return readOf(value, answer, where, answer.items.length - value.length)
}

/** A zone's list that is not whole would say of types that they are not to be had: then there is none. */
export async function readOfferings(
  client: EC2Client,
  types: readonly string[] | undefined,
  context: CallContext,
): Promise<AwsRead<Readonly<Record<string, readonly string[]>>>> {
  const { paginateDescribeInstanceTypeOfferings } = await import('@aws-sdk/client-ec2')
  const pages = eachChunk(types, (chunk) =>
    paginateDescribeInstanceTypeOfferings(
      { client, pageSize: 1000 },
      {
        LocationType: 'availability-zone',
        ...(chunk === undefined ? {} : { Filters: [filter('instance-type', chunk)] }),
      },
      { abortSignal: context.deadline.signal },
    ),
  )
  const answer = await readPages(
    bounded(pages, context.deadline),
    (page) => page.InstanceTypeOfferings,
    (count) => context.onItems('offerings', count),
  )
  const zones = new Map<string, string[]>()
  let unreadable = 0
  for (const { Location: zone, InstanceType: type } of answer.items) {
    if (!zone || type === undefined) unreadable += 1
    else {
      const names: string[] = zones.get(zone) ?? []
      names.push(type)
      zones.set(zone, names)
    }
  }
  const sorted = [...zones].sort(byName(([zone]) => zone)).map(([zone, names]) => [zone, names.sort()])
  const where = { ...context, action: 'ec2:DescribeInstanceTypeOfferings' }
  return wholeOf(readOf(Object.fromEntries(sorted) as Record<string, string[]>, answer, where, unreadable))
}

export async function readSpotPrices(
  client: EC2Client,
  asked: {
    readonly types: readonly string[] | undefined
    readonly zones: readonly string[] | undefined
    readonly days: number
    readonly now: Date
  },
  context: CallContext,
): Promise<AwsRead<AwsSpotPrices>> {
  const { paginateDescribeSpotPriceHistory } = await import('@aws-sdk/client-ec2')
  const zoneFilter = asked.zones === undefined ? [] : [filter('availability-zone', asked.zones)]
  const pages = eachChunk(asked.types, (chunk) =>
    paginateDescribeSpotPriceHistory(
      { client, pageSize: 1000 },
      {
        StartTime: new Date(asked.now.getTime() - asked.days * 24 * 3600 * 1000),
        ProductDescriptions: ['Linux/UNIX'],
        Filters: [...zoneFilter, ...(chunk === undefined ? [] : [filter('instance-type', chunk)])],
      },
      { abortSignal: context.deadline.signal },
    ),
  )
  const answer = await readPages(
    bounded(pages, context.deadline),
    (page) => page.SpotPriceHistory?.map(spotPriceSeen),
    (count) => context.onItems('spot prices', count),
  )
  const { unreadable, ...value } = spotPricesOf(answer.items, asked.days)
  return readOf(value, answer, { ...context, action: 'ec2:DescribeSpotPriceHistory' }, unreadable)
}
