import type { NodeTemplate } from '../domain/cluster.js'
import type { CapacityType, InstanceType } from '../domain/offering.js'
import { valueOf } from '../domain/requirement.js'
import type { Labels } from '../domain/snapshot.js'
import { instanceLabels } from './instance-labels.js'

const CAPACITY_KEY = 'karpenter.sh/capacity-type'
const ZONE_ID = 'topology.k8s.aws/zone-id'

/** Karpenter and Auto Mode write the same instance labels under their own prefixes; nobody else writes any. */
function provisionerPrefix({ capacityTypeLabels, labels, nodePool }: NodeTemplate): string | undefined {
  if (!Object.hasOwn(capacityTypeLabels, CAPACITY_KEY)) return undefined
  const auto = labels['eks.amazonaws.com/compute-type'] === 'auto' || nodePool?.nodeClass.group === 'eks.amazonaws.com'
  return auto ? 'eks.amazonaws.com/instance-' : 'karpenter.k8s.aws/instance-'
}

/**
 * Labels of a node that the group would make on this machine, all but its hostname: the group's own, the well-known ones,
 * the deprecated ones where live nodes have them, the capacity type by the provisioner's key, and what live nodes of the
 * type say about their hardware. `zoneId` and `region` may be unknown: their labels are left out then.
 */
export function optionLabels(
  template: NodeTemplate,
  type: InstanceType,
  zone: string,
  zoneId: string | undefined,
  capacityType: CapacityType,
  region: string | undefined,
): Labels {
  const labels: Record<string, string> = {
    ...derivedOf(template, type, region).labels(),
    'topology.kubernetes.io/zone': zone,
  }
  if (zoneId !== undefined && template.derivedLabels?.includes(ZONE_ID)) labels[ZONE_ID] = zoneId
  for (const key of template.zoneLabels) labels[key] = zone
  for (const [key, values] of Object.entries(template.capacityTypeLabels)) {
    const value = values[capacityType]
    if (value !== undefined) labels[key] = value
  }
  // Seen on live nodes, so it wins; none of it names the zone or the capacity type.
  return Object.assign(labels, template.typeLabels?.[type.name])
}

/** Of these labels, the one by this key, as far as zone and capacity type do not change it. */
export function labelOfType(
  template: NodeTemplate,
  type: InstanceType,
  region: string | undefined,
): (key: string) => string | undefined {
  const seen = template.typeLabels?.[type.name] ?? {}
  const { values } = derivedOf(template, type, region)
  return (key) => valueOf(seen, key) ?? values.get(key)
}

type Derived = { readonly values: ReadonlyMap<string, string>; readonly labels: () => Labels }

/** Thousands of machines are labelled from it. */
const known = new WeakMap<NodeTemplate, Map<string, Derived>>()

function derivedOf(template: NodeTemplate, type: InstanceType, region: string | undefined): Derived {
  const ofTemplate = known.get(template) ?? new Map<string, Derived>()
  known.set(template, ofTemplate)
  const key = `${type.name} ${region ?? ''}`
  const found = ofTemplate.get(key)
  if (found !== undefined) return found
  const values = derive(template, type, region)
  let labels: Labels | undefined
  const made = { values, labels: () => (labels ??= Object.fromEntries(values)) }
  ofTemplate.set(key, made)
  return made
}

/** A Map, as an object with so many keys takes ten times as long to make, and most types are only compared. */
function derive(template: NodeTemplate, type: InstanceType, region: string | undefined): Map<string, string> {
  const architecture = type.architectures[0]
  const prefix = provisionerPrefix(template)
  const derived: Readonly<Record<string, string | undefined>> = {
    'beta.kubernetes.io/instance-type': type.name,
    'beta.kubernetes.io/arch': architecture,
    'failure-domain.beta.kubernetes.io/region': region ?? template.region,
  }
  const values = new Map(Object.entries(template.labels))
  const put = (key: string, value: string | undefined): void => {
    if (value === undefined) values.delete(key)
    else values.set(key, value)
  }
  put('kubernetes.io/arch', architecture)
  put('kubernetes.io/os', template.os === 'windows' ? 'windows' : 'linux')
  put('node.kubernetes.io/instance-type', type.name)
  put('topology.kubernetes.io/region', region ?? template.region)
  if (prefix !== undefined)
    for (const [name, value] of Object.entries(instanceLabels(type))) values.set(prefix + name, value)
  for (const key of template.derivedLabels ?? []) put(key, derived[key])
  return values
}
