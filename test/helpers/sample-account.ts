import { product, spot, TYPES, usage } from '../collect/aws/answers.js'
import { ec2, json, type Params, type Reply } from '../collect/aws/fake-aws.js'
import type { LoopbackAws } from '../collect/aws/loopback-aws.js'
import type { Raw } from '../collect/cluster/api-server.js'
import { readObjects } from './kubectl-list.js'
import { partOfSample, SAMPLE } from './part-of-sample.js'

type NodeRaw = Raw & {
  readonly metadata: { readonly labels: Record<string, string> }
  readonly spec: { readonly providerID: string }
}
type Instance = { readonly id: string; readonly zone: string; readonly isSpot: boolean }

const instancesOf = (objects: readonly Raw[]): Instance[] =>
  objects
    .filter((item): item is NodeRaw => item.kind === 'Node')
    .map(({ metadata: { labels }, spec }) => ({
      id: spec.providerID.split('/').at(-1) ?? '',
      zone: spec.providerID.split('/').at(-2) ?? '',
      isSpot: [labels['eks.amazonaws.com/capacityType'], labels['karpenter.sh/capacity-type']].some((value) =>
        /^spot$/i.test(value ?? ''),
      ),
    }))
    .filter(({ id }) => id.startsWith('i-'))

const instances = instancesOf(readObjects(SAMPLE))
const [reserved] = instancesOf(partOfSample())
if (reserved === undefined) throw new Error('the part of the sample cluster has no node with an instance')

/** The instance with a capacity reservation: an m5.2xlarge in us-east-1a, in the part of the sample, too. */
export const first = reserved

/** All of them where no filter names any. */
function askedFor(params: Params): readonly Instance[] {
  const wanted = Object.entries(params).flatMap(([name, value]) => (name.startsWith('Filter.1.Value.') ? [value] : []))
  return wanted.length === 0 ? instances : instances.filter(({ id }) => wanted.includes(id))
}
const subnetOf = (zone: string): string => `subnet-${zone.at(-1)}`

/** The day that AWS says its prices are of. */
export const day = new Date().toISOString().slice(0, 10)

const listed = (type: string, usd: string): string =>
  product(type, usd, { regionCode: 'us-east-1', usagetype: `BoxUsage:${type}` })

/** A page of the price list. */
export const prices = (...entries: readonly string[]): Reply => json({ FormatVersion: 'aws_v1', PriceList: entries })

/** The sample's region as AWS would describe it: m5.2xlarge is dearer than in the package, offers are denied. */
export const ANSWERS: LoopbackAws['answers'] = {
  'ec2:DescribeInstanceTypes': () => ec2({ instanceTypeSet: TYPES }),
  'ec2:DescribeSpotPriceHistory': () =>
    ec2({
      spotPriceHistorySet: ['us-east-1a', 'us-east-1b', 'us-east-1c'].flatMap((zone) => [
        spot('m5.xlarge', zone, '0.0611', `${day}T00:00:00.000Z`),
        spot('t3.medium', zone, '0.0123', `${day}T00:00:00.000Z`),
      ]),
    }),
  'ec2:DescribeInstances': (params) =>
    ec2({
      reservationSet: [
        {
          instancesSet: askedFor(params).map(({ id, zone, isSpot }) => ({
            instanceId: id,
            instanceType: 'm5.large',
            placement: { availabilityZone: zone, tenancy: 'default' },
            platformDetails: 'Linux/UNIX',
            subnetId: subnetOf(zone),
            vpcId: 'vpc-1',
            // Its label says ON_DEMAND; EC2 knows better.
            ...(id === first.id ? { capacityReservationId: 'cr-1' } : {}),
            ...(isSpot ? { instanceLifecycle: 'spot' } : {}),
          })),
        },
      ],
    }),
  'ec2:DescribeSubnets': () =>
    ec2({
      subnetSet: [...new Set(instances.map(({ zone }) => zone))].map((zone) => ({
        subnetId: subnetOf(zone),
        vpcId: 'vpc-1',
        availabilityZone: zone,
        availableIpAddressCount: 1234,
        cidrBlock: '10.40.0.0/20',
      })),
    }),
  'ec2:DescribeReservedInstances': () => ec2({ reservedInstancesSet: [] }),
  'pricing:GetProducts': ({ operatingSystem, usagetype, productFamily }) => {
    if (operatingSystem === 'Linux') return prices(listed('m5.2xlarge', '0.5000000000'))
    if (productFamily === 'Storage') return prices(usage('EBS:VolumeUsage.gp3', '0.08', 'GB-Mo'))
    if (usagetype === 'AmazonEKS-Hours:')
      return prices(
        usage('USE1-AmazonEKS-Hours:perCluster', '0.10', 'Hours', 'Compute'),
        usage('USE1-AmazonEKS-Hours:extendedSupport', '0.50', 'Hours', 'Compute'),
      )
    return prices()
  },
  'savingsplans:DescribeSavingsPlans': () => json({ savingsPlans: [] }),
  'eks:DescribeCluster': () =>
    json({ cluster: { name: 'orchard-prod', version: '1.29', resourcesVpcConfig: { vpcId: 'vpc-1' } } }),
  'eks:DescribeClusterVersions': () =>
    json({ clusterVersions: [{ clusterVersion: '1.29', versionStatus: 'EXTENDED_SUPPORT' }] }),
  'eks:ListNodegroups': () => json({ nodegroups: [] }),
}
