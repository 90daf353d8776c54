import {
  AWS_SNAPSHOT,
  type AwsPrices,
  type AwsRead,
  type AwsSnapshot,
  type AwsSource,
} from '../../domain/aws-snapshot.js'
import type { Failure } from '../../failure.js'
import { NO_CACHE, openCache, type Cache, type CacheNote } from './cache.js'
import type { CallContext } from './calls.js'
import { deadlineIn, openClients, type ClientRequest, type Clients, type ClientSettings } from './clients.js'
import { readInstances, readReservedInstances, readSubnets, type AskedNode } from './ec2-account.js'
import { readInstanceTypes, readOfferings, readSpotPrices } from './ec2-market.js'
import { readCluster, readNodeGroups } from './eks.js'
import { whoAsks } from './identity.js'
import { readAllPrices, type PriceReads } from './prices.js'
import { currencyOf } from './region.js'
import { readSavingsPlans } from './savings-plans.js'

export type AwsRequest = ClientRequest & {
  /** The cluster's nodes that may be EC2 instances. */
  readonly nodes: readonly AskedNode[]
  /** Undefined: every type of the region. */
  readonly instanceTypes?: readonly string[] | undefined
  /** Zones whose spot prices are wanted; undefined: all. */
  readonly zones?: readonly string[] | undefined
  /** EKS's name of the cluster; without it EKS is not asked. */
  readonly clusterName?: string | undefined
  /** There are nodes of Windows, of dedicated tenancy or of EKS Auto Mode; EC2's and EKS's own answers add to this. */
  readonly windows?: boolean
  readonly dedicated?: boolean
  readonly autoMode?: boolean
  /** Over how many days the spread of spot prices is taken; 3 without it. */
  readonly spotDays?: number
}

/** What the collection takes from outside, so that tests can hand in their own. */
export type AwsDeps = {
  readonly now: Date
  /** Of k8s-cost, for the user agent. */
  readonly version: string
  /** Undefined: no cache. */
  readonly cacheDir?: string | undefined
  /** Of everything together; 5 minutes without it. */
  readonly totalMs?: number
  /** Ends the collection early, as a signal to the process does. */
  readonly signal?: AbortSignal | undefined
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly clients?: ClientSettings
}

export type AwsReading =
  | { readonly kind: 'read'; readonly snapshot: AwsSnapshot; readonly notes: readonly CacheNote[] }
  /** Nothing was asked; an error only where the user wants live prices. */
  | { readonly kind: 'no-credentials'; readonly failure: Failure; readonly refused?: true }

const DEFAULT_TOTAL_MS = 5 * 60_000
const DEFAULT_SPOT_DAYS = 3

/**
 * Reads everything that AWS can say about the cluster and its region. Each source stands for itself: one that is denied,
 * late or damaged costs its own figures and no others. Throws nothing that AWS can cause.
 */
export async function collectAws(
  request: AwsRequest,
  onProgress: (text: string) => void,
  deps: AwsDeps,
): Promise<AwsReading> {
  const clients = openClients(request, deps.clients ?? {}, deps.version)
  try {
    const deadline = deadlineIn(deps.totalMs ?? DEFAULT_TOTAL_MS, deps.signal)
    const identity = await whoAsks(request, clients, deadline)
    if (identity.kind === 'none') return { ...identity, kind: 'no-credentials' }
    const cache = cacheFor(request, identity.account, deps)
    const context: CallContext = {
      region: request.region,
      readAt: deps.now.toISOString(),
      deadline,
      onItems: (what, count) => onProgress(`AWS: ${count} ${what}`),
    }
    return { kind: 'read', snapshot: await readAll(request, clients, cache, context, deps.now), notes: cache.notes() }
  } finally {
    clients.close()
  }
}

/** Zone names and offers differ between accounts, and an emulator's answers are nobody's: without an account no cache. */
function cacheFor(request: AwsRequest, account: string | undefined, deps: AwsDeps): Cache {
  if (deps.cacheDir === undefined || account === undefined) return NO_CACHE
  const endpoint = Object.entries(deps.env ?? {})
    .filter(([name]) => name.startsWith('AWS_ENDPOINT_URL'))
    .map(([name, value]) => `${name}=${value ?? ''}`)
    .sort()
  const { instanceTypes, zones, spotDays, region } = request
  const sortedCopy = (names: readonly string[] | undefined) => (names === undefined ? null : [...names].sort())
  const parameters = [sortedCopy(instanceTypes), sortedCopy(zones), spotDays ?? DEFAULT_SPOT_DAYS]
  const scope = { region, account, endpoint: endpoint.join(' '), parameters }
  return openCache(deps.cacheDir, scope, deps.now)
}

async function readAll(
  request: AwsRequest,
  clients: Clients,
  cache: Cache,
  context: CallContext,
  now: Date,
): Promise<AwsSnapshot> {
  const { region, instanceTypes: types, zones, nodes, clusterName } = request
  const ec2 = await clients.ec2()
  const spot = { types, zones, days: request.spotDays ?? DEFAULT_SPOT_DAYS, now }
  const instanceTypes = cache.through('instanceTypes', () => readInstanceTypes(ec2, types, context))
  const instances = nodes.length === 0 ? skipped('no node is an EC2 instance') : readInstances(ec2, nodes, context)
  const cluster =
    clusterName === undefined
      ? skipped('the name of the EKS cluster is not known')
      : clients.eks().then((eks) => readCluster(eks, clusterName, context))
  const prices = readAllPrices(
    {
      client: clients.pricing,
      windows: request.windows === true,
      dedicated: request.dedicated === true,
      autoMode: request.autoMode === true,
    },
    { instanceTypes, instances, cluster },
    cache,
    { ...context, currency: currencyOf(region), now },
  )
  const { savingsPlans } = clients
  const parts = settle({
    instanceTypes,
    instances,
    cluster,
    offerings: cache.through('offerings', () => readOfferings(ec2, types, context)),
    spotPrices: cache.through('spotPrices', () => readSpotPrices(ec2, spot, context)),
    reservedInstances: readReservedInstances(ec2, context),
    subnets: Promise.all([instances, cluster]).then(([found, eks]) => {
      const vpcs = found.kind === 'read' ? found.value.flatMap(({ vpcId }) => vpcId ?? []) : []
      const wanted = [...vpcs, ...(eks.kind === 'read' && eks.value.vpcId !== undefined ? [eks.value.vpcId] : [])]
      return wanted.length === 0 ? skipped('the VPC of the nodes is not known') : readSubnets(ec2, wanted, context)
    }),
    savingsPlans:
      savingsPlans === undefined
        ? skipped(`Savings Plans of ${region} cannot be asked about`)
        : savingsPlans().then((client) => readSavingsPlans(client, context)),
    nodeGroups:
      clusterName === undefined
        ? skipped('the name of the EKS cluster is not known')
        : clients.eks().then((eks) => readNodeGroups(eks, clusterName, context)),
  })
  const [sources, lists] = await Promise.all([parts, prices])
  return {
    ...AWS_SNAPSHOT,
    metadata: { name: region },
    region,
    currency: currencyOf(region),
    ...(types === undefined ? {} : { askedTypes: [...types].sort() }),
    ...(zones === undefined ? {} : { askedZones: [...zones].sort() }),
    ...sources,
    ...lists,
  }
}

const skipped = (why: string): Promise<{ readonly kind: 'skipped'; readonly why: string }> =>
  Promise.resolve({ kind: 'skipped', why })

type Sources = { readonly [Source in Exclude<AwsSource, keyof PriceReads>]: AwsSnapshot[Source] }

/** Waits for all of them; which one comes first changes nothing. */
async function settle(parts: { readonly [Source in keyof Sources]: Promise<Sources[Source]> }): Promise<Sources> {
  const entries = await Promise.all(Object.entries(parts).map(async ([name, part]) => [name, await part]))
  return Object.fromEntries(entries) as Sources
}

/** Nothing at all came back: what a run that insists on live prices should fail with. */
export function nothingRead(snapshot: AwsSnapshot): boolean {
  return !Object.values(snapshot).some(isRead)
}

const isRead = (part: unknown): part is AwsRead<AwsPrices> =>
  typeof part === 'object' && part !== null && (part as { readonly kind?: unknown }).kind === 'read'
