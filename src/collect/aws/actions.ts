import type { AwsSource } from '../../domain/aws-snapshot.js'

/** A call that the program makes, as IAM names it. */
export type AwsAction = {
  readonly action: string
  /** Figures that need it; `identity` is who asks, which no policy can deny. */
  readonly sources: readonly (AwsSource | 'identity')[]
  /** What a report lacks without it. */
  readonly gives: string
  /** Asked only where a cluster name, a node group or a plan is there to ask about. */
  readonly optional: boolean
}

const action = (name: string, sources: AwsAction['sources'], gives: string, optional = false): AwsAction => ({
  action: name,
  sources,
  gives,
  optional,
})

/** Every action that is ever used, sorted. A test holds this list against the calls that are really made, both ways. */
export const AWS_ACTIONS: readonly AwsAction[] = [
  action('ec2:DescribeInstanceTypeOfferings', ['offerings'], 'which zone has which instance type'),
  action('ec2:DescribeInstanceTypes', ['instanceTypes'], 'instance types newer than the catalog in the package'),
  action('ec2:DescribeInstances', ['instances'], 'how each node is paid for, where no label says it'),
  action('ec2:DescribeReservedInstances', ['reservedInstances'], 'Reserved Instances already paid for', true),
  action('ec2:DescribeSpotPriceHistory', ['spotPrices'], "today's spot prices by zone"),
  action('ec2:DescribeSubnets', ['subnets'], 'free addresses of the subnets, and zone ids'),
  action('eks:DescribeCluster', ['cluster'], 'version of the control plane, its VPC, Auto Mode', true),
  action('eks:DescribeClusterVersions', ['cluster'], 'whether the version is in extended support', true),
  action('eks:DescribeNodegroup', ['nodeGroups'], 'sizes and limits of managed node groups', true),
  action('eks:ListNodegroups', ['nodeGroups'], 'which managed node groups there are', true),
  action(
    'pricing:GetProducts',
    ['onDemand', 'windows', 'dedicated', 'autoMode', 'ebs', 'controlPlane', 'fargate'],
    "today's list prices",
  ),
  action('savingsplans:DescribeSavingsPlanRates', ['savingsPlans'], 'rates of the Savings Plans', true),
  action('savingsplans:DescribeSavingsPlans', ['savingsPlans'], 'Savings Plans already committed to', true),
  action('sts:GetCallerIdentity', ['identity'], 'which account is asked'),
]

/** One statement of an IAM policy. EC2's Describe calls and the Pricing API take no resource but `*`. */
export type PolicyStatement = {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: '*'
}

/** The statement that allows these actions. GetCallerIdentity needs none, so it is left out. */
export const policyStatement = (actions: readonly string[]): PolicyStatement => ({
  Sid: 'K8sCostRead',
  Effect: 'Allow',
  Action: [...new Set(actions)].filter((name) => name !== 'sts:GetCallerIdentity').sort(),
  Resource: '*',
})
