import * as z from 'zod'
import { AWS_SNAPSHOT, type AwsSnapshot, type AwsSource } from '../../domain/aws-snapshot.js'
import { FailureError } from '../../failure.js'

const text = z.string().min(1)
const count = z.int().nonnegative()
const rate = z.int().positive()
const rates = z.record(z.string(), rate)
const instant = z.iso.datetime()

const prices = z.object({ rates, ambiguous: z.array(z.object({ type: text, rates: z.array(rate).min(1) })) })

const instanceType = z.object({
  name: text,
  family: text,
  size: text,
  // JSON has no undefined: what is not known is absent in a file.
  generation: count.optional(),
  status: z.enum(['current', 'previous']),
  vcpus: z.int().positive(),
  memoryMib: z.int().positive(),
  architectures: z.array(z.enum(['amd64', 'arm64'])),
  usageClasses: z.array(z.enum(['on-demand', 'spot', 'capacity-block'])),
  hypervisor: z.enum(['nitro', 'xen']).optional(),
  bareMetal: z.boolean(),
  burstable: z.boolean(),
  accelerators: z.array(
    z.object({
      kind: z.enum(['gpu', 'neuron', 'other']),
      manufacturer: z.string(),
      name: z.string(),
      count: z.int().positive(),
      memoryMib: z.int().positive().exactOptional(),
      coresPerDevice: z.int().positive().exactOptional(),
    }),
  ),
  localStorageGb: z.number().nonnegative(),
  enis: z.int().positive(),
  enisAllCards: z.int().positive(),
  ipv4PerEni: z.int().positive(),
  ipv6PerEni: count,
  maxEfa: count,
  ebsAttachmentLimit: z.object({ kind: z.enum(['shared', 'dedicated']), count: z.int().positive() }).optional(),
  hardware: z
    .object({
      encryptionInTransit: z.boolean(),
      localNvmeDisks: count,
      cpuManufacturer: text.exactOptional(),
      clockMhz: rate.exactOptional(),
      networkBaselineMbps: rate.exactOptional(),
      ebsMaxMbps: rate.exactOptional(),
    })
    .exactOptional(),
})

/** The value of each source, as it stands in a file and in the disk cache. */
export const VALUE_SCHEMAS = {
  instanceTypes: z.array(instanceType),
  offerings: z.record(z.string(), z.array(text)),
  spotPrices: z.object({
    days: z.number().positive(),
    zones: z.array(
      z.object({
        zone: text,
        zoneId: text.exactOptional(),
        prices: z.record(z.string(), z.object({ rate, since: instant, min: rate, max: rate })),
      }),
    ),
  }),
  instances: z.array(
    z.object({
      id: text,
      type: text,
      zone: text,
      lifecycle: text.exactOptional(),
      capacityReservationId: text.exactOptional(),
      tenancy: text,
      platform: text,
      subnetId: text.exactOptional(),
      vpcId: text.exactOptional(),
      publicIpv4: z.boolean(),
      autoScalingGroup: text.exactOptional(),
      nodeName: text.exactOptional(),
    }),
  ),
  subnets: z.array(
    z.object({
      id: text,
      vpcId: text,
      zone: text,
      zoneId: text.exactOptional(),
      cidr: z.string(),
      freeIpv4: count,
      ipv6: z.boolean(),
    }),
  ),
  reservedInstances: z.array(
    z.object({
      id: text,
      type: text,
      count,
      zone: text.exactOptional(),
      platform: text,
      tenancy: text,
      offeringClass: text,
      end: instant,
      hourlyMicro: count.exactOptional(),
    }),
  ),
  onDemand: prices,
  windows: prices,
  dedicated: prices,
  autoMode: prices,
  ebs: rates,
  controlPlane: z.object({ standard: rate, extended: rate }),
  fargate: z.object({ vcpuHour: rate, gbHour: rate }),
  savingsPlans: z.array(
    z.object({
      id: text,
      type: text,
      family: text.exactOptional(),
      region: text.exactOptional(),
      commitmentMicroPerHour: rate,
      currency: text,
      end: instant,
      rates: rates.exactOptional(),
    }),
  ),
  cluster: z.object({
    name: text,
    version: text.exactOptional(),
    vpcId: text.exactOptional(),
    extendedSupport: z.boolean().exactOptional(),
    autoMode: z.boolean(),
  }),
  nodeGroups: z.array(
    z.object({
      name: text,
      capacityType: text.exactOptional(),
      instanceTypes: z.array(text),
      amiType: text.exactOptional(),
      minSize: count.exactOptional(),
      maxSize: count.exactOptional(),
      desiredSize: count.exactOptional(),
      diskGib: count.exactOptional(),
      subnets: z.array(text),
    }),
  ),
} as const satisfies Record<AwsSource, z.ZodType>

const readOf = <Value extends z.ZodType>(value: Value) =>
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('read'), readAt: instant, value, incomplete: text.exactOptional() }),
    z.object({ kind: z.literal('denied'), action: text, permission: text }),
    z.object({ kind: z.literal('failed'), why: text }),
    z.object({ kind: z.literal('skipped'), why: text }),
  ])

const snapshotSchema = z.object({
  apiVersion: z.literal(AWS_SNAPSHOT.apiVersion),
  kind: z.literal(AWS_SNAPSHOT.kind),
  metadata: z.object({ name: z.string() }),
  region: text,
  currency: text,
  askedTypes: z.array(text).exactOptional(),
  askedZones: z.array(text).exactOptional(),
  instanceTypes: readOf(VALUE_SCHEMAS.instanceTypes),
  offerings: readOf(VALUE_SCHEMAS.offerings),
  spotPrices: readOf(VALUE_SCHEMAS.spotPrices),
  instances: readOf(VALUE_SCHEMAS.instances),
  subnets: readOf(VALUE_SCHEMAS.subnets),
  reservedInstances: readOf(VALUE_SCHEMAS.reservedInstances),
  onDemand: readOf(VALUE_SCHEMAS.onDemand),
  windows: readOf(VALUE_SCHEMAS.windows),
  dedicated: readOf(VALUE_SCHEMAS.dedicated),
  autoMode: readOf(VALUE_SCHEMAS.autoMode),
  ebs: readOf(VALUE_SCHEMAS.ebs),
  controlPlane: readOf(VALUE_SCHEMAS.controlPlane),
  fargate: readOf(VALUE_SCHEMAS.fargate),
  savingsPlans: readOf(VALUE_SCHEMAS.savingsPlans),
  cluster: readOf(VALUE_SCHEMAS.cluster),
  nodeGroups: readOf(VALUE_SCHEMAS.nodeGroups),
})

/** Whether an item of a snapshot file is the AWS part of it. */
export const isAwsSnapshot = (item: Readonly<Record<string, unknown>>): boolean => item['kind'] === AWS_SNAPSHOT.kind

/**
 * The AWS part of a collect file. Throws a FailureError of kind `bad-input` that names the first field that is wrong: prices
 * that cannot be trusted are worse than none.
 */
export function readAwsSnapshot(item: unknown, file: string): AwsSnapshot {
  const parsed = snapshotSchema.safeParse(item)
  if (parsed.success) return parsed.data as AwsSnapshot
  const issue = parsed.error.issues[0]
  throw new FailureError({
    kind: 'bad-input',
    file,
    problem: `the ${AWS_SNAPSHOT.kind} in it is damaged at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? 'wrong shape'}`,
    fix: 'Collect again with `k8s-cost collect`, or take the AwsSnapshot out to run with the price catalog.',
  })
}
