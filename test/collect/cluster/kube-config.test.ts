import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Connection, LIMITS } from '../../../src/collect/cluster/connection.js'
import { openKubeConfig, proxyFor, type ClusterChoice } from '../../../src/collect/cluster/kube-config.js'
import { explain } from '../../../src/failure.js'
import { hasOpenssl, makeCertificate, startApiServer, writeKubeconfig, type ApiServer } from './api-server.js'

let folder: string
let server: ApiServer | undefined
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-kubeconfig-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(async () => {
  await server?.close()
  server = undefined
})

const HERE: ClusterChoice = { kubeconfig: undefined, context: undefined }
const NODES = '/api/v1/nodes?limit=500'

const write = (name: string, content: string | object): string => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const config = (more: object = {}) => ({
  contexts: [
    { name: 'b', context: { cluster: 'prod', user: 'me' } },
    { name: 'a', context: { cluster: 'prod', user: 'me' } },
  ],
  clusters: [{ name: 'prod', cluster: { server: 'https://prod.example:6443/' } }],
  users: [{ name: 'me', user: { token: 't' } }],
  'current-context': 'a',
  ...more,
})

const failureOf = async (choice: ClusterChoice, environment = {}) => {
  const error: unknown = await openKubeConfig(choice, { HOME: folder, ...environment }).catch(
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Error && 'failure' in error)) return { exitCode: 0, text: String(error) }
  return explain(error.failure as Parameters<typeof explain>[0])
}

describe('which cluster', () => {
  test('the file that was named, KUBECONFIG, then the home folder', async () => {
    const at = (port: number) =>
      config({ clusters: [{ name: 'prod', cluster: { server: `https://prod.example:${port}` } }] })
    const named = write('named', at(1))
    const listed = write('listed', at(2))
    const home = mkdtempSync(join(folder, 'home-'))
    mkdirSync(join(home, '.kube'))
    writeFileSync(join(home, '.kube', 'config'), JSON.stringify(at(3)))
    const serverOf = async (kubeconfig: string | undefined, KUBECONFIG: string) =>
      (await openKubeConfig({ kubeconfig, context: undefined }, { HOME: home, KUBECONFIG })).server
    expect(await serverOf(named, listed)).toBe('https://prod.example:1')
    expect(await serverOf(undefined, listed)).toBe('https://prod.example:2')
    expect(await serverOf(undefined, '')).toBe('https://prod.example:3')
  })

  test('KUBECONFIG may list several files, of which some are missing; the first to say something wins', async () => {
    const first = write('first', { contexts: [{ name: 'x', context: { cluster: 'prod', user: 'me' } }] })
    const second = write('second', config())
    const third = write(
      'third',
      config({ 'current-context': 'b', clusters: [{ name: 'prod', cluster: { server: 'https://other' } }] }),
    )
    const KUBECONFIG = [join(folder, 'missing'), first, second, third].join(':')
    const access = await openKubeConfig(HERE, { KUBECONFIG })
    expect(access).toMatchObject({
      label: 'cluster (context a, https://prod.example:6443)',
      server: 'https://prod.example:6443',
    })
    expect((await openKubeConfig({ ...HERE, context: 'x' }, { KUBECONFIG })).label).toContain('context x')
  })

  test('a server behind a path', async () => {
    const rancher = config({
      clusters: [{ name: 'prod', cluster: { server: 'https://rancher.example/k8s/clusters/c-1/' } }],
    })
    expect(await openKubeConfig({ ...HERE, kubeconfig: write('rancher', rancher) }, {})).toMatchObject({
      server: 'https://rancher.example/k8s/clusters/c-1',
    })
  })
})

describe('no cluster: one clear message, exit 3, with the way by kubectl', () => {
  test.each([
    ['no current context', config({ 'current-context': '' }), 'it has no current context. Name one with --context.'],
    ['a current context that is gone', config({ 'current-context': 'z' }), 'its current context "z" is not in it'],
    [
      'a context without its cluster',
      config({ clusters: [] }),
      'context "a" names the cluster "prod", which is not in it',
    ],
    ['a context without its user', config({ users: [] }), 'context "a" names the user "me", which is not in it'],
    ['an empty file', '', 'it is empty or no mapping'],
    ['no YAML', '{', 'it cannot be used: '],
    [
      'a cluster without a server',
      config({ clusters: [{ name: 'prod', cluster: {} }] }),
      'clusters[0].cluster.server is missing',
    ],
    [
      'a server that is no URL',
      config({ clusters: [{ name: 'prod', cluster: { server: 'prod' } }] }),
      'is no http(s) URL: prod',
    ],
    [
      'a server without encryption',
      config({ clusters: [{ name: 'prod', cluster: { server: 'http://prod.example' } }] }),
      'http://prod.example, without encryption',
    ],
  ])('%s', async (name, content, message) => {
    const { exitCode, text } = await failureOf({ ...HERE, kubeconfig: write(name.replaceAll(' ', '-'), content) })
    expect(exitCode).toBe(3)
    expect(text).toContain(message)
    expect(text).toContain(name.replaceAll(' ', '-'))
    expect(text).toMatch(/kubectl get nodes,pods,.* -A -o json > cluster\.json" and pass --snapshot cluster\.json/)
    expect(text).not.toContain('\n')
  })

  test('no kubeconfig at all, or not where it was said to be', async () => {
    const none = await failureOf(HERE, { KUBECONFIG: '' })
    expect(none).toMatchObject({ exitCode: 3, text: expect.stringContaining('no kubeconfig found') })
    const wrong = await failureOf({ ...HERE, kubeconfig: '/nowhere/config' })
    expect(wrong).toMatchObject({ exitCode: 3, text: expect.stringContaining('/nowhere/config: no kubeconfig found') })
  })

  test('an unknown --context is wrong usage, and the known ones are named', async () => {
    const kubeconfig = write('contexts', config())
    expect(await failureOf({ kubeconfig, context: 'c' })).toMatchObject({
      exitCode: 2,
      text: expect.stringContaining('--context: got "c", want one of a, b'),
    })
  })
})

describe('the proxy of the environment', () => {
  test.each([
    ['https://api.example:6443', { HTTPS_PROXY: 'http://proxy:3128' }, 'http://proxy:3128'],
    ['https://api.example', { https_proxy: 'proxy:3128' }, 'http://proxy:3128'],
    ['https://api.example', { HTTP_PROXY: 'http://proxy:3128' }, undefined],
    ['https://api.example', { HTTPS_PROXY: 'http://p', NO_PROXY: 'other, api.example' }, undefined],
    ['https://api.example', { HTTPS_PROXY: 'http://p', NO_PROXY: 'example' }, undefined],
    ['https://api.example', { HTTPS_PROXY: 'http://p', no_proxy: '*.example:443' }, undefined],
    ['https://api.example', { HTTPS_PROXY: 'http://p', NO_PROXY: 'xample' }, 'http://p'],
    ['https://api.example', { HTTPS_PROXY: 'http://p', NO_PROXY: '*' }, undefined],
    ['https://127.0.0.1:6443', { HTTPS_PROXY: 'http://p' }, undefined],
    ['https://localhost', { HTTPS_PROXY: 'http://p' }, undefined],
    ['https://api.example', {}, undefined],
  ])('%s with %j: %s', (url, environment, proxy) => {
    expect(proxyFor(url, environment)).toBe(proxy)
  })
})

const ask = async (kubeconfig: string, limits = LIMITS, paths = [NODES]) => {
  const access = await openKubeConfig({ kubeconfig, context: undefined }, {})
  const connection = new Connection(access, 'test', limits)
  try {
    const statuses: number[] = []
    for (const path of paths) statuses.push((await connection.get(path, new AbortController().signal)).status)
    return statuses.join(' ')
  } catch (error) {
    return `${(error as Error).message} | ${String((error as { fix?: string }).fix)}`
  } finally {
    connection.close()
  }
}

describe.skipIf(!hasOpenssl)(`TLS${hasOpenssl ? '' : ' (skipped: openssl is absent)'}`, () => {
  test('the certificate of the kubeconfig is trusted; one connection serves many pages', async () => {
    server = await startApiServer([])
    const ports = new Set<number | undefined>()
    server.fault = (_, __, socket) => {
      ports.add(socket.remotePort)
      return false
    }
    expect(await ask(server.kubeconfig, LIMITS, [NODES, NODES, NODES])).toBe('200 200 200')
    expect(ports.size).toBe(1)
  })

  test('another certificate is not, and that is not tried again', async () => {
    server = await startApiServer([])
    const other = makeCertificate(mkdtempSync(join(folder, 'other-')))
    writeKubeconfig(server.kubeconfig, server.url, other, { token: 'valid' })
    expect(await ask(server.kubeconfig)).toMatch(
      /^no trusted connection \(.*certificate.*\) \| Check certificate-authority-data/,
    )
    writeKubeconfig(server.kubeconfig, server.url, undefined, { token: 'valid' }, { 'insecure-skip-tls-verify': true })
    expect(await ask(server.kubeconfig)).toBe('200')
  })

  test('a context without a user still trusts its cluster', async () => {
    server = await startApiServer([])
    const content = JSON.parse(readFileSync(server.kubeconfig, 'utf8')) as Record<string, unknown>
    const contexts = [{ name: 'test', context: { cluster: 'test' } }]
    expect(await ask(write('no-user', { ...content, contexts, users: [] }))).toBe('401')
  })

  test('through a proxy, and one that refuses', async () => {
    const api = (server = await startApiServer([]))
    let refuse = false
    let through = 0
    const proxy = http.createServer().on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
      if (refuse) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      through += 1
      const [host = '', port] = (request.url ?? '').split(':')
      const target = net.connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        target.pipe(socket).pipe(target)
      })
      target.on('error', () => socket.destroy())
      socket.on('error', () => target.destroy())
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const content = JSON.parse(readFileSync(api.kubeconfig, 'utf8')) as { clusters: { cluster: object }[] }
    const [{ cluster } = { cluster: {} }] = content.clusters
    const proxied = { ...content, clusters: [{ name: 'test', cluster: { ...cluster, 'proxy-url': proxyUrl } }] }
    const kubeconfig = write('proxied', proxied)
    expect([await ask(kubeconfig), through]).toEqual(['200', 1])
    refuse = true
    expect(await ask(kubeconfig)).toBe(
      'the proxy gave no way through (Bad response: 407) | ' +
        'Check the proxy: proxy-url in the kubeconfig, or HTTPS_PROXY and NO_PROXY.',
    )
    proxy.closeAllConnections()
    proxy.close()
  })
})

describe('credentials from a program', () => {
  const plugin = (name: string, script: string): object => {
    const path = write(name, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
    return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: path, args: ['get-token'] } }
  }
  const with_ = async (user: object, limits = LIMITS, paths = [NODES]) => {
    server = await startApiServer([], { secure: false })
    writeKubeconfig(server.kubeconfig, server.url, undefined, user)
    return ask(server.kubeconfig, limits, paths)
  }
  const credential = (token: string) => `echo '${JSON.stringify({ kind: 'ExecCredential', status: { token } })}'`

  test('are used, and not fetched for each page', async () => {
    const count = join(folder, 'count')
    const user = plugin('good', `echo x >> ${count}\n${credential('valid')}`)
    expect(await with_(user, LIMITS, [NODES, NODES, NODES])).toBe('200 200 200')
    expect(readFileSync(count, 'utf8')).toBe('x\n')
  })

  test('a program that is missing, fails, or never ends', async () => {
    expect(await with_({ exec: { apiVersion: 'v1', command: 'no-such-program' } })).toMatch(
      /^no credentials: its program "no-such-program" is not installed \| Log in again/,
    )
    await server?.close()
    expect(await with_(plugin('bad', 'echo Token has expired and refresh failed >&2; exit 255'))).toMatch(
      /^no credentials: Token has expired and refresh failed \| Log in again/,
    )
    await server?.close()
    const started = performance.now()
    expect(await with_(plugin('slow', 'exec sleep 3'), { ...LIMITS, loginMs: 200 })).toMatch(/was not done in 0.2 s/)
    expect(performance.now() - started).toBeLessThan(2500)
  })
})
