import type { AwsRead, AwsSnapshot } from '../../domain/aws-snapshot.js'

/** A stable pseudonym of a name; the same name of the same kind gives the same one, here and for the Kubernetes objects. */
export type Pseudonym = (
  kind: 'node' | 'instance' | 'subnet' | 'vpc' | 'node-group' | 'cluster' | 'commitment' | 'reservation',
  name: string,
) => string

const mapRead = <Value>(read: AwsRead<Value>, change: (value: Value) => Value): AwsRead<Value> =>
  read.kind === 'read' ? { ...read, value: change(read.value) } : read

/**
 * The snapshot with every name that is the user's own replaced, for sharing. Types, zones, prices and sizes stay, so that
 * it gives the same report; addresses of subnets are dropped.
 */
export function redactAws(snapshot: AwsSnapshot, pseudonym: Pseudonym): AwsSnapshot {
  const optional = <Key extends string>(key: Key, kind: Parameters<Pseudonym>[0], name: string | undefined) =>
    name === undefined ? {} : ({ [key]: pseudonym(kind, name) } as { readonly [K in Key]: string })
  const named: AwsSnapshot = {
    ...snapshot,
    instances: mapRead(snapshot.instances, (instances) =>
      instances.map((one) => ({
        ...one,
        id: pseudonym('instance', one.id),
        ...optional('subnetId', 'subnet', one.subnetId),
        ...optional('vpcId', 'vpc', one.vpcId),
        ...optional('capacityReservationId', 'reservation', one.capacityReservationId),
        ...optional('autoScalingGroup', 'node-group', one.autoScalingGroup),
        ...optional('nodeName', 'node', one.nodeName),
      })),
    ),
    subnets: mapRead(snapshot.subnets, (subnets) =>
      subnets.map((one) => ({
        ...one,
        id: pseudonym('subnet', one.id),
        vpcId: pseudonym('vpc', one.vpcId),
        cidr: '',
      })),
    ),
    reservedInstances: mapRead(snapshot.reservedInstances, (all) =>
      all.map((one) => ({ ...one, id: pseudonym('commitment', one.id) })),
    ),
    savingsPlans: mapRead(snapshot.savingsPlans, (all) =>
      all.map((one) => ({ ...one, id: pseudonym('commitment', one.id) })),
    ),
    cluster: mapRead(snapshot.cluster, (one) => ({
      ...one,
      name: pseudonym('cluster', one.name),
      ...optional('vpcId', 'vpc', one.vpcId),
    })),
    nodeGroups: mapRead(snapshot.nodeGroups, (groups) =>
      groups.map((one) => ({
        ...one,
        name: pseudonym('node-group', one.name),
        subnets: one.subnets.map((id) => pseudonym('subnet', id)),
      })),
    ),
  }
  return redactReasons(named)
}

/** Reasons quote AWS, and AWS quotes ARNs and names of clusters: of what was not read only that is kept. */
function redactReasons(snapshot: AwsSnapshot): AwsSnapshot {
  const parts = Object.entries(snapshot).map(([name, part]: [string, unknown]) => {
    const { kind, incomplete } = (typeof part === 'object' && part !== null ? part : {}) as {
      readonly kind?: unknown
      readonly incomplete?: unknown
    }
    if (kind === 'failed' || kind === 'skipped') return [name, { kind, why: 'the reason was redacted' }]
    if (kind === 'read' && incomplete !== undefined)
      return [name, { ...(part as object), incomplete: 'what is missing was redacted' }]
    return [name, part]
  })
  return Object.fromEntries(parts) as AwsSnapshot
}
