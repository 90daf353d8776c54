import type { EC2Client, Instance, ReservedInstances, Subnet } from '@aws-sdk/client-ec2'
import type { AwsInstance, AwsRead, AwsReservedInstances, AwsSubnet } from '../../domain/aws-snapshot.js'
import { NO_ERROR, readOf, readPages, type Pages } from './answer.js'
import { byName, eachChunk, filter, FILTER_VALUES, type CallContext } from './calls.js'
import { bounded } from './clients.js'

/** A node that may be an EC2 instance; undefined: it does not say which. */
export type AskedNode = { readonly name: string; readonly instanceId: string | undefined }

/**
 * The instances of these nodes, by id. Nodes of which that gave none, and those that name no instance, are asked for once
 * more, by their private DNS name. Instances that EC2 no longer has, or that are another account's, are in neither answer.
 */
export async function readInstances(
  client: EC2Client,
  nodes: readonly AskedNode[],
  context: CallContext,
): Promise<AwsRead<readonly AwsInstance[]>> {
  const ids = new Set(nodes.flatMap(({ instanceId }) => instanceId ?? []))
  const answer = await instancesWith(client, 'instance-id', [...ids], context)
  const byId = answer.items.flatMap((instance) => instanceOf(instance) ?? [])
  const found = new Set(byId.map(({ id }) => id))
  const lost = nodes.filter(({ instanceId }) => instanceId === undefined || !found.has(instanceId))
  // What this second question does not find, or is not told, costs nothing of the first.
  const more = answer.error === NO_ERROR ? await instancesByName(client, lost, byId, context) : []
  const value = [...byId, ...more].sort(byName(({ id }) => id))
  const where = { ...context, action: 'ec2:DescribeInstances' }
  return readOf(value, answer, where, answer.items.length - byId.length)
}

async function instancesWith(
  client: EC2Client,
  name: 'instance-id' | 'private-dns-name',
  values: readonly string[],
  context: CallContext,
): Promise<Pages<Instance>> {
  const { paginateDescribeInstances } = await import('@aws-sdk/client-ec2')
  const pages = eachChunk([...new Set(values)].sort(), (chunk) =>
    paginateDescribeInstances(
      { client, pageSize: 1000 },
      // Nodes of EKS Auto Mode are managed by EKS and hidden without this.
      { Filters: [filter(name, chunk ?? [])], IncludeManagedResources: true },
      { abortSignal: context.deadline.signal },
    ),
  )
  return readPages(
    bounded(pages, context.deadline),
    (page) => (page.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []),
    (count) => context.onItems('instances', count),
  )
}

/**
 * Private DNS names are made of addresses, which several networks of one account use: of a node that names no instance,
 * only the one instance of that name in the network of the others is believed; of one that does, only that instance.
 */
async function instancesByName(
  client: EC2Client,
  lost: readonly AskedNode[],
  known: readonly AwsInstance[],
  context: CallContext,
): Promise<readonly AwsInstance[]> {
  // One call and no more: what is lost by the hundred is another account's, and has no name here either.
  const asked = [...lost]
    .sort(byName(({ name, instanceId }) => `${instanceId === undefined ? 0 : 1} ${name}`))
    .slice(0, FILTER_VALUES)
  const { items } = await instancesWith(
    client,
    'private-dns-name',
    asked.map(({ name }) => name),
    context,
  )
  const vpcs = new Set(known.flatMap(({ vpcId }) => vpcId ?? []))
  return asked.flatMap(({ name, instanceId }): AwsInstance[] => {
    const named = items.filter(({ PrivateDnsName }) => PrivateDnsName === name).flatMap((one) => instanceOf(one) ?? [])
    if (instanceId !== undefined) return named.filter(({ id }) => id === instanceId)
    const near = vpcs.size === 0 ? named : named.filter(({ vpcId }) => vpcs.has(vpcId ?? ''))
    return near.length === 1 ? near.map((one) => ({ ...one, nodeName: name })) : []
  })
}

function instanceOf(instance: Instance): AwsInstance | undefined {
  const { InstanceId: id, InstanceType: type, Placement: placement } = instance
  const zone = placement?.AvailabilityZone
  if (!id || type === undefined || !zone) return undefined
  const group = instance.Tags?.find(({ Key }) => Key === 'aws:autoscaling:groupName')?.Value
  return {
    id,
    type,
    zone,
    tenancy: placement?.Tenancy ?? 'default',
    platform: instance.PlatformDetails ?? (/^windows$/i.test(instance.Platform ?? '') ? 'Windows' : 'Linux/UNIX'),
    publicIpv4: !!instance.PublicIpAddress,
    ...(instance.InstanceLifecycle ? { lifecycle: instance.InstanceLifecycle } : {}),
    ...(instance.CapacityReservationId ? { capacityReservationId: instance.CapacityReservationId } : {}),
    ...(instance.SubnetId ? { subnetId: instance.SubnetId } : {}),
    ...(instance.VpcId ? { vpcId: instance.VpcId } : {}),
    ...(group ? { autoScalingGroup: group } : {}),
  }
}

export async function readSubnets(
  client: EC2Client,
  vpcs: readonly string[],
  context: CallContext,
): Promise<AwsRead<readonly AwsSubnet[]>> {
  const { paginateDescribeSubnets } = await import('@aws-sdk/client-ec2')
  const pages = paginateDescribeSubnets(
    { client, pageSize: 1000 },
    { Filters: [filter('vpc-id', [...new Set(vpcs)].sort())] },
    { abortSignal: context.deadline.signal },
  )
  const answer = await readPages(
    bounded(pages, context.deadline),
    (page) => page.Subnets,
    (count) => context.onItems('subnets', count),
  )
  const value = answer.items.flatMap((subnet) => subnetOf(subnet) ?? []).sort(byName(({ id }) => id))
  const where = { ...context, action: 'ec2:DescribeSubnets' }
  return readOf(value, answer, where, answer.items.length - value.length)
}

function subnetOf(subnet: Subnet): AwsSubnet | undefined {
  const { SubnetId: id, VpcId: vpcId, AvailabilityZone: zone, AvailableIpAddressCount: freeIpv4 } = subnet
  if (!id || !vpcId || !zone || freeIpv4 === undefined) return undefined
  const ipv6 = (subnet.Ipv6CidrBlockAssociationSet ?? []).some(
    ({ Ipv6CidrBlockState }) => Ipv6CidrBlockState?.State === 'associated',
  )
  const zoneId = subnet.AvailabilityZoneId
  return { id, vpcId, zone, ...(zoneId ? { zoneId } : {}), cidr: subnet.CidrBlock ?? '', freeIpv4, ipv6 }
}

export async function readReservedInstances(
  client: EC2Client,
  context: CallContext,
): Promise<AwsRead<readonly AwsReservedInstances[]>> {
  const { DescribeReservedInstancesCommand } = await import('@aws-sdk/client-ec2')
  const command = new DescribeReservedInstancesCommand({ Filters: [filter('state', ['active'])] })
  const answer = await context.deadline.within(client.send(command, { abortSignal: context.deadline.signal })).then(
    ({ ReservedInstances = [] }): Pages<ReservedInstances> => ({ items: ReservedInstances, error: NO_ERROR }),
    (error: unknown): Pages<ReservedInstances> => ({ items: [], error }),
  )
  const value = answer.items.flatMap((one) => reservedOf(one) ?? []).sort(byName(({ id }) => id))
  const where = { ...context, action: 'ec2:DescribeReservedInstances' }
  return readOf(value, answer, where, answer.items.length - value.length)
}

function reservedOf(one: ReservedInstances): AwsReservedInstances | undefined {
  const { ReservedInstancesId: id, InstanceType: type, InstanceCount: count, End: end } = one
  if (!id || type === undefined || count === undefined || end === undefined) return undefined
  return {
    id,
    type,
    count,
    ...(one.Scope === 'Availability Zone' && one.AvailabilityZone ? { zone: one.AvailabilityZone } : {}),
    platform: one.ProductDescription ?? 'Linux/UNIX',
    tenancy: one.InstanceTenancy ?? 'default',
    offeringClass: one.OfferingClass ?? 'standard',
    end: end.toISOString(),
    ...hourlyOf(one),
  }
}

const SECONDS_PER_HOUR = 3600

/** EC2 states the payments of one instance: at once, per hour of use, and per hour of the term. */
function hourlyOf({
  FixedPrice: upfront,
  UsagePrice: usage,
  RecurringCharges: charges,
  Duration: seconds,
  CurrencyCode: currency = 'USD',
}: ReservedInstances): Pick<AwsReservedInstances, 'hourlyMicro'> {
  if (upfront === undefined || !seconds || currency !== 'USD') return {}
  let hourly = upfront / (seconds / SECONDS_PER_HOUR) + (usage ?? 0)
  for (const { Frequency, Amount } of charges ?? []) {
    if (Frequency !== 'Hourly' || Amount === undefined) return {}
    hourly += Amount
  }
  const micro = Math.round(hourly * 1e6)
  return Number.isSafeInteger(micro) && micro >= 0 ? { hourlyMicro: micro } : {}
}
