import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { deniedBy, type Params, type Reply } from './fake-aws.js'

/** An AWS for a child process, behind AWS_ENDPOINT_URL: one address for all services, so the request alone says which. */
export type LoopbackAws = {
  readonly url: string
  /** Actions in the order of the calls. */
  readonly calls: string[]
  answers: Readonly<Record<string, (params: Params) => Reply>>
  readonly close: () => Promise<void>
}

const STS: Reply = {
  body: '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/u</Arn><UserId>U</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
}

const REST: readonly (readonly [path: RegExp, action: string])[] = [
  [/^\/clusters\/[^/]+$/, 'eks:DescribeCluster'],
  [/^\/cluster-versions$/, 'eks:DescribeClusterVersions'],
  [/^\/clusters\/[^/]+\/node-groups$/, 'eks:ListNodegroups'],
  [/^\/clusters\/[^/]+\/node-groups\/[^/]+$/, 'eks:DescribeNodegroup'],
  [/^\/DescribeSavingsPlans$/, 'savingsplans:DescribeSavingsPlans'],
  [/^\/DescribeSavingsPlanRates$/, 'savingsplans:DescribeSavingsPlanRates'],
]

function actionOf(path: string, headers: http.IncomingHttpHeaders, body: string): [action: string, params: Params] {
  const rest = REST.find(([pattern]) => pattern.test(path))?.[1]
  if (rest !== undefined) return [rest, {}]
  const target =
    String(headers['x-amz-target'] ?? '')
      .split('.')
      .at(-1) ?? ''
  if (target !== '') {
    const { Filters = [] } = JSON.parse(body) as { Filters?: { readonly Field: string; readonly Value: string }[] }
    return [`pricing:${target}`, Object.fromEntries(Filters.map(({ Field, Value }) => [Field, Value]))]
  }
  const form = Object.fromEntries(new URLSearchParams(body))
  const service = form['Version'] === '2011-06-15' ? 'sts' : 'ec2'
  return [`${service}:${form['Action'] ?? ''}`, form]
}

/** What has no answer is denied. */
export async function startLoopbackAws(answers: LoopbackAws['answers']): Promise<LoopbackAws> {
  const calls: string[] = []
  const handle = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'http://aws')
    const [action, params] = actionOf(pathname, request.headers, await text(request))
    calls.push(action)
    const known = action === 'sts:GetCallerIdentity' ? () => STS : server.answers[action]
    const { status = 200, body } = known === undefined ? deniedBy(action) : known(params)
    response.writeHead(status).end(body)
  }
  const listener = http.createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const server: LoopbackAws = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    calls,
    answers,
    close: async () => {
      listener.closeAllConnections()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
  return server
}
