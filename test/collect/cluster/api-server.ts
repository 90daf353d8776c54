import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { LISTED_KINDS, groupOf, listPath } from '../../../src/collect/cluster/kinds.js'

export type Raw = { readonly apiVersion?: string; readonly kind?: string; readonly metadata: Record<string, unknown> }

export type Call = {
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: http.IncomingHttpHeaders
  /** How many calls of this path came before. */
  readonly earlier: number
}

/** Handles a call in place of the server; false leaves it to the server. */
export type Fault = (call: Call, response: http.ServerResponse, socket: Socket) => boolean

export type ApiServer = {
  readonly url: string
  readonly calls: Call[]
  readonly kubeconfig: string
  fault: Fault | undefined
  token: string
  readonly close: () => Promise<void>
}

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

type Certificate = { readonly key: string; readonly cert: string }

/** A self-signed certificate of this machine's loopback address. */
export function makeCertificate(folder: string): Certificate {
  const key = join(folder, 'key.pem')
  const cert = join(folder, 'cert.pem')
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=kube-apiserver
     -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${cert}`.split(/\s+/),
    { stdio: 'ignore' },
  )
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}

export const sampleObjects = (file: URL): readonly Raw[] =>
  (JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as { items: Raw[] }).items

export const status = (code: number, message: string, metadata: object = {}): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata, status: 'Failure', message, code })

export const answer = (response: http.ServerResponse, code: number, body: string, headers: object = {}): true => {
  response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(body)
  return true
}

/**
 * A server that speaks the list protocol of the Kubernetes API: pages with limit and continue, gzip, the field selector
 * of pods, 404 for what is not served. `secure` needs openssl.
 */
export async function startApiServer(
  objects: readonly Raw[],
  { secure = true, serve = [] as readonly string[] } = {},
): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-api-'))
  const lists = listsOf(objects, serve)
  const calls: Call[] = []
  const handle = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://server')
    const earlier = calls.filter(({ path }) => path === url.pathname).length
    const call = { path: url.pathname, query: url.searchParams, headers: request.headers, earlier }
    calls.push(call)
    if (request.headers.authorization !== `Bearer ${server.token}`)
      return void answer(response, 401, status(401, 'Unauthorized'))
    if (server.fault?.(call, response, request.socket) === true) return
    const items = lists.get(url.pathname)
    if (items === undefined)
      return void answer(response, 404, status(404, 'the server could not find the requested resource'))
    sendPage(response, pageOf(items, url.searchParams))
  }
  const certificate = secure ? makeCertificate(folder) : undefined
  const listener = certificate === undefined ? http.createServer(handle) : https.createServer(certificate, handle)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const url = `${secure ? 'https' : 'http'}://127.0.0.1:${(listener.address() as AddressInfo).port}`
  const kubeconfig = join(folder, 'config')
  const server: ApiServer = {
    url,
    calls,
    kubeconfig,
    fault: undefined,
    token: 'valid',
    close: async () => {
      listener.closeAllConnections()
      await new Promise((resolve) => listener.close(resolve))
      rmSync(folder, { recursive: true })
    },
  }
  writeKubeconfig(kubeconfig, url, certificate, { token: server.token })
  return server
}

export function writeKubeconfig(
  file: string,
  server: string,
  certificate: { readonly cert: string } | undefined,
  user: object,
  cluster: object = {},
): void {
  const ca =
    certificate === undefined ? {} : { 'certificate-authority-data': Buffer.from(certificate.cert).toString('base64') }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server, ...ca, ...cluster } }],
    users: [{ name: 'test', user }],
  }
  writeFileSync(file, JSON.stringify(config))
}

function listsOf(objects: readonly Raw[], serve: readonly string[]): Map<string, readonly Raw[]> {
  const lists = new Map<string, readonly Raw[]>()
  for (const { kind, resource, groupVersions, need } of LISTED_KINDS) {
    const items = objects.filter((item) => item.kind === kind)
    if (need === 'extension' && items.length === 0 && !serve.includes(resource)) continue
    const groupVersion = items[0]?.apiVersion ?? groupVersions[0]
    lists.set(listPath(groupVersion, resource), items)
    lists.set(`/apis/${groupOf(groupVersion)}`, [])
  }
  return lists
}

type Page = { readonly items: readonly Raw[]; readonly next: string; readonly version: string }

/** The token holds where to go on, and the version that all pages are of. */
function pageOf(all: readonly Raw[], query: URLSearchParams): Page {
  const selected = query.has('fieldSelector')
    ? all.filter(
        (item) => !['Succeeded', 'Failed'].includes(String((item as { status?: { phase?: string } }).status?.phase)),
      )
    : all
  const [version = '1000', from = '0'] = (query.get('continue') ?? '1000/0').split('/')
  const start = Number(from)
  const end = Math.min(start + Number(query.get('limit') ?? Infinity), selected.length)
  return {
    items: selected.slice(start, end),
    next: end < selected.length ? `${version}/${end}` : '',
    version,
  }
}

function sendPage(response: http.ServerResponse, { items, next, version }: Page): void {
  const body = JSON.stringify({
    kind: 'List',
    apiVersion: 'v1',
    metadata: { resourceVersion: version, ...(next === '' ? {} : { continue: next }) },
    // The items of a list do not repeat its kind.
    items: items.map(({ kind: _kind, apiVersion: _apiVersion, ...rest }) => rest),
  })
  const long = body.length > 128 * 1024
  response.writeHead(200, { 'content-type': 'application/json', ...(long ? { 'content-encoding': 'gzip' } : {}) })
  response.end(long ? gzipSync(body) : body)
}
