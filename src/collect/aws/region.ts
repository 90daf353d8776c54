/** Partitions of AWS: accounts, prices and endpoints of their own. */
export type Partition = 'aws' | 'aws-cn' | 'aws-us-gov' | 'other'

export function partitionOf(region: string): Partition {
  if (region.startsWith('cn-')) return 'aws-cn'
  if (region.startsWith('us-gov-')) return 'aws-us-gov'
  return /^(us-iso|eu-isoe|eusc-)/.test(region) ? 'other' : 'aws'
}

/** Prices of China's regions are in yuan. */
export const currencyOf = (region: string): 'USD' | 'CNY' => (partitionOf(region) === 'aws-cn' ? 'CNY' : 'USD')

/**
 * Where the Pricing API is asked about a region: it lives in us-east-1, eu-central-1 and ap-south-1, in China in
 * cn-northwest-1, and each of the first three knows every region but China's. Undefined: nowhere with the credentials
 * of that region's partition.
 */
export function pricingRegionOf(region: string): string | undefined {
  const partition = partitionOf(region)
  switch (partition) {
    case 'aws':
      if (/^(eu|me|af|il)-/.test(region)) return 'eu-central-1'
      return region.startsWith('ap-') ? 'ap-south-1' : 'us-east-1'
    case 'aws-cn':
      return 'cn-northwest-1'
    case 'aws-us-gov':
    case 'other':
      return undefined
    default:
      return partition satisfies never
  }
}

/** The commercial endpoint that knows GovCloud's prices; it takes no GovCloud credentials. */
export const COMMERCIAL_PRICING_REGION = 'us-east-1'

/** Savings Plans are one global service of the commercial partition; the SDK finds China's by the region. */
export function savingsPlansRegionOf(region: string): string | undefined {
  const partition = partitionOf(region)
  if (partition === 'aws') return 'us-east-1'
  return partition === 'aws-cn' ? region : undefined
}
