/**
 * The built command against a real API server: what the accounts of deploy/ may see, what it says of rules that are
 * missing, that a live run and a file of the same objects give the same report, and lists that the server forgets.
 */
import { load as parseYaml } from 'js-yaml'
import { execFile } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cleanEnvironment, ENTRY, type Run } from '../test/helpers/command.js'
import { dump, each, Loader, type Item } from './kubernetes-objects.js'
import { until, type Json, type Kubernetes } from './kubernetes-server.js'

const DEPLOY = fileURLToPath(new URL('../deploy', import.meta.url))
const NAMESPACE = 'k8s-cost'
const NOW = '2026-11-21T00:00:00Z'
const CROWD = 1200

export type Check = (name: string, work: () => Promise<string> | string) => Promise<void>
type Rule = {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}
type Source = { readonly source: string; readonly state: string; readonly remedy: string }

const manifest = (file: string): Json => parseYaml(readFileSync(join(DEPLOY, file), 'utf8')) as Json

export function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}

/** The command with nothing but this kubeconfig; fails where it ends otherwise than with `exitCode`. */
async function command(folder: string, kubeconfig: string, args: readonly string[], exitCode = 0): Promise<Run> {
  const env = { ...cleanEnvironment(), KUBECONFIG: kubeconfig, HOME: folder, K8S_COST_CACHE: 'off' }
  const run = await new Promise<Run>((resolve) => {
    const child = execFile(
      process.execPath,
      [ENTRY, ...args],
      { cwd: folder, env, maxBuffer: 1 << 28 },
      (_error, stdout, stderr) => resolve({ exitCode: child.exitCode, stdout, stderr }),
    )
  })
  must(run.exitCode === exitCode, `k8s-cost ${args.join(' ')} ended with ${run.exitCode}: ${run.stderr || run.stdout}`)
  return run
}

const textsOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
  )

export const differing = (a: string, b: string): readonly string[] => {
  const [one, other] = [textsOf(a), textsOf(b)]
  return Object.keys({ ...one, ...other }).filter((name) => one[name] !== other[name])
}

type Warning = { readonly code: string; readonly message: string }
const warningsOf = (folder: string): readonly Warning[] =>
  (JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as { readonly warnings: readonly Warning[] }).warnings

export async function checkLive(
  server: Kubernetes,
  file: string,
  objects: readonly Item[],
  check: Check,
): Promise<void> {
  const { folder } = server
  const analyze = (kubeconfig: string, out: string, exitCode = 0): Promise<Run> =>
    command(folder, kubeconfig, ['analyze', '--pricing', 'embedded', '--now', NOW, '--out', out], exitCode)
  let reader = ''

  await check('the objects are taken by the API server', async () => {
    const loader = new Loader(server)
    await loader.load(objects)
    const [first] = loader.refused
    must(first === undefined, `${loader.refused.length} are refused, the first: ${first?.what}: ${first?.why}`)
    return `${loader.loaded} objects`
  })
  await check('the service account of deploy/ may list all that doctor asks for', async () => {
    reader = await accountOfDeploy(server)
    const found = sourcesOf(await command(folder, reader, ['doctor']))
    const bad = found.filter(({ state }) => state === 'denied' || state === 'fails')
    must(bad.length === 0, bad.map(({ source, remedy }) => `${source}: ${remedy}`).join('; '))
    return `${found.filter(({ state }) => state === 'works').length} work, ${found.filter(({ state }) => state === 'absent').length} are not installed`
  })
  await check('a live report equals that of a file of the same objects, byte for byte', async () => {
    await analyze(reader, 'live')
    const dumped = join(folder, 'dump.json')
    writeFileSync(dumped, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: await dump(server) }))
    const args = ['--pricing', 'embedded', '--now', NOW]
    await command(folder, reader, ['analyze', '--snapshot', dumped, ...args, '--out', 'file'])
    await command(folder, reader, ['collect', '--out', 'collected.json.gz', '--pricing', 'embedded'])
    await command(folder, reader, ['analyze', '--snapshot', 'collected.json.gz', ...args, '--out', 'collected'])
    for (const other of ['file', 'collected']) {
      const names = differing(join(folder, 'live'), join(folder, other))
      must(names.length === 0, `${names.join(', ')} differ from those of ${other}; see ${folder}`)
    }
    return `${Object.keys(textsOf(join(folder, 'live'))).length} files, of a dump and of collect`
  })
  await check('what the API server adds to the objects of a snapshot changes nothing in its report', async () => {
    const names = differing(join(folder, 'live'), await reportOf(folder, file))
    must(names.length === 0, `${names.join(', ')} differ; see ${folder}`)
    return basename(file)
  })
  await check('each rule that is missing is named, and adding what is named is enough', async () => {
    const some: readonly Rule[] = [{ apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['get', 'list'] }]
    const poor = await account(server, 'poor', some)
    const denied = sourcesOf(await command(folder, poor, ['doctor'])).filter(({ state }) => state === 'denied')
    await analyze(poor, 'poor')
    const text = warningsOf(join(folder, 'poor')).find(({ code }) => code === 'denied-kind')?.message ?? ''
    const rules = [...text.matchAll(/\{apiGroups: [^}]*\}/g)].map(([rule]) => parseYaml(rule) as Rule)
    must(
      rules.length === denied.length && rules.length > 0,
      `doctor names ${denied.length} rules, the report ${rules.length}`,
    )
    const mended = await account(server, 'mended', [...some, ...rules])
    const left = sourcesOf(await command(folder, mended, ['doctor'])).filter(({ state }) => state === 'denied')
    must(left.length === 0, `still denied: ${left.map(({ source }) => source).join(', ')}`)
    await analyze(mended, 'mended')
    const names = differing(join(folder, 'live'), join(folder, 'mended'))
    must(names.length === 0, `${names.join(', ')} differ from those of the account of deploy/`)
    return `${rules.length} rules`
  })
  await check('without the right to list nodes it ends with 3, and names the rule', async () => {
    const blind = await account(server, 'blind', [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }])
    const { stderr } = await analyze(blind, 'blind', 3)
    must(stderr.includes('{apiGroups: [""], resources: [nodes], verbs: [get, list]}'), stderr)
    return stderr.trim()
  })
  await check('an account that the server does not know ends with 3', async () => {
    const { stderr } = await analyze(server.kubeconfigOf('nobody', 'no-such-token'), 'nobody', 3)
    return stderr.trim()
  })
  await check('a metrics server that is down is a gap, and no more', async () => {
    await registerMetrics(server)
    const found = sourcesOf(await command(folder, reader, ['doctor'])).find(
      ({ source }) => source === 'pods.metrics.k8s.io',
    )
    must(found?.state === 'fails', `doctor says ${JSON.stringify(found)}`)
    await analyze(reader, 'without-metrics')
    const warning = warningsOf(join(folder, 'without-metrics')).find(({ code }) => code === 'unread-kind')
    must(warning !== undefined, 'the report does not say so')
    await server.call('DELETE', METRICS)
    return warning?.message ?? ''
  })
  await check('lists of several pages are read whole', async () => {
    await crowd(server)
    const { pages } = await watched(
      server,
      reader,
      async () => undefined,
      (kubeconfig) => analyze(kubeconfig, 'crowd'),
    )
    must(pages >= 3, `pods came in ${pages} pages`)
    const { pods } = (
      JSON.parse(textsOf(join(folder, 'crowd'))['report.json'] ?? '{}') as { cluster: { pods: number } }
    ).cluster
    const there = (await dump(server)).filter(
      ({ kind, status }) => kind === 'Pod' && !/Succeeded|Failed/.test(String(status?.['phase'])),
    )
    must(pods === there.length, `${pods} pods in the report, ${there.length} in the cluster`)
    return `${pods} pods in ${pages} pages`
  })
  for (const [times, mixed] of [
    [1, false],
    [Infinity, true],
  ] as const)
    await check(
      `a list that the server forgets ${times === 1 ? 'once' : 'again and again'} is begun again, and the report says so`,
      async () => {
        let compacted = 0
        const out = `forgotten-${compacted}-${mixed}`
        const { pages } = await watched(
          server,
          reader,
          async (answered) => {
            if (answered === 0 || compacted >= times) return
            compacted += 1
            await server.compact()
          },
          (kubeconfig) => analyze(kubeconfig, out),
        )
        const warning = warningsOf(join(folder, out)).find(({ code }) => code === 'list-restarted')
        must(warning !== undefined, `the report says nothing of it (${pages} pages, ${compacted} times forgotten)`)
        must((warning?.message.includes('newer version') ?? false) === mixed, warning?.message ?? '')
        return `${pages} requests for pods: ${warning?.message}`
      },
    )
}

/** Of a server that takes one request at a time, and tells all others to come back later. */
export async function checkBusy(
  server: Kubernetes,
  file: string,
  objects: readonly Item[],
  check: Check,
): Promise<void> {
  const { folder } = server
  await check('a busy API server is asked again as it says, and the report is the same', async () => {
    await new Loader(server).load(objects)
    const reader = await accountOfDeploy(server)
    let refused = 0
    // Three lists are asked for at once, but they have to meet.
    for (let attempt = 0; attempt < 5 && refused === 0; attempt += 1)
      refused = (
        await watched(
          server,
          reader,
          async () => undefined,
          (kubeconfig) =>
            command(folder, kubeconfig, ['analyze', '--pricing', 'embedded', '--now', NOW, '--out', 'busy']),
        )
      ).refusedForNow
    must(refused > 0, 'it never said 429: nothing was tried')
    const names = differing(join(folder, 'busy'), await reportOf(folder, file))
    must(names.length === 0, `${names.join(', ')} differ; see ${folder}`)
    return `${refused} requests were refused for now (429)`
  })
}

/** Of the lines of doctor, those of the cluster's sources. */
const sourcesOf = ({ stdout }: Run): readonly Source[] =>
  stdout.split('\n').flatMap((line) => {
    const [, source, state, remedy = ''] = /^(\S+) +(works|denied|absent|fails)(?: +(.*))?$/.exec(line) ?? []
    return source === undefined || state === undefined ? [] : [{ source, state, remedy }]
  })

export function accountOfDeploy(server: Kubernetes): Promise<string> {
  const { rules } = manifest('cluster-role.yaml') as { readonly rules: readonly Rule[] }
  return account(server, 'k8s-cost', rules)
}

/** A kubeconfig with the token of a new service account that has these rules, bound as deploy/ binds its own. */
async function account({ call, kubeconfigOf }: Kubernetes, name: string, rules: readonly Rule[]): Promise<string> {
  const metadata = { name }
  await call('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } }, [409])
  const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`
  await call('POST', accounts, { ...manifest('service-account.yaml'), metadata })
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  await call('POST', `${rbac}/clusterroles`, { ...manifest('cluster-role.yaml'), metadata, rules })
  const binding = manifest('cluster-role-binding.yaml') as {
    readonly roleRef: Json
    readonly subjects: readonly [Json]
  }
  const named = { roleRef: { ...binding.roleRef, name }, subjects: [{ ...binding.subjects[0], name }] }
  await call('POST', `${rbac}/clusterrolebindings`, { ...binding, metadata, ...named })
  const { body } = await call('POST', `${accounts}/${name}/token`, { spec: { expirationSeconds: 7200 } })
  return kubeconfigOf(name, (body['status'] as { readonly token: string }).token)
}

const METRICS = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io'

/** As a metrics server does that has no pod any more. */
async function registerMetrics({ call }: Kubernetes): Promise<void> {
  const service = { name: 'metrics-server', namespace: 'kube-system' }
  const { namespace, name } = service
  await call('POST', `/api/v1/namespaces/${namespace}/services`, {
    metadata: { name },
    spec: { ports: [{ port: 443 }] },
  })
  const spec = { group: 'metrics.k8s.io', version: 'v1beta1', service, insecureSkipTLSVerify: true }
  const metadata = { name: 'v1beta1.metrics.k8s.io' }
  const priorities = { groupPriorityMinimum: 100, versionPriority: 100 }
  await call('POST', '/apis/apiregistration.k8s.io/v1/apiservices', { metadata, spec: { ...spec, ...priorities } })
  const answers = async (): Promise<boolean> =>
    (await call('GET', '/apis/metrics.k8s.io/v1beta1/pods', undefined, [404, 503])).status === 503
  await until('the missing metrics server was not noticed', 60, answers)
}

/** Pods that wait for a gate: many, and nothing to plan. */
async function crowd({ call }: Kubernetes): Promise<void> {
  await call('POST', '/api/v1/namespaces', { metadata: { name: 'crowd' } })
  const spec = {
    schedulingGates: [{ name: 'example.com/later' }],
    containers: [{ name: 'c', image: 'example.com/c', resources: { requests: { cpu: '10m', memory: '16Mi' } } }],
  }
  const names = Array.from({ length: CROWD }, (_, index) => `p-${index}`)
  await each(names, async (name) => {
    await call('POST', '/api/v1/namespaces/crowd/pods', { metadata: { name, labels: { app: 'crowd' } }, spec })
  })
}

/** Requests for pods, and answers of 429 to any. */
type Watched = { readonly pages: number; readonly refusedForNow: number }

/** Runs `work` through a proxy that calls `before` with the number of requests for pods so far before each. */
async function watched(
  server: Kubernetes,
  kubeconfig: string,
  before: (answered: number) => Promise<void>,
  work: (kubeconfig: string) => Promise<unknown>,
): Promise<Watched> {
  let answered = 0
  let refusedForNow = 0
  const agent = new https.Agent({ keepAlive: true, ca: server.certificate.cert })
  const proxy = http.createServer((request, response) => {
    const isPods = request.url?.startsWith('/api/v1/pods?limit=500') === true
    const forward = (): void => {
      const { host: _host, ...headers } = request.headers
      const onward = https.request(server.url + (request.url ?? '/'), { agent, headers }, (answer) => {
        if (answer.statusCode === 429) refusedForNow += 1
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      })
      onward.on('error', () => response.destroy())
      onward.end()
      if (isPods) answered += 1
    }
    if (isPods) before(answered).then(forward, () => response.destroy())
    else forward()
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const token = /"token":"([^"]+)"/.exec(readFileSync(kubeconfig, 'utf8'))?.[1] ?? ''
  try {
    const { port } = proxy.address() as AddressInfo
    await work(server.kubeconfigOf('proxied', token, `http://127.0.0.1:${port}`))
    return { pages: answered, refusedForNow }
  } finally {
    proxy.closeAllConnections()
    proxy.close()
    agent.destroy()
  }
}

/** A fresh report of a snapshot; gives its folder. */
export async function reportOf(folder: string, file: string): Promise<string> {
  const out = join(folder, 'report')
  await command(folder, '', ['analyze', '--snapshot', file, '--pricing', 'embedded', '--now', NOW, '--out', out])
  return out
}
