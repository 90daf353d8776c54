import { defaultCacheDir } from './collect/aws/cache.js'
import type { AskedNode } from './collect/aws/ec2-account.js'
import { awsFindings } from './collect/aws/findings.js'
import { catalogFromAws } from './collect/aws/overlay.js'
import type { AwsSnapshot } from './domain/aws-snapshot.js'
import type { PriceCatalog } from './domain/catalog.js'
import type { NodeObject, Snapshot } from './domain/snapshot.js'
import { explain, FailureError } from './failure.js'
import { mostCommon } from './model/build-cluster.js'
import type { FreeAddresses } from './model/capacity/plan-addresses.js'
import { clusterName } from './model/group-name.js'
import { identify } from './model/identity.js'
import { parseProviderId } from './model/provider-id.js'
import type { AwsOptions } from './options.js'
import { VERSION } from './package.js'
import type { Logger, Progress } from './progress.js'

type Reporting = { readonly progress: Progress; readonly log: Logger }

const PACKAGE_PRICES = 'price catalog in the package'

/** Whether a run on a live cluster also asks AWS. */
export const asksAws = ({ pricing }: Pick<AwsOptions, 'pricing'>): boolean =>
  pricing.kind === 'auto' || pricing.kind === 'aws'

/**
 * What AWS says about the region of these nodes. Undefined where there are no credentials, or no node is on AWS. Fails with
 * `unreadable-source` only where the user insists on AWS's own prices.
 */
export async function readAws(
  nodes: readonly NodeObject[],
  options: AwsOptions,
  { progress, log }: Reporting,
  signal?: AbortSignal,
): Promise<AwsSnapshot | undefined> {
  const insists = options.pricing.kind === 'aws'
  const facts = nodes.map((node) => identify(node)).filter(({ owner }) => owner !== 'other-cloud')
  if (facts.length === 0 && !insists) return undefined
  const region = options.region ?? regionOfNodes(nodes) ?? (await profileRegion())
  if (region === undefined) {
    if (insists) throw notRead('the region is not known: no node label names it', 'Pass --region, or set AWS_REGION.')
    log.info(`the AWS region is not known: the ${PACKAGE_PRICES} is used`)
    return undefined
  }
  const { collectAws } = await import('./collect/aws/collect.js')
  const zones = [...new Set(facts.flatMap(({ zone }) => zone ?? []))].sort()
  const reading = await collectAws(
    {
      region,
      nodes: askedNodes(nodes),
      // New nodes are put into the zones of today's.
      zones: zones.length === 0 ? undefined : zones,
      clusterName: clusterName(nodes),
      windows: facts.some(({ os }) => os === 'windows'),
      dedicated: facts.some(({ tenancy }) => tenancy === 'dedicated'),
      autoMode: facts.some(({ owner }) => owner === 'eks-auto-mode'),
      pricingProfile: options.pricingProfile,
    },
    (text) => progress.show(text),
    {
      now: new Date(),
      version: VERSION,
      cacheDir: cacheDirOf(options.cache),
      signal,
      env: process.env,
    },
  )
  if (reading.kind === 'no-credentials') {
    if (insists) throw new FailureError(reading.failure)
    if (reading.refused) log.warn(`${explain(reading.failure).text} The ${PACKAGE_PRICES} is used.`)
    else log.info(`no AWS credentials: the ${PACKAGE_PRICES} is used`)
    return undefined
  }
  for (const { level, text } of reading.notes) log[level](text)
  if (insists) await refuseNothing(reading.snapshot)
  return reading.snapshot
}

/** Fails with `unreadable-source` where not one answer of AWS is there, and the user insists on its prices. */
export async function refuseNothing(aws: AwsSnapshot): Promise<void> {
  const { nothingRead } = await import('./collect/aws/collect.js')
  if (!nothingRead(aws)) return
  const [first] = awsFindings(aws, [])
  throw notRead(
    `nothing could be read (${first?.detail.replace(/\.$/, '') ?? 'no answer'})`,
    'Run k8s-cost doctor to see what is missing, or use --pricing embedded.',
  )
}

const notRead = (problem: string, fix: string): FailureError =>
  new FailureError({ kind: 'unreadable-source', source: 'AWS', problem, fix })

const cacheDirOf = (cache: string | undefined): string | undefined =>
  cache === 'off' ? undefined : (cache ?? defaultCacheDir(process.env, process.platform))

/** Nodes that may be EC2 instances, with the instance where the node names it. */
export const askedNodes = (nodes: readonly NodeObject[]): readonly AskedNode[] =>
  nodes.flatMap((node) => {
    const { kind, instanceId } = parseProviderId(node.spec.providerID)
    const { name } = node.metadata
    if (kind === 'ec2') return [{ name, instanceId }]
    if (kind !== 'unknown' || ['fargate', 'hybrid', 'other-cloud'].includes(identify(node).owner)) return []
    // EKS Auto Mode and kOps call a node by its instance.
    return [{ name, instanceId: /^i-[0-9a-f]{8,17}$/.test(name) ? name : undefined }]
  })

export const regionOfNodes = (nodes: readonly NodeObject[]): string | undefined =>
  mostCommon(nodes.map((node) => identify(node).region))

/** Of the AWS environment: variables that say it. */
export const environmentRegion = (): string | undefined =>
  process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'] || undefined

/** Of the AWS environment: a variable, else the profile. */
export async function profileRegion(): Promise<string | undefined> {
  const named = environmentRegion()
  if (named !== undefined) return named
  const { configuredRegion } = await import('./collect/aws/configured-region.js')
  return configuredRegion()
}

/** What a run computes with. */
export type Basis = {
  readonly snapshot: Snapshot
  readonly catalog: PriceCatalog
  /** For the report: where the prices are from, and how old they are. */
  readonly priceSource: string
  /** Region to price in; undefined where the node labels are to say it. */
  readonly region: string | undefined
  readonly freeAddresses: FreeAddresses | undefined
}

/** Joins what AWS said to what was observed. Without an answer of AWS the catalog stands alone. */
export function withAws(
  observed: Snapshot,
  catalog: PriceCatalog,
  { pricing, region: asked }: Pick<AwsOptions, 'pricing' | 'region'>,
): Basis {
  const { aws, ...cluster } = observed
  const labelled = regionOfNodes(observed.nodes)
  const region = asked ?? (labelled === undefined ? (aws?.region ?? environmentRegion()) : undefined)
  if (pricing.kind === 'embedded' || pricing.kind === 'file' || aws === undefined) {
    const priceSource = pricing.kind === 'file' ? `price catalog ${pricing.file}` : PACKAGE_PRICES
    return { snapshot: cluster, catalog, priceSource, region, freeAddresses: undefined }
  }
  return {
    snapshot: { ...observed, findings: [...observed.findings, ...awsFindings(aws, askedNodes(observed.nodes))] },
    catalog: catalogFromAws(catalog, aws),
    priceSource: aws.region === (region ?? labelled) ? livePrices(aws) : PACKAGE_PRICES,
    region,
    freeAddresses: freeAddresses(observed),
  }
}

/** By day: runs of one day that find the same prices give the same report. */
function livePrices({ onDemand, spotPrices }: AwsSnapshot): string {
  const parts = [
    ['on-demand', onDemand],
    ['spot', spotPrices],
  ] as const
  const read = parts.flatMap(([name, part]) =>
    part.kind === 'read' ? [`${name} prices read on ${part.readAt.slice(0, 10)}`] : [],
  )
  return read.length === 0 ? PACKAGE_PRICES : `AWS (${read.join(', ')}), else the ${PACKAGE_PRICES}`
}

/**
 * Free addresses of the subnets that nodes or managed node groups are in, by zone. Undefined where they are not known in
 * full; with custom networking pods have other subnets, which nothing here names.
 */
function freeAddresses({ aws, eniConfigs, cniNodes }: Snapshot): FreeAddresses | undefined {
  const custom = cniNodes.some(({ features }) => features.some(({ name }) => name === 'CustomNetworking'))
  if (aws === undefined || eniConfigs.length > 0 || custom) return undefined
  const { instances, subnets, nodeGroups } = aws
  if (instances.kind !== 'read' || instances.incomplete !== undefined) return undefined
  if (subnets.kind !== 'read' || subnets.incomplete !== undefined) return undefined
  const groups = nodeGroups.kind === 'read' ? nodeGroups.value : []
  const used = new Set([
    ...instances.value.flatMap(({ subnetId }) => subnetId ?? []),
    ...groups.flatMap((group) => group.subnets),
  ])
  const free = new Map<string, number>()
  for (const { id, zone, freeIpv4 } of subnets.value) if (used.has(id)) free.set(zone, (free.get(zone) ?? 0) + freeIpv4)
  return free
}
