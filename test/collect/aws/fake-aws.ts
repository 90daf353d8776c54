import nock from 'nock'

/** The AWS that the tests talk to: answers by action, in the shapes of the real protocols, and a record of every call. */
export type Reply = { readonly status?: number; readonly body: string; readonly delayMs?: number }
export type Params = Readonly<Record<string, string>>
/** `call` counts from 0 for each action. */
export type Answer = (params: Params, call: number) => Reply
export type Call = {
  readonly action: string
  readonly params: Params
  readonly host: string
  readonly userAgent: string
}

const DAMAGED_XML = '<DescribeResponse><unfinished'

/** Children are text, further elements, or a list, which EC2 writes as `item` elements. */
export type Xml = string | number | boolean | readonly Xml[] | { readonly [name: string]: Xml }

export function xml(value: Xml): string {
  if (typeof value !== 'object') return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const entries = Array.isArray(value) ? value.map((item: Xml) => ['item', item] as const) : Object.entries(value)
  return entries.map(([name, child]) => `<${name}>${xml(child)}</${name}>`).join('')
}

export const ec2 = (content: Readonly<Record<string, Xml>>): Reply => ({
  body: `<?xml version="1.0" encoding="UTF-8"?><Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${xml(content)}</Response>`,
})
export const ec2Error = (code: string, message = `${code}, says EC2`, status = 400): Reply => ({
  status,
  body: `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r</RequestID></Response>`,
})
export const json = (value: unknown): Reply => ({ body: JSON.stringify(value) })
export const jsonError = (code: string, message = `${code}, says AWS`, status = 400): Reply => ({
  status,
  body: JSON.stringify({ __type: code, message }),
})
export const damaged = (action: string): Reply => ({
  body: action.startsWith('ec2:') ? DAMAGED_XML : '{"PriceList": [',
})
export const deniedBy = (action: string): Reply =>
  action.startsWith('ec2:')
    ? ec2Error('UnauthorizedOperation', 'You are not authorized. Encoded authorization failure message: AbCdEf', 403)
    : jsonError('AccessDeniedException', `User is not authorized to perform: ${action}`, 403)

const STS_OK: Reply = {
  body: '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/u</Arn><UserId>U</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
}

/** Actions of the services that speak REST, by method and path. */
const REST: readonly (readonly [method: string, path: RegExp, action: string])[] = [
  ['GET', /^\/clusters\/[^/]+$/, 'eks:DescribeCluster'],
  ['GET', /^\/cluster-versions$/, 'eks:DescribeClusterVersions'],
  ['GET', /^\/clusters\/[^/]+\/node-groups$/, 'eks:ListNodegroups'],
  ['GET', /^\/clusters\/[^/]+\/node-groups\/[^/]+$/, 'eks:DescribeNodegroup'],
  ['POST', /^\/DescribeSavingsPlans$/, 'savingsplans:DescribeSavingsPlans'],
  ['POST', /^\/DescribeSavingsPlanRates$/, 'savingsplans:DescribeSavingsPlanRates'],
]

export class FakeAws {
  readonly calls: Call[] = []
  readonly answers: Record<string, Answer> = { 'sts:GetCallerIdentity': () => STS_OK }

  #broken: { readonly host: RegExp; readonly error: Error } | undefined

  constructor() {
    nock.disableNetConnect()
    const hosts = nock(/\.amazonaws\.com(\.cn)?(:443)?$/).persist()
    const reply = (request: nock.ReplyFnContext['req'], uri: string, body: unknown): Promise<[number, string]> => {
      const headers: Readonly<Record<string, unknown>> = request.headers
      const header = (name: string): string => [headers[name] ?? ''].flat().join()
      return this.#reply(request.method, header('host'), uri, body, header)
    }
    // nock hands the request over as `this`.
    function answer(this: nock.ReplyFnContext, uri: string, body: unknown) {
      return reply(this.req, uri, body)
    }
    hosts.get(/.*/).reply(answer)
    hosts.post(/.*/).reply(answer)
  }

  on(answers: Readonly<Record<string, Answer>>): this {
    Object.assign(this.answers, answers)
    return this
  }

  /** Hosts that cannot be reached, and how that fails. */
  fails(host: RegExp, error: Error): this {
    this.#broken = { host, error }
    return this
  }

  /** Distinct actions that were called, sorted. */
  get actions(): string[] {
    return [...new Set(this.calls.map(({ action }) => action))].sort()
  }

  callsOf(action: string): Call[] {
    return this.calls.filter((call) => call.action === action)
  }

  close(): void {
    nock.cleanAll()
    nock.enableNetConnect()
  }

  async #reply(
    method: string,
    host: string,
    uri: string,
    body: unknown,
    header: (name: string) => string,
  ): Promise<[number, string]> {
    const url = new URL(uri, `https://${host}`)
    if (this.#broken?.host.test(host) === true) throw this.#broken.error
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const form = text.startsWith('Action=') ? Object.fromEntries(new URLSearchParams(text)) : undefined
    const target = header('x-amz-target').split('.').at(-1) ?? ''
    const rest = REST.find(([verb, path]) => verb === method && path.test(url.pathname))?.[2]
    const service = host.split('.')[0] === 'api' ? 'pricing' : (host.split('.')[0] ?? '')
    const action = rest ?? `${service}:${form?.['Action'] ?? target}`
    const params = form ?? { ...Object.fromEntries(url.searchParams), ...flat(text) }
    const call = this.callsOf(action).length
    this.calls.push({ action, params, host, userAgent: header('user-agent') })
    const answer = this.answers[action]
    if (answer === undefined)
      throw new Error(`the fake AWS has no answer for ${method} ${host}${uri}: ${action} ${text}`)
    const { status = 200, body: reply, delayMs = 0 } = answer(params, call)
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs).unref())
    return [status, reply]
  }
}

/** Members of a JSON body, with filters as `filter.FIELD`. */
function flat(text: string): Record<string, string> {
  if (text === '') return {}
  const body = JSON.parse(text) as Readonly<Record<string, unknown>>
  const filters = (body['Filters'] ?? []) as readonly { readonly Field: string; readonly Value: string }[]
  return {
    ...Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value)])),
    ...Object.fromEntries(filters.map(({ Field, Value }) => [`filter.${Field}`, Value])),
  }
}
