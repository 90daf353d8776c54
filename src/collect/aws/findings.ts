import type { AwsRead, AwsSnapshot, AwsSource } from '../../domain/aws-snapshot.js'
import type { Finding } from '../../domain/snapshot.js'
import { AWS_ACTIONS } from './actions.js'
import type { AskedNode } from './ec2-account.js'

/** What each source is called, and what stands in for it. */
const SOURCES: Readonly<Record<AwsSource, readonly [name: string, instead: string]>> = {
  instanceTypes: ['instance types', 'the types of the price catalog are used'],
  offerings: ['offers by zone', 'the offers of the price catalog are used'],
  spotPrices: ['spot prices', 'the spot prices and estimates of the price catalog are used'],
  instances: ['instances of the nodes', 'capacity types are read from labels'],
  subnets: ['subnets', 'free addresses are not checked'],
  reservedInstances: ['Reserved Instances', 'all prices are list prices'],
  onDemand: ['on-demand prices', 'the on-demand prices of the price catalog are used'],
  windows: ['Windows prices', 'Windows nodes have no price'],
  dedicated: ['prices of dedicated tenancy', 'nodes on dedicated tenancy have no price'],
  autoMode: ['fees of EKS Auto Mode', 'nodes of EKS Auto Mode lack their fee'],
  ebs: ['EBS prices', 'the EBS prices of the price catalog are used'],
  controlPlane: ['the fee of the control plane', 'the fee of the price catalog is used'],
  fargate: ['Fargate prices', 'the Fargate prices of the price catalog are used'],
  savingsPlans: ['Savings Plans', 'all prices are list prices'],
  cluster: ['the EKS cluster', 'its support and Auto Mode are not known'],
  nodeGroups: ['managed node groups', 'their limits are not known'],
}

const names = (sources: readonly AwsSource[]): string => sources.map((source) => SOURCES[source][0]).join(', ')
const insteads = (sources: readonly AwsSource[]): string =>
  [...new Set(sources.map((source) => SOURCES[source][1]))].join('; ')

/**
 * What a reader of the report must know of the AWS part: what was denied and which permission would fill it, what failed,
 * what is not whole. One finding for each cause, however many sources it hit. A pure function of the snapshot, so that a
 * run from a collect file says the same as the live one.
 */
export function awsFindings(snapshot: AwsSnapshot, nodes: readonly AskedNode[]): readonly Finding[] {
  const sources = Object.keys(SOURCES) as AwsSource[]
  const reads = sources.map((source) => ({ source, read: snapshot[source] as AwsRead<unknown> }))
  const denied = groupBy(reads, ({ read }) => (read.kind === 'denied' ? read.permission : undefined))
  const failed = groupBy(reads, ({ read }) => (read.kind === 'failed' ? read.why : undefined))
  const incomplete = groupBy(reads, ({ read }) => (read.kind === 'read' ? read.incomplete : undefined))
  return [
    ...denied.map(([permission, hit]): Finding => {
      const gives = AWS_ACTIONS.find(({ action }) => action === permission)?.gives
      return {
        code: 'aws-denied',
        subject: permission,
        detail: `AWS denied ${permission}, so ${names(hit)} could not be read; ${insteads(hit)}. Allow ${permission} to have ${gives ?? 'them'}.`,
      }
    }),
    ...failed.map(([why, hit]): Finding => ({
      code: 'aws-not-read',
      subject: hit.join(' '),
      detail: `${names(hit)} could not be read from AWS (${why}); ${insteads(hit)}.`,
    })),
    ...incomplete.map(([what, hit]): Finding => ({
      code: 'aws-incomplete',
      subject: hit.join(' '),
      detail: `${names(hit)}: ${what}. What was read is used; for the rest ${insteads(hit)}.`,
    })),
    ...ambiguousPrices(snapshot),
    ...zonesWithoutSpot(snapshot),
    ...unknownInstances(snapshot, nodes),
  ]
}

type SourceRead = { readonly source: AwsSource; readonly read: AwsRead<unknown> }

/** Sources by what is said of them, in the order of the words. */
function groupBy(
  reads: readonly SourceRead[],
  keyOf: (read: SourceRead) => string | undefined,
): readonly (readonly [key: string, sources: readonly AwsSource[]])[] {
  const groups = new Map<string, AwsSource[]>()
  for (const read of reads) {
    const key = keyOf(read)
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), read.source])
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
}

const dollars = (micro: number): string => String(micro / 1e6)

const ambiguousPrices = (snapshot: AwsSnapshot): readonly Finding[] =>
  (['onDemand', 'windows', 'dedicated', 'autoMode'] as const).flatMap((source) => {
    const read = snapshot[source]
    if (read.kind !== 'read') return []
    return read.value.ambiguous.map(({ type, rates }): Finding => ({
      code: 'aws-price-ambiguous',
      subject: type,
      detail: `${type}: AWS lists ${rates.length} ${names([source])} (${rates.map(dollars).join(', ')} ${snapshot.currency} per hour); the highest is used.`,
    }))
  })

/** A zone of which not one type has a spot price was not answered for, whatever the reason. */
function zonesWithoutSpot({ spotPrices, offerings, askedZones }: AwsSnapshot): readonly Finding[] {
  if (spotPrices.kind !== 'read' || spotPrices.incomplete !== undefined || offerings.kind !== 'read') return []
  const priced = new Set(spotPrices.value.zones.map(({ zone }) => zone))
  const wanted = Object.keys(offerings.value).filter((zone) => askedZones?.includes(zone) ?? true)
  const zones = wanted.filter((zone) => !priced.has(zone))
  if (zones.length === 0) return []
  const detail = `AWS gave no spot price at all for ${zones.join(', ')}: prices of the region are used there.`
  return [{ code: 'aws-spot-zones-empty', subject: zones.join(' '), detail }]
}

function unknownInstances({ instances, region }: AwsSnapshot, nodes: readonly AskedNode[]): readonly Finding[] {
  if (instances.kind !== 'read' || instances.incomplete !== undefined) return []
  const known = new Set(instances.value.flatMap(({ id, nodeName }) => [id, nodeName ?? id]))
  return [...new Set(nodes.map(({ name, instanceId }) => instanceId ?? name))]
    .filter((asked) => !known.has(asked))
    .sort()
    .map((asked): Finding => ({
      code: 'aws-instance-unknown',
      subject: asked,
      detail: `EC2 knows no instance ${asked} in ${region} for these credentials: its labels alone say how it is paid for.`,
    }))
}
