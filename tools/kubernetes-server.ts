/** Starts the programs of tools/kubernetes-binary.ts on loopback, and speaks to their API. */
import { spawn, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { makeCertificate, writeKubeconfig } from '../test/collect/cluster/api-server.js'

export type Json = { readonly [field: string]: unknown }
export type Reply = { readonly status: number; readonly body: Json }

export type Kubernetes = {
  readonly url: string
  readonly folder: string
  readonly certificate: { readonly cert: string }
  /** As the administrator. Throws at an answer of 400 and more, unless it is one of `allowed`. */
  readonly call: (method: string, path: string, body?: Json, allowed?: readonly number[]) => Promise<Reply>
  /** A kubeconfig of whoever has this token. */
  readonly kubeconfigOf: (name: string, token: string, server?: string) => string
  readonly startDaemonSets: () => ChildProcess
  /** With a KubeSchedulerConfiguration's `profiles`, else the default one. */
  readonly startScheduler: (profiles?: readonly Json[]) => ChildProcess
  /** Forgets everything before now, as the API server makes etcd do every five minutes. */
  readonly compact: () => Promise<void>
  readonly close: () => Promise<void>
}

const ADMIN = 'administrator'
const SCHEDULER = 'scheduler'

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks at once, then at growing intervals. */
export async function until(what: string, seconds: number, holds: () => Promise<boolean>): Promise<void> {
  let ms = 2
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ms = Math.min(250, 2 * ms)) {
    if (await holds()) return
    await pause(ms)
  }
  throw new Error(`${what} within ${seconds} s`)
}

/** `folder` is emptied by nobody here: it holds keys, the data of etcd and the logs. */
export async function startKubernetes(
  program: string,
  folder: string,
  flags: readonly string[] = [],
): Promise<Kubernetes> {
  mkdirSync(folder, { recursive: true })
  const children: ChildProcess[] = []
  const start = (name: string, args: readonly string[]): ChildProcess => {
    const log = openSync(join(folder, `${name}.log`), 'a')
    const child = spawn(program, [name, ...args], { stdio: ['ignore', log, log] })
    closeSync(log)
    children.push(child)
    return child
  }
  const stop = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
  }
  // Whoever stops this program stops all of it.
  const killAll = (): void => children.forEach((child) => child.kill('SIGKILL'))
  process.once('exit', killAll)
  const close = async (): Promise<void> => {
    process.off('exit', killAll)
    agent.destroy()
    for (const child of children.reverse()) await stop(child)
  }

  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()]
  const [etcdUrl, peerUrl, url] = [
    `http://127.0.0.1:${etcdPort}`,
    `http://127.0.0.1:${peerPort}`,
    `https://127.0.0.1:${port}`,
  ]
  const certificate = makeCertificate(folder)
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const tokens = [`${ADMIN},admin,1,"system:masters"`, `${SCHEDULER},system:kube-scheduler,2`]
  const agent = new https.Agent({ keepAlive: true, maxSockets: 32, ca: certificate.cert })

  const etcd = start('etcd', [
    ...['--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync', '--log-level', 'error'],
    ...['--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl],
    ...[
      '--listen-peer-urls',
      peerUrl,
      '--initial-advertise-peer-urls',
      peerUrl,
      '--initial-cluster',
      `default=${peerUrl}`,
    ],
  ])
  const healthy = (child: ChildProcess, address: string, get: (address: string) => Promise<boolean>) => async () => {
    if (child.exitCode !== null) throw new Error(`${address} ended: see ${folder}`)
    return get(address).catch(() => false)
  }
  try {
    await until(
      'etcd did not answer',
      60,
      healthy(etcd, `${etcdUrl}/health`, async (at) => (await fetch(at)).ok),
    )
    const server = start('kube-apiserver', [
      ...['--etcd-servers', etcdUrl, '--bind-address', '127.0.0.1', '--secure-port', String(port)],
      ...['--tls-cert-file', join(folder, 'cert.pem'), '--tls-private-key-file', join(folder, 'key.pem')],
      ...['--token-auth-file', file('tokens.csv', `${tokens.join('\n')}\n`), '--authorization-mode', 'RBAC'],
      ...['--service-account-issuer', 'https://kubernetes.default.svc'],
      ...['--service-account-signing-key-file', file('accounts.key', privateKey)],
      ...['--service-account-key-file', file('accounts.pub', publicKey)],
      ...['--service-cluster-ip-range', '10.0.0.0/24', '--endpoint-reconciler-type', 'none', '--allow-privileged'],
      // No controller makes service accounts here, and none tells that a node is ready.
      ...['--disable-admission-plugins', 'ServiceAccount,TaintNodesByCondition'],
      '--enable-priority-and-fairness=false',
      ...flags,
    ])
    const ready = (at: string) => request(agent, 'GET', at, ADMIN).then(({ status }) => status === 200)
    await until('kube-apiserver was not ready', 180, healthy(server, `${url}/readyz`, ready))
  } catch (error) {
    await close()
    throw error
  }

  const kubeconfigOf = (name: string, token: string, server = url): string => {
    const path = join(folder, `${name}.kubeconfig`)
    writeKubeconfig(path, server, server.startsWith('https') ? certificate : undefined, { token })
    return path
  }
  return {
    ...{ url, folder, certificate, kubeconfigOf, close },
    call: async (method, path, body, allowed = []) => {
      const reply = await request(agent, method, url + path, ADMIN, body)
      if (reply.status >= 400 && !allowed.includes(reply.status))
        throw new Error(`${method} ${path}: ${reply.status} ${String(reply.body['message'])}`)
      return reply
    },
    startDaemonSets: () => start('daemon-set-controller', [kubeconfigOf('admin', ADMIN)]),
    startScheduler: (profiles) => {
      const config = {
        ...{ apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' },
        clientConnection: { kubeconfig: kubeconfigOf('scheduler', SCHEDULER), qps: 2000, burst: 2000 },
        leaderElection: { leaderElect: false },
        ...(profiles === undefined ? {} : { profiles }),
      }
      return start('kube-scheduler', ['--config', file('scheduler.json', JSON.stringify(config)), '--secure-port', '0'])
    },
    compact: async () => {
      const post = async (path: string, body: Json): Promise<Json> => {
        const answer = await fetch(`${etcdUrl}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })
        if (!answer.ok) throw new Error(`etcd ${path}: ${answer.status} ${await answer.text()}`)
        return (await answer.json()) as Json
      }
      const { header } = (await post('put', { key: 'bm90aGluZw==', value: '' })) as { header: { revision: string } }
      await post('compaction', { revision: header.revision, physical: true })
    },
  }
}

function request(agent: https.Agent, method: string, url: string, token: string, body?: Json): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    }
    const asked = https.request(url, { method, agent, headers, timeout: 120_000 }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({
          status: response.statusCode ?? 0,
          body: text.startsWith('{') ? (JSON.parse(text) as Json) : { message: text },
        })
      })
      response.on('error', reject)
    })
    asked.on('timeout', () => asked.destroy(new Error(`${method} ${url}: no answer`)))
    asked.on('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
