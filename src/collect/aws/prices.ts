import type { PricingClient } from '@aws-sdk/client-pricing'
import type {
  AwsClusterFacts,
  AwsInstance,
  AwsInstanceType,
  AwsPrices,
  AwsRead,
  AwsSnapshot,
} from '../../domain/aws-snapshot.js'
import type { Cache } from './cache.js'
import {
  readAutoModePrices,
  readControlPlanePrice,
  readEbsPrices,
  readFargatePrice,
  readInstancePrices,
  type PriceContext,
} from './price-list.js'
import type { SkuKind } from './sku.js'

export type PriceReads = Pick<
  AwsSnapshot,
  'onDemand' | 'windows' | 'dedicated' | 'autoMode' | 'ebs' | 'controlPlane' | 'fargate'
>

/** What else AWS is being asked: some prices are wanted only if the cluster has such nodes. */
type Facts = {
  readonly instanceTypes: Promise<AwsRead<readonly AwsInstanceType[]>>
  readonly instances: Promise<AwsRead<readonly AwsInstance[]>>
  readonly cluster: Promise<AwsRead<AwsClusterFacts>>
}

const NO_SERVICE: AwsRead<never> = {
  kind: 'failed',
  why: 'this partition has no Pricing API; a profile with commercial credentials (pricing profile) reads its prices elsewhere',
}

/** All list prices, one query after the other: the Pricing API allows few calls a second. */
export async function readAllPrices(
  asked: {
    readonly client: (() => Promise<PricingClient>) | undefined
    readonly windows: boolean
    readonly dedicated: boolean
    readonly autoMode: boolean
  },
  facts: Facts,
  cache: Cache,
  context: PriceContext,
): Promise<PriceReads> {
  const client = await asked.client?.()
  const ask = <Value>(source: keyof PriceReads, read: (client: PricingClient) => Promise<AwsRead<Value>>) =>
    client === undefined ? NO_SERVICE : cache.through(source, () => read(client))
  const hoursOf = (operatingSystem: SkuKind['operatingSystem'], tenancy: SkuKind['tenancy']) => (api: PricingClient) =>
    readInstancePrices(api, { operatingSystem, tenancy }, context)

  const onDemand = await ask('onDemand', async (api) =>
    withMetal(api, await hoursOf('Linux', 'Shared')(api), await facts.instanceTypes, context),
  )
  const ebs = await ask('ebs', (api) => readEbsPrices(api, context))
  const controlPlane = await ask('controlPlane', (api) => readControlPlanePrice(api, context))
  const fargate = await ask('fargate', (api) => readFargatePrice(api, context))

  const instances = await facts.instances
  const nodes = instances.kind === 'read' ? instances.value : []
  const cluster = await facts.cluster
  const windows = asked.windows || nodes.some(({ platform }) => platform.startsWith('Windows'))
  const dedicated = asked.dedicated || nodes.some(({ tenancy }) => tenancy === 'dedicated')
  const autoMode = asked.autoMode || (cluster.kind === 'read' && cluster.value.autoMode)
  return {
    onDemand,
    ebs,
    controlPlane,
    fargate,
    windows: windows ? await ask('windows', hoursOf('Windows', 'Shared')) : skipped('no node runs Windows'),
    dedicated: dedicated
      ? await ask('dedicated', hoursOf('Linux', 'Dedicated'))
      : skipped('no node is on dedicated tenancy'),
    autoMode: autoMode
      ? await ask('autoMode', (api) => readAutoModePrices(api, context))
      : skipped('the cluster does not use EKS Auto Mode'),
  }
}

const skipped = (why: string): AwsRead<never> => ({ kind: 'skipped', why })

/**
 * Bare metal is one customer's by nature, and AWS lists some of its types as dedicated only: those are asked for where the
 * shared list lacks a metal type that the region has.
 */
async function withMetal(
  client: PricingClient,
  shared: AwsRead<AwsPrices>,
  types: AwsRead<readonly AwsInstanceType[]>,
  context: PriceContext,
): Promise<AwsRead<AwsPrices>> {
  if (shared.kind !== 'read' || types.kind !== 'read') return shared
  const { rates, ambiguous } = shared.value
  const lacking = new Set(
    types.value
      .filter(
        ({ name, bareMetal, architectures }) => bareMetal && architectures.length > 0 && !Object.hasOwn(rates, name),
      )
      .map(({ name }) => name),
  )
  if (lacking.size === 0) return shared
  const kind = { operatingSystem: 'Linux', tenancy: 'Dedicated', metalOnly: true } as const
  const metal = await readInstancePrices(client, kind, context)
  if (metal.kind !== 'read') return shared
  const added = Object.entries(metal.value.rates).filter(([type]) => lacking.has(type))
  const byType = <Entry>(a: readonly [string, Entry], b: readonly [string, Entry]): number => (a[0] < b[0] ? -1 : 1)
  const value = {
    rates: Object.fromEntries([...Object.entries(rates), ...added].sort(byType)),
    ambiguous: [...ambiguous, ...metal.value.ambiguous.filter(({ type }) => lacking.has(type))],
  }
  return { ...shared, value }
}
