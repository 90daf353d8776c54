/**
 * What an AWS endpoint says when it is asked directly, without anything of src/collect: the other side of each
 * comparison.
 */
import {
  DescribeInstancesCommand,
  DescribeSpotPriceHistoryCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2'
import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing'
import { GetObjectCommand, ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'

export type SeenInstance = {
  readonly id: string
  readonly type: string
  readonly zone: string
  readonly lifecycle: string | undefined
}

/** Every instance that runs there, by id. */
export async function instancesAt(region: string): Promise<ReadonlyMap<string, SeenInstance>> {
  const client = new EC2Client({ region })
  const found = new Map<string, SeenInstance>()
  let token: string | undefined
  do {
    const page = await client.send(new DescribeInstancesCommand({ MaxResults: 1000, NextToken: token }))
    for (const { Instances = [] } of page.Reservations ?? [])
      for (const { InstanceId: id = '', InstanceType: type = '', Placement, InstanceLifecycle } of Instances)
        found.set(id, { id, type, zone: Placement?.AvailabilityZone ?? '', lifecycle: InstanceLifecycle })
    token = page.NextToken
  } while (token)
  return found
}

/** Free addresses by id of the subnet. */
export async function subnetsAt(region: string): Promise<ReadonlyMap<string, number>> {
  const { Subnets = [] } = await new EC2Client({ region }).send(new DescribeSubnetsCommand({}))
  return new Map(Subnets.map(({ SubnetId = '', AvailableIpAddressCount = -1 }) => [SubnetId, AvailableIpAddressCount]))
}

/** The newest spot price of Linux in a zone, as AWS writes it; undefined where it lists none. */
export async function spotPriceAt(region: string, type: string, zone: string): Promise<string | undefined> {
  const { SpotPriceHistory = [] } = await new EC2Client({ region }).send(
    new DescribeSpotPriceHistoryCommand({
      Filters: [
        { Name: 'instance-type', Values: [type] },
        { Name: 'availability-zone', Values: [zone] },
      ],
      ProductDescriptions: ['Linux/UNIX'],
      StartTime: new Date(),
    }),
  )
  return SpotPriceHistory.filter(
    ({ InstanceType, AvailabilityZone }) => InstanceType === type && AvailabilityZone === zone,
  )
    .sort((a, b) => Number(b.Timestamp) - Number(a.Timestamp))
    .at(0)?.SpotPrice
}

/** The list price of a type's hour on shared hardware, as AWS writes it. Throws where the endpoint has no Pricing API. */
export async function listPriceAt(region: string, type: string, os: 'Linux' | 'Windows'): Promise<string | undefined> {
  const wanted = {
    regionCode: region,
    instanceType: type,
    operatingSystem: os,
    tenancy: 'Shared',
    preInstalledSw: 'NA',
    capacitystatus: 'Used',
    operation: os === 'Linux' ? 'RunInstances' : 'RunInstances:0002',
  }
  const Filters = Object.entries(wanted).map(([Field, Value]) => ({ Type: 'TERM_MATCH' as const, Field, Value }))
  const client = new PricingClient({ region: 'us-east-1', maxAttempts: 1 })
  const { PriceList = [] } = await client.send(new GetProductsCommand({ ServiceCode: 'AmazonEC2', Filters }))
  const [first] = PriceList
  return first === undefined ? undefined : /"USD"\s*:\s*"([^"]+)"/.exec(String(first))?.[1]
}

const s3 = (): S3Client => new S3Client({ forcePathStyle: true, maxAttempts: 2 })

/** Names of the buckets. Throws where the endpoint has no S3. */
export async function bucketsAt(): Promise<readonly string[]> {
  const { Buckets = [] } = await s3().send(new ListBucketsCommand({}))
  return Buckets.flatMap(({ Name }) => Name ?? [])
}

export type SeenObject = { readonly text: string; readonly type: string | undefined }

export async function objectsAt(bucket: string, prefix: string): Promise<ReadonlyMap<string, SeenObject>> {
  const client = s3()
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }))
  const objects = new Map<string, SeenObject>()
  for (const { Key = '' } of Contents) {
    const { Body, ContentType } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }))
    objects.set(Key, { text: (await Body?.transformToString()) ?? '', type: ContentType })
  }
  return objects
}
