import { setMaxListeners } from 'node:events'
import type { EC2Client } from '@aws-sdk/client-ec2'
import type { EKSClient } from '@aws-sdk/client-eks'
import type { PricingClient } from '@aws-sdk/client-pricing'
import type { SavingsplansClient } from '@aws-sdk/client-savingsplans'
import type { STSClient } from '@aws-sdk/client-sts'
import { DeadlineError } from './answer.js'
import { COMMERCIAL_PRICING_REGION, pricingRegionOf, savingsPlansRegionOf } from './region.js'

/** The part of the SDK's settings that tests replace: waits between retries, and how long to wait for an answer. */
export type ClientSettings = {
  readonly retryStrategy?: NonNullable<ConstructorParameters<typeof EC2Client>[0]>['retryStrategy']
  readonly connectionTimeout?: number
  readonly requestTimeout?: number
}

/** From the first byte of a request to its answer. */
export const REQUEST_TIMEOUT_MS = 30_000

const silence = (): void => undefined
const SILENT = { trace: silence, debug: silence, info: silence, warn: silence, error: silence }

export type ClientRequest = {
  readonly region: string
  /** Name of a profile in the AWS configuration files; without it the SDK's own chain decides. */
  readonly profile?: string | undefined
  /** GovCloud has no Pricing API: a profile with commercial credentials reads its prices elsewhere. */
  readonly pricingProfile?: string | undefined
}

/**
 * What every client has, wherever it asks. Without `throwOnRequestTimeout` the SDK only warns about a late answer.
 * Endpoint and credentials are left to the SDK's chain.
 */
export const sdkConfig = (settings: ClientSettings, version: string) => ({
  ...(settings.retryStrategy === undefined
    ? { maxAttempts: 6, retryMode: 'standard' as const }
    : { retryStrategy: settings.retryStrategy }),
  requestHandler: {
    connectionTimeout: settings.connectionTimeout ?? 3000,
    requestTimeout: settings.requestTimeout ?? REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
  },
  // The SDK would write its advice straight to the terminal, through progress and JSON logs.
  logger: SILENT,
  customUserAgent: [['k8s-cost', version]] as [string, string][],
})

/** Clients of one run. Each is loaded when it is first asked for: an SDK client takes a second to import. */
export type Clients = {
  readonly ec2: () => Promise<EC2Client>
  readonly eks: () => Promise<EKSClient>
  readonly sts: () => Promise<STSClient>
  /** Undefined: there is no such service for the region. */
  readonly pricing: (() => Promise<PricingClient>) | undefined
  readonly savingsPlans: (() => Promise<SavingsplansClient>) | undefined
  readonly pricingRegion: string
  readonly close: () => void
}

const once = <Value>(make: () => Promise<Value>): (() => Promise<Value>) => {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}

/**
 * Clients that leave the endpoint and the credentials to the SDK's chain (AWS_ENDPOINT_URL, profiles, SSO, IRSA, Pod
 * Identity, instance roles).
 */
export function openClients(request: ClientRequest, settings: ClientSettings, version: string): Clients {
  const { region, profile, pricingProfile } = request
  const opened: { readonly destroy: () => void }[] = []
  const keep = <Client extends { readonly destroy: () => void }>(client: Client): Client => {
    opened.push(client)
    return client
  }
  const configOf = (where: string, named = profile) => ({
    region: where,
    ...(named === undefined ? {} : { profile: named }),
    ...sdkConfig(settings, version),
  })
  const pricingRegion = pricingRegionOf(region) ?? COMMERCIAL_PRICING_REGION
  const plansRegion = savingsPlansRegionOf(region)
  return {
    ec2: once(async () => keep(new (await import('@aws-sdk/client-ec2')).EC2Client(configOf(region)))),
    eks: once(async () => keep(new (await import('@aws-sdk/client-eks')).EKSClient(configOf(region)))),
    // Who asks is asked once, before everything else: it must not hold a run up where STS cannot be reached.
    sts: once(async () => {
      const { STSClient } = await import('@aws-sdk/client-sts')
      return keep(new STSClient({ ...configOf(region), ...(settings.retryStrategy ? {} : { maxAttempts: 2 }) }))
    }),
    pricing:
      pricingRegionOf(region) === undefined && pricingProfile === undefined
        ? undefined
        : once(async () => {
            const { PricingClient } = await import('@aws-sdk/client-pricing')
            return keep(new PricingClient(configOf(pricingRegion, pricingProfile ?? profile)))
          }),
    savingsPlans:
      plansRegion === undefined
        ? undefined
        : once(async () => {
            const { SavingsplansClient } = await import('@aws-sdk/client-savingsplans')
            return keep(new SavingsplansClient(configOf(plansRegion)))
          }),
    pricingRegion,
    close: () => opened.forEach((client) => client.destroy()),
  }
}

/** Bounds the time of everything together: a call that is waiting to be tried again is left alone when it has passed. */
export type Deadline = {
  readonly signal: AbortSignal
  readonly within: <Value>(work: Promise<Value>) => Promise<Value>
}

export function deadlineIn(totalMs: number, stop?: AbortSignal): Deadline {
  const timeout = AbortSignal.timeout(totalMs)
  const signal = stop === undefined ? timeout : AbortSignal.any([timeout, stop])
  // Every call of the run listens to it.
  setMaxListeners(0, signal)
  const message = (): string =>
    timeout.aborted ? `the time for all of AWS, ${Math.round(totalMs / 1000)} s, has passed` : 'the run was stopped'
  const passed = new Promise<never>((_, reject) => {
    const end = (): void => reject(new DeadlineError(message()))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
  passed.catch(() => undefined)
  return { signal, within: (work) => Promise.race([work, passed]) }
}

/** Pages that end with the deadline, even while the SDK waits to try one again. */
export async function* bounded<Page>(pages: AsyncIterable<Page>, { within }: Deadline): AsyncGenerator<Page> {
  const iterator = pages[Symbol.asyncIterator]()
  for (;;) {
    const next = await within(iterator.next())
    if (next.done === true) return
    yield next.value
  }
}
