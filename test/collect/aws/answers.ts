import { ec2, json, type Answer, type Xml } from './fake-aws.js'

/** A small region as AWS would describe it: m5.large, c6g.xlarge, m5.metal in zones a and b. */
export const TYPES: readonly Xml[] = [
  typeXml('m5.large', 2, 8192, ['x86_64'], 'nitro'),
  typeXml('c6g.xlarge', 4, 8192, ['arm64'], 'nitro'),
  typeXml('m5.metal', 96, 393216, ['x86_64'], undefined),
]

function typeXml(
  name: string,
  vcpus: number,
  memory: number,
  arch: readonly string[],
  hypervisor: string | undefined,
): Xml {
  return {
    instanceType: name,
    currentGeneration: true,
    supportedUsageClasses: ['on-demand', 'spot'],
    bareMetal: hypervisor === undefined,
    ...(hypervisor === undefined ? {} : { hypervisor }),
    processorInfo: { supportedArchitectures: arch, sustainedClockSpeedInGhz: 3.1, manufacturer: 'Intel' },
    vCpuInfo: { defaultVCpus: vcpus },
    memoryInfo: { sizeInMiB: memory },
    ebsInfo: { attachmentLimitType: 'shared', maximumEbsAttachments: 27 },
    networkInfo: {
      networkPerformance: 'Up to 10 Gigabit',
      maximumNetworkInterfaces: 3,
      maximumNetworkCards: 1,
      defaultNetworkCardIndex: 0,
      networkCards: [{ networkCardIndex: 0, maximumNetworkInterfaces: 3, baselineBandwidthInGbps: 0.75 }],
      ipv4AddressesPerInterface: 10,
      ipv6AddressesPerInterface: 10,
      ipv6Supported: true,
      efaSupported: false,
    },
    burstablePerformanceSupported: false,
  }
}

export const offer = (instanceType: string, location: string): Xml => ({
  instanceType,
  locationType: 'availability-zone',
  location,
})

export const spot = (instanceType: string, availabilityZone: string, spotPrice: string, timestamp: string): Xml => ({
  instanceType,
  productDescription: 'Linux/UNIX',
  spotPrice,
  timestamp,
  availabilityZone,
})

export const instance = (instanceId: string, more: Readonly<Record<string, Xml>> = {}): Xml => ({
  instanceId,
  instanceType: 'm5.large',
  placement: { availabilityZone: 'eu-west-1a', tenancy: 'default' },
  platformDetails: 'Linux/UNIX',
  subnetId: 'subnet-1',
  vpcId: 'vpc-1',
  ...more,
})

/** An entry of GetProducts with the attributes of an hour of Linux on shared tenancy, some of them changed. */
export function product(
  type: string,
  usd: string,
  changes: Readonly<Record<string, string>> = {},
  currency = 'USD',
  family = type.includes('.metal') ? 'Compute Instance (bare metal)' : 'Compute Instance',
): string {
  const attributes = {
    instanceType: type,
    regionCode: 'eu-west-1',
    locationType: 'AWS Region',
    operatingSystem: 'Linux',
    tenancy: 'Shared',
    preInstalledSw: 'NA',
    capacitystatus: 'Used',
    licenseModel: 'No License required',
    marketoption: 'OnDemand',
    operation: 'RunInstances',
    usagetype: `EU-BoxUsage:${type}`,
    ...changes,
  }
  return entry({ family, attributes, unit: 'Hrs', price: { [currency]: usd } })
}

export function entry(of: {
  readonly family: string
  readonly attributes: Readonly<Record<string, string>>
  readonly unit: string
  readonly price: Readonly<Record<string, string>>
  readonly sku?: string
  readonly effectiveDate?: string
}): string {
  const sku = of.sku ?? 'SKU1'
  const dimension = { unit: of.unit, beginRange: '0', endRange: 'Inf', pricePerUnit: of.price }
  return JSON.stringify({
    product: { sku, productFamily: of.family, attributes: of.attributes },
    serviceCode: 'AmazonEC2',
    terms: {
      OnDemand: {
        [`${sku}.JRTCKXETXF`]: {
          effectiveDate: of.effectiveDate ?? '2026-07-01T00:00:00Z',
          priceDimensions: { [`${sku}.JRTCKXETXF.6YS6EN2CT7`]: dimension },
        },
      },
    },
  })
}

export const usage = (usagetype: string, usd: string, unit: string, family = 'Storage'): string =>
  entry({ family, attributes: { usagetype, locationType: 'AWS Region', operation: '' }, unit, price: { USD: usd } })

const priceList = (...entries: readonly string[]) => json({ FormatVersion: 'aws_v1', PriceList: entries })

const getProducts: Answer = (params) => {
  if (params['filter.productFamily'] === 'Storage') return priceList(usage('EU-EBS:VolumeUsage.gp3', '0.088', 'GB-Mo'))
  if (params['filter.productFamily'] === 'System Operation')
    return priceList(usage('EU-EBS:VolumeP-IOPS.gp3', '0.0055', 'IOPS-Mo', 'System Operation'))
  if (params['filter.productFamily'] === 'Provisioned Throughput')
    return priceList(usage('EU-EBS:VolumeP-Throughput.gp3', '45.056', 'GiBps-mo', 'Provisioned Throughput'))
  if (params['filter.usagetype'] === 'AmazonEKS-Hours:')
    return priceList(
      usage('EU-AmazonEKS-Hours:perCluster', '0.10', 'Hours', 'Compute'),
      usage('EU-AmazonEKS-Hours:extendedSupport', '0.50', 'Hours', 'Compute'),
      usage('EU-AmazonEKS-Hours:provisioned-xl', '1.65', 'Hours', 'Compute'),
    )
  if (params['filter.usagetype'] === 'Fargate-')
    return priceList(
      usage('EU-Fargate-vCPU-Hours:perCPU', '0.04048', 'hours', 'Compute'),
      usage('EU-Fargate-GB-Hours', '0.004445', 'hours', 'Compute'),
      usage('EU-Fargate-EphemeralStorage-GB-Hours', '0.000111', 'GB-hours', 'Compute'),
    )
  if (params['filter.operation'] === 'EKSAutoUsage')
    return priceList(
      entry({
        family: 'Compute',
        attributes: { usagetype: 'EU-EKS-Auto:m5.large', operation: 'EKSAutoUsage', instanceType: 'm5.large' },
        unit: 'Hours',
        price: { USD: '0.01284' },
      }),
    )
  if (params['filter.operatingSystem'] === 'Windows')
    return priceList(product('m5.large', '0.199', { operatingSystem: 'Windows', operation: 'RunInstances:0002' }))
  if (params['filter.tenancy'] === 'Dedicated') {
    const dedicated = (type: string, usd: string) =>
      product(type, usd, { tenancy: 'Dedicated', usagetype: `EU-DedicatedUsage:${type}` })
    return params['filter.productFamily'] === undefined
      ? priceList(dedicated('m5.large', '0.113'))
      : priceList(dedicated('m5.metal', '5.136'))
  }
  return priceList(product('m5.large', '0.1070000000'), product('c6g.xlarge', '0.1456000000'))
}

export const NOW = new Date('2026-11-21T12:00:00Z')

/** Everything works. */
export const ALL_WELL: Readonly<Record<string, Answer>> = {
  'ec2:DescribeInstanceTypes': () => ec2({ instanceTypeSet: TYPES }),
  'ec2:DescribeInstanceTypeOfferings': () =>
    ec2({
      instanceTypeOfferingSet: ['eu-west-1a', 'eu-west-1b'].flatMap((zone) =>
        ['m5.large', 'c6g.xlarge', 'm5.metal'].map((type) => offer(type, zone)),
      ),
    }),
  'ec2:DescribeSpotPriceHistory': () =>
    ec2({
      spotPriceHistorySet: [
        spot('m5.large', 'eu-west-1a', '0.040000', '2026-11-21T10:00:00.000Z'),
        spot('m5.large', 'eu-west-1a', '0.038000', '2026-11-20T10:00:00.000Z'),
        spot('m5.large', 'eu-west-1a', '0.045000', '2026-11-19T10:00:00.000Z'),
        spot('m5.large', 'eu-west-1b', '0.041000', '2026-11-21T09:00:00.000Z'),
        spot('c6g.xlarge', 'eu-west-1b', '0.060000', '2026-11-21T09:00:00.000Z'),
      ],
    }),
  'ec2:DescribeInstances': () =>
    ec2({
      reservationSet: [
        { instancesSet: [instance('i-1'), instance('i-2', { instanceLifecycle: 'spot', ipAddress: '198.51.100.7' })] },
      ],
    }),
  'ec2:DescribeSubnets': () =>
    ec2({
      subnetSet: [
        {
          subnetId: 'subnet-1',
          vpcId: 'vpc-1',
          availabilityZone: 'eu-west-1a',
          availabilityZoneId: 'euw1-az3',
          availableIpAddressCount: 211,
          cidrBlock: '10.0.0.0/24',
        },
      ],
    }),
  'ec2:DescribeReservedInstances': () =>
    ec2({
      reservedInstancesSet: [
        {
          reservedInstancesId: 'ri-1',
          instanceType: 'm5.large',
          instanceCount: 2,
          end: '2027-05-01T00:00:00.000Z',
          scope: 'Region',
          productDescription: 'Linux/UNIX',
          instanceTenancy: 'default',
          offeringClass: 'convertible',
          state: 'active',
          // Partial upfront for a year: 262.8 / 8760 h + 0.03 an hour.
          fixedPrice: 262.8,
          usagePrice: 0,
          duration: 31536000,
          currencyCode: 'USD',
          recurringCharges: [{ frequency: 'Hourly', amount: 0.03 }],
        },
      ],
    }),
  'eks:DescribeCluster': () =>
    json({ cluster: { name: 'prod', version: '1.31', resourcesVpcConfig: { vpcId: 'vpc-1' }, computeConfig: {} } }),
  'eks:DescribeClusterVersions': () =>
    json({ clusterVersions: [{ clusterVersion: '1.31', versionStatus: 'EXTENDED_SUPPORT' }] }),
  'eks:ListNodegroups': () => json({ nodegroups: ['blue', 'apps'] }),
  'eks:DescribeNodegroup': () =>
    json({
      nodegroup: {
        nodegroupName: 'apps',
        capacityType: 'SPOT',
        amiType: 'AL2023_x86_64_STANDARD',
        diskSize: 20,
        instanceTypes: ['m5.large'],
        subnets: ['subnet-1'],
        scalingConfig: { minSize: 1, maxSize: 9, desiredSize: 3 },
      },
    }),
  'pricing:GetProducts': getProducts,
  'savingsplans:DescribeSavingsPlans': () =>
    json({
      savingsPlans: [
        {
          savingsPlanId: 'sp-1',
          savingsPlanType: 'Compute',
          commitment: '1.50000000',
          currency: 'USD',
          end: '2027-01-01T00:00:00.000Z',
          state: 'active',
        },
        {
          savingsPlanId: 'sp-2',
          savingsPlanType: 'EC2Instance',
          ec2InstanceFamily: 'm5',
          region: 'us-east-1',
          commitment: '0.2',
          currency: 'USD',
          end: '2027-01-01T00:00:00.000Z',
          state: 'active',
        },
      ],
    }),
  'savingsplans:DescribeSavingsPlanRates': () =>
    json({
      searchResults: [
        spRate('m5.large', '0.0780', 'RunInstances', 'EU-BoxUsage:m5.large'),
        spRate('m5.large', '0.1700', 'RunInstances:0002', 'EU-BoxUsage:m5.large'),
      ],
    }),
}

const spRate = (type: string, rate: string, operation: string, usageType: string) => ({
  rate,
  currency: 'USD',
  unit: 'Hrs',
  productType: 'EC2',
  serviceCode: 'AmazonEC2',
  usageType,
  operation,
  properties: [
    { name: 'instanceType', value: type },
    { name: 'region', value: 'eu-west-1' },
  ],
})
