import type { SavingsPlan, SavingsPlanRate, SavingsplansClient } from '@aws-sdk/client-savingsplans'
import type { AwsRates, AwsRead, AwsSavingsPlan } from '../../domain/aws-snapshot.js'
import { oneLine, readOf, readPages, troubleOf, NO_ERROR } from './answer.js'
import { byName, type CallContext } from './calls.js'
import { bounded } from './clients.js'
import { microOf } from './money.js'

const PAGE = 1000
const PLANS = 'savingsplans:DescribeSavingsPlans'
const RATES = 'savingsplans:DescribeSavingsPlanRates'

/** The client has no paginators: pages follow `nextToken`, and a token that comes twice ends them. */
async function* pagesOf<Page extends { readonly nextToken?: string | undefined }>(
  ask: (nextToken: string | undefined) => Promise<Page>,
): AsyncGenerator<Page> {
  let token: string | undefined
  do {
    const page = await ask(token)
    yield page
    if (page.nextToken === token) return
    token = page.nextToken
  } while (token)
}

/**
 * Active plans that can cover nodes of the region, and for each what it charges for Linux on shared tenancy there. Plans of
 * other accounts of an organisation may cover nodes too, and cannot be seen from here.
 */
export async function readSavingsPlans(
  client: SavingsplansClient,
  context: CallContext,
): Promise<AwsRead<readonly AwsSavingsPlan[]>> {
  const { DescribeSavingsPlansCommand } = await import('@aws-sdk/client-savingsplans')
  const pages = pagesOf((nextToken) =>
    client.send(
      new DescribeSavingsPlansCommand({
        states: ['active'],
        maxResults: PAGE,
        ...(nextToken === undefined ? {} : { nextToken }),
      }),
      { abortSignal: context.deadline.signal },
    ),
  )
  const answer = await readPages(
    bounded(pages, context.deadline),
    (page) => page.savingsPlans,
    (count) => context.onItems('Savings Plans', count),
  )
  const plans = answer.items.flatMap((plan) => planOf(plan) ?? []).sort(byName(({ id }) => id))
  const covering = plans.filter(
    ({ type, region }) => /^(Compute|EC2Instance)$/.test(type) && (region === undefined || region === context.region),
  )
  const found = readOf(covering, answer, { ...context, action: PLANS }, answer.items.length - plans.length)
  if (found.kind !== 'read') return found

  const rated: AwsSavingsPlan[] = []
  const lacking = new Set<string>(found.incomplete === undefined ? [] : [found.incomplete])
  for (const plan of found.value) {
    const { rates, problem } = await readRates(client, plan.id, context)
    rated.push(rates === undefined ? plan : { ...plan, rates })
    if (problem !== undefined) lacking.add(problem)
  }
  const incomplete = [...lacking].join('; ')
  return { ...found, value: rated, ...(incomplete === '' ? {} : { incomplete }) }
}

function planOf(plan: SavingsPlan): AwsSavingsPlan | undefined {
  const { savingsPlanId: id, savingsPlanType: type, commitment, end, ec2InstanceFamily: family, region } = plan
  const commitmentMicroPerHour = microOf(commitment)
  if (!id || type === undefined || commitmentMicroPerHour === undefined || Number.isNaN(Date.parse(end ?? '')))
    return undefined
  return {
    id,
    type,
    commitmentMicroPerHour,
    currency: plan.currency ?? 'USD',
    end: new Date(end ?? '').toISOString(),
    ...(family ? { family } : {}),
    ...(region ? { region } : {}),
  }
}

/** Rates of the region; of a plan whose rates cannot be read the rest is still known, and the problem is said. */
async function readRates(
  client: SavingsplansClient,
  savingsPlanId: string,
  context: CallContext,
): Promise<{ readonly rates?: AwsRates; readonly problem?: string }> {
  const { DescribeSavingsPlanRatesCommand } = await import('@aws-sdk/client-savingsplans')
  const pages = pagesOf((nextToken) =>
    client.send(
      new DescribeSavingsPlanRatesCommand({
        savingsPlanId,
        maxResults: PAGE,
        filters: [
          { name: 'region', values: [context.region] },
          { name: 'productDescription', values: ['Linux/UNIX'] },
          { name: 'tenancy', values: ['shared'] },
        ],
        ...(nextToken === undefined ? {} : { nextToken }),
      }),
      { abortSignal: context.deadline.signal },
    ),
  )
  const answer = await readPages(
    bounded(pages, context.deadline),
    (page) => page.searchResults,
    (count) => context.onItems('Savings Plan rates', count),
  )
  if (answer.error !== NO_ERROR) {
    const trouble = troubleOf(answer.error, RATES, context.region)
    const denied = `the rates of Savings Plans may not be read: the permission ${RATES} is missing`
    return { problem: trouble.kind === 'denied' ? denied : oneLine(trouble.why) }
  }
  const rates = answer.items.flatMap((rate) => hourOf(rate, context.region)).sort(byName(([type]) => type))
  return { rates: Object.fromEntries(rates) }
}

/** Instances on EC2 alone: the answer also holds Fargate and Lambda, and other licences, which have codes of their own. */
function hourOf(rate: SavingsPlanRate, region: string): readonly [type: string, rate: number][] {
  const property = (name: string) => rate.properties?.find((one) => one.name === name)?.value
  const type = property('instanceType') ?? /BoxUsage:(.+)$/.exec(rate.usageType ?? '')?.[1]
  const micro = microOf(rate.rate)
  const wanted =
    rate.serviceCode === 'AmazonEC2' &&
    rate.operation === 'RunInstances' &&
    rate.unit === 'Hrs' &&
    /(?:^|-)BoxUsage(?::|$)/.test(rate.usageType ?? '') &&
    (property('region') ?? region) === region
  return wanted && type !== undefined && micro !== undefined ? [[type, micro]] : []
}
