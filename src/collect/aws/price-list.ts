import type { Filter, PricingClient } from '@aws-sdk/client-pricing'
import type { AwsControlPlane, AwsFargate, AwsPrices, AwsRates, AwsRead } from '../../domain/aws-snapshot.js'
import { readOf, readPages, type Pages } from './answer.js'
import type { CallContext } from './calls.js'
import { bounded } from './clients.js'
import { readPriceItem, type PriceItem } from './price-item.js'
import { isHourOf, OPERATIONS, pricesOf, type SkuKind } from './sku.js'

export type PriceContext = CallContext & { readonly currency: string; readonly now: Date }

const ACTION = 'pricing:GetProducts'
type FilterType = NonNullable<Filter['Type']>
const match = (Field: string, Value: string, Type: FilterType = 'TERM_MATCH'): Filter => ({ Type, Field, Value })

type Items = { readonly items: readonly PriceItem[]; readonly answer: Pages<unknown>; readonly unreadable: number }

async function productsOf(
  client: PricingClient,
  service: 'AmazonEC2' | 'AmazonEKS',
  filters: readonly Filter[],
  what: string,
  context: PriceContext,
): Promise<Items> {
  const { paginateGetProducts } = await import('@aws-sdk/client-pricing')
  const pages = paginateGetProducts(
    { client, pageSize: 100 },
    {
      ServiceCode: service,
      FormatVersion: 'aws_v1',
      Filters: [match('regionCode', context.region), ...filters],
    },
    { abortSignal: context.deadline.signal },
  )
  const answer = await readPages(
    bounded(pages, context.deadline),
    (page) => page.PriceList as readonly unknown[] | undefined,
    (count) => context.onItems(what, count),
  )
  const items = answer.items.flatMap((entry) => readPriceItem(entry, context.currency, context.now) ?? [])
  return { items, answer, unreadable: answer.items.length - items.length }
}

const read = <Value>(value: Value, { answer, unreadable }: Items, context: PriceContext): AwsRead<Value> =>
  readOf(value, answer, { action: ACTION, region: context.region, readAt: context.readAt }, unreadable)

/** Hours of all instance types of the region, of one operating system and tenancy. */
export async function readInstancePrices(
  client: PricingClient,
  kind: SkuKind,
  context: PriceContext,
): Promise<AwsRead<AwsPrices>> {
  const filters = [
    match('operatingSystem', kind.operatingSystem),
    match('tenancy', kind.tenancy),
    match('preInstalledSw', 'NA'),
    match('capacitystatus', 'Used'),
    match('licenseModel', 'No License required'),
    match('operation', OPERATIONS[kind.operatingSystem]),
    match('marketoption', 'OnDemand'),
    ...(kind.metalOnly === true ? [match('productFamily', 'Compute Instance (bare metal)')] : []),
  ]
  const found = await productsOf(client, 'AmazonEC2', filters, `${kind.operatingSystem} prices`, context)
  const typeOf = (item: PriceItem) =>
    isHourOf(item, context.region, kind) ? item.attributes['instanceType'] : undefined
  return read(pricesOf(found.items, typeOf), found, context)
}

/** What EKS Auto Mode adds, by instance type. */
export async function readAutoModePrices(client: PricingClient, context: PriceContext): Promise<AwsRead<AwsPrices>> {
  const filters = [match('operation', 'EKSAutoUsage')]
  const found = await productsOf(client, 'AmazonEKS', filters, 'EKS Auto Mode prices', context)
  const typeOf = ({ attributes, unit }: PriceItem) => {
    const named = attributes['instanceType'] ?? /:([a-z0-9-]+\.[a-z0-9-]+)$/.exec(attributes['usagetype'] ?? '')?.[1]
    return /^(hrs|hours?)$/i.test(unit) && attributes['operation'] === 'EKSAutoUsage' ? named : undefined
  }
  return read(pricesOf(found.items, typeOf), found, context)
}

/** By the end of the usage type, the unit, and the name of the figure. */
const EBS_FIGURES: readonly (readonly [usage: RegExp, unit: RegExp, figure: (kind: string) => string])[] = [
  [/EBS:VolumeUsage\.(gp3|gp2|st1|sc1|io2)$/, /^GB-Mo$/i, (kind) => `${kind}GbMonth`],
  [/EBS:VolumeUsage\.(piops)$/, /^GB-Mo$/i, () => 'io1GbMonth'],
  [/EBS:VolumeP-IOPS\.(gp3|io2)$/, /^IOPS-Mo$/i, (kind) => `${kind}IopsMonth`],
  [/EBS:VolumeP-IOPS\.(piops)$/, /^IOPS-Mo$/i, () => 'io1IopsMonth'],
  [/EBS:VolumeP-Throughput\.(gp3)$/, /^GiBps-mo$/i, (kind) => `${kind}ThroughputGiBpsMonth`],
]
const EBS_FAMILIES = ['Storage', 'System Operation', 'Provisioned Throughput']

/** Prices of EBS volumes. Of io2's operations, which get cheaper by the number, it is the first tier. */
export async function readEbsPrices(client: PricingClient, context: PriceContext): Promise<AwsRead<AwsRates>> {
  const figureOf = ({ attributes, unit }: PriceItem): string | undefined => {
    if ((attributes['locationType'] ?? 'AWS Region') !== 'AWS Region') return undefined
    for (const [usage, wanted, figure] of EBS_FIGURES) {
      const kind = usage.exec(attributes['usagetype'] ?? '')?.[1]
      if (kind !== undefined && wanted.test(unit)) return figure(kind)
    }
    return undefined
  }
  let rates: AwsRates = {}
  for (const family of EBS_FAMILIES) {
    const found = await productsOf(client, 'AmazonEC2', [match('productFamily', family)], 'EBS prices', context)
    const result = read(pricesOf(found.items, figureOf).rates, found, context)
    // The first family has what every node needs; what the others lack is said, and what was read stays.
    if (result.kind !== 'read') {
      if (Object.keys(rates).length === 0 || result.kind !== 'failed') return result
      return { kind: 'read', readAt: context.readAt, value: rates, incomplete: result.why }
    }
    rates = { ...rates, ...result.value }
    if (result.incomplete !== undefined) return { ...result, value: rates }
  }
  return { kind: 'read', readAt: context.readAt, value: rates }
}

/** EKS's fee for a control plane. Extended support is listed as what it adds to the standard fee. */
export async function readControlPlanePrice(
  client: PricingClient,
  context: PriceContext,
): Promise<AwsRead<AwsControlPlane>> {
  const filters = [match('usagetype', 'AmazonEKS-Hours:', 'CONTAINS')]
  const found = await productsOf(client, 'AmazonEKS', filters, 'EKS prices', context)
  const rates = ratesByUsage(found.items, /AmazonEKS-Hours:(perCluster|extendedSupport)$/)
  const { perCluster: standard, extendedSupport: added } = rates
  if (standard !== undefined && added !== undefined)
    return read({ standard, extended: standard + added }, found, context)
  return missing(read(rates, found, context), 'the fee of an EKS control plane')
}

/** Fargate on EKS, Linux on x86: EKS runs no other. */
export async function readFargatePrice(client: PricingClient, context: PriceContext): Promise<AwsRead<AwsFargate>> {
  const filters = [match('usagetype', 'Fargate-', 'CONTAINS')]
  const found = await productsOf(client, 'AmazonEKS', filters, 'Fargate prices', context)
  const rates = ratesByUsage(found.items, /(?:^|-)(Fargate-(?:vCPU-Hours:perCPU|GB-Hours))$/)
  const vcpuHour = rates['Fargate-vCPU-Hours:perCPU']
  const gbHour = rates['Fargate-GB-Hours']
  if (vcpuHour !== undefined && gbHour !== undefined) return read({ vcpuHour, gbHour }, found, context)
  return missing(read(rates, found, context), 'Fargate')
}

const ratesByUsage = (items: readonly PriceItem[], usage: RegExp): AwsRates =>
  pricesOf(items, ({ attributes }) => usage.exec(attributes['usagetype'] ?? '')?.[1]).rates

const missing = (got: AwsRead<AwsRates>, what: string): AwsRead<never> => {
  if (got.kind !== 'read') return got
  return { kind: 'failed', why: got.incomplete ?? `the price list of the region has no price of ${what}` }
}
