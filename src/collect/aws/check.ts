import { AWS_ACTIONS, policyStatement, type AwsAction, type PolicyStatement } from './actions.js'
import { troubleOf } from './answer.js'
import { deadlineIn, openClients, type ClientRequest, type Clients } from './clients.js'
import type { AwsDeps } from './collect.js'
import { whoAsks, type Identity } from './identity.js'

export type AwsCheckRequest = ClientRequest & { readonly clusterName?: string | undefined }

export type AwsCheckResult = {
  readonly action: string
  /** What a report has from it. */
  readonly gives: string
  readonly outcome:
    | { readonly kind: 'works' }
    | { readonly kind: 'denied' }
    | { readonly kind: 'failed'; readonly why: string }
    | { readonly kind: 'untried'; readonly why: string }
}

export type AwsCheck = {
  readonly identity: Identity
  /** In the order of AWS_ACTIONS; empty without credentials. */
  readonly results: readonly AwsCheckResult[]
  /** Allows what was denied; undefined where nothing was. */
  readonly policy: PolicyStatement | undefined
}

/** What one try says about the next: a name to ask for. Throws what the call throws. */
type Tried = { readonly names: readonly string[] }
const TRIED: Tried = { names: [] }
const CHECK_MS = 60_000

/** Tries each action once, with the smallest question that it takes. */
export async function checkAws(request: AwsCheckRequest, deps: AwsDeps): Promise<AwsCheck> {
  const clients = openClients(request, deps.clients ?? {}, deps.version)
  try {
    const deadline = deadlineIn(deps.totalMs ?? CHECK_MS, deps.signal)
    const identity = await whoAsks(request, clients, deadline)
    if (identity.kind === 'none') return { identity, results: [], policy: undefined }
    const outcomes = new Map<string, AwsCheckResult['outcome']>()
    const attempt = async (action: string, call: () => Promise<Tried>): Promise<Tried> => {
      try {
        const tried = await deadline.within(call())
        outcomes.set(action, { kind: 'works' })
        return tried
      } catch (error) {
        const trouble = troubleOf(error, action, request.region)
        outcomes.set(action, trouble.kind === 'denied' ? { kind: 'denied' } : { kind: 'failed', why: trouble.why })
        return TRIED
      }
    }
    if (identity.account !== undefined) outcomes.set('sts:GetCallerIdentity', { kind: 'works' })
    await Promise.all([
      tryEc2(clients, attempt),
      tryEks(clients, request.clusterName, attempt),
      tryPricing(clients, request.region, attempt),
      trySavingsPlans(clients, attempt),
    ])
    const results = AWS_ACTIONS.map(({ action, gives }): AwsCheckResult => ({
      action,
      gives,
      outcome: outcomes.get(action) ?? { kind: 'untried', why: untriedWhy(action, request) },
    }))
    const denied = results.filter(({ outcome }) => outcome.kind === 'denied').map(({ action }) => action)
    return { identity, results, policy: denied.length === 0 ? undefined : policyStatement(denied) }
  } finally {
    clients.close()
  }
}

function untriedWhy(action: AwsAction['action'], { clusterName, region }: AwsCheckRequest): string {
  if (action.startsWith('eks:'))
    return clusterName === undefined ? 'the name of the EKS cluster is not known' : 'there is nothing to ask it about'
  if (action === 'savingsplans:DescribeSavingsPlanRates') return 'there is no Savings Plan to ask it about'
  return `${region} has no such service`
}

type Attempt = (action: string, call: () => Promise<Tried>) => Promise<Tried>

async function tryEc2(clients: Clients, attempt: Attempt): Promise<void> {
  const sdk = await import('@aws-sdk/client-ec2')
  const client = await clients.ec2()
  const few = { MaxResults: 5 }
  const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['ec2:DescribeInstanceTypes', () => client.send(new sdk.DescribeInstanceTypesCommand(few))],
    ['ec2:DescribeInstanceTypeOfferings', () => client.send(new sdk.DescribeInstanceTypeOfferingsCommand(few))],
    ['ec2:DescribeSpotPriceHistory', () => client.send(new sdk.DescribeSpotPriceHistoryCommand(few))],
    ['ec2:DescribeInstances', () => client.send(new sdk.DescribeInstancesCommand(few))],
    ['ec2:DescribeSubnets', () => client.send(new sdk.DescribeSubnetsCommand(few))],
    ['ec2:DescribeReservedInstances', () => client.send(new sdk.DescribeReservedInstancesCommand({}))],
  ]
  await Promise.all(calls.map(([action, call]) => attempt(action, () => call().then(() => TRIED))))
}

async function tryEks(clients: Clients, name: string | undefined, attempt: Attempt): Promise<void> {
  if (name === undefined) return
  const sdk = await import('@aws-sdk/client-eks')
  const client = await clients.eks()
  await attempt('eks:DescribeCluster', () => client.send(new sdk.DescribeClusterCommand({ name })).then(() => TRIED))
  await attempt('eks:DescribeClusterVersions', () =>
    client.send(new sdk.DescribeClusterVersionsCommand({ maxResults: 1 })).then(() => TRIED),
  )
  const { names } = await attempt('eks:ListNodegroups', async () => {
    const { nodegroups = [] } = await client.send(new sdk.ListNodegroupsCommand({ clusterName: name, maxResults: 1 }))
    return { names: nodegroups }
  })
  const [nodegroupName] = names
  if (nodegroupName === undefined) return
  await attempt('eks:DescribeNodegroup', () =>
    client.send(new sdk.DescribeNodegroupCommand({ clusterName: name, nodegroupName })).then(() => TRIED),
  )
}

async function tryPricing(clients: Clients, region: string, attempt: Attempt): Promise<void> {
  const { pricing } = clients
  if (pricing === undefined) return
  const { GetProductsCommand } = await import('@aws-sdk/client-pricing')
  const client = await pricing()
  const filter = { Type: 'TERM_MATCH', Field: 'regionCode', Value: region } as const
  const command = new GetProductsCommand({ ServiceCode: 'AmazonEC2', MaxResults: 1, Filters: [filter] })
  await attempt('pricing:GetProducts', () => client.send(command).then(() => TRIED))
}

async function trySavingsPlans(clients: Clients, attempt: Attempt): Promise<void> {
  const { savingsPlans } = clients
  if (savingsPlans === undefined) return
  const sdk = await import('@aws-sdk/client-savingsplans')
  const client = await savingsPlans()
  const { names } = await attempt('savingsplans:DescribeSavingsPlans', async () => {
    const answer = await client.send(new sdk.DescribeSavingsPlansCommand({ states: ['active'], maxResults: 1 }))
    return { names: (answer.savingsPlans ?? []).flatMap(({ savingsPlanId }) => savingsPlanId ?? []) }
  })
  const [savingsPlanId] = names
  if (savingsPlanId === undefined) return
  await attempt('savingsplans:DescribeSavingsPlanRates', () =>
    client.send(new sdk.DescribeSavingsPlanRatesCommand({ savingsPlanId, maxResults: 1 })).then(() => TRIED),
  )
}
