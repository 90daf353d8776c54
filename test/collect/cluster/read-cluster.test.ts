import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { Connection, LIMITS, type Limits } from '../../../src/collect/cluster/connection.js'
import { openKubeConfig } from '../../../src/collect/cluster/kube-config.js'
import { LISTED_KINDS } from '../../../src/collect/cluster/kinds.js'
import { retryAfterMs, type Surroundings } from '../../../src/collect/cluster/patience.js'
import { readCluster } from '../../../src/collect/cluster/read-cluster.js'
import { checkCluster } from '../../../src/collect/cluster/check.js'
import type { Json } from '../../../src/collect/fields.js'
import { answer, startApiServer, status, writeKubeconfig, type ApiServer, type Fault, type Raw } from './api-server.js'

const QUICK: Limits = { ...LIMITS, connectMs: 2000, idleMs: 300, requestMs: 600, loginMs: 500 }

const object = (kind: string, name: string, apiVersion = 'v1'): Raw => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'shop', uid: `uid-${name}` },
})
const pods = (count: number): Raw[] => Array.from({ length: count }, (_, index) => object('Pod', `pod-${index}`))
const NODE = object('Node', 'node-1')

let server: ApiServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

/** A clock that moves only while somebody sleeps. */
function standStill(): Surroundings & { readonly waits: number[] } {
  let now = 0
  const waits: number[] = []
  return {
    waits,
    clock: () => now,
    today: () => Date.parse('2026-07-01T00:00:00Z'),
    random: () => 0.5,
    sleep: async (ms, signal) => {
      signal.throwIfAborted()
      waits.push(ms)
      now += ms
    },
  }
}

async function connect(url: ApiServer, limits: Limits): Promise<Connection> {
  const access = await openKubeConfig({ kubeconfig: url.kubeconfig, context: undefined }, {})
  return new Connection(access, 'k8s-cost/1.2.3', limits)
}

/** Reads a cluster of these objects; gives what arrived by kind, what was said, and how long was waited. */
async function read(
  objects: readonly Raw[],
  fault?: Fault,
  { limits = QUICK, totalMs = 600_000, serve = [] as readonly string[] } = {},
) {
  server = await startApiServer(objects, { secure: false, serve })
  server.fault = fault
  const around = standStill()
  const kinds = new Map<string, Json[]>()
  const notes = await readCluster(
    await connect(server, limits),
    {
      add: (kind, items) => void kinds.set(kind, [...(kinds.get(kind) ?? []), ...items]),
      drop: (kind) => void kinds.delete(kind),
    },
    { around, totalMs },
  )
  const names = (kind: string) => (kinds.get(kind) ?? []).map((item) => (item['metadata'] as { name: string }).name)
  const calls = (path: string) => (server?.calls ?? []).filter((call) => call.path === path)
  return { kinds, names, notes, calls, waits: around.waits }
}

const failing = (objects: readonly Raw[], fault: Fault, options = {}): Promise<unknown> =>
  read(objects, fault, options).then(
    () => 'it was read all the same',
    (error: unknown) => (error instanceof Error && 'failure' in error ? error.failure : error),
  )

const on =
  (path: string, fault: Fault): Fault =>
  (call, response, socket) =>
    call.path === path && fault(call, response, socket)

/** Only the first so many calls meet the fault. */
const first =
  (count: number, fault: Fault): Fault =>
  (call, response, socket) =>
    call.earlier < count && fault(call, response, socket)

describe('a list', () => {
  test('comes in pages of 500 of one version, politely', async () => {
    const { names, calls, notes } = await read([NODE, ...pods(1201)])
    expect(names('Pod')).toEqual(pods(1201).map(({ metadata }) => metadata['name']))
    const asked = calls('/api/v1/pods').map(({ query }) => [query.get('limit'), query.get('continue')])
    expect(asked).toEqual([
      ['500', null],
      ['500', '1000/500'],
      ['500', '1000/1000'],
    ])
    for (const { headers, query } of server?.calls ?? []) {
      expect(headers).toMatchObject({ 'user-agent': 'k8s-cost/1.2.3', accept: 'application/json' })
      expect(query.has('resourceVersion')).toBe(false)
    }
    expect(notes).toEqual({ asked: LISTED_KINDS.map(({ kind }) => kind), findings: [] })
  })

  test('items get the kind that the list leaves out', async () => {
    const { kinds } = await read([NODE, object('CronJob', 'nightly', 'batch/v1beta1')])
    expect(kinds.get('CronJob')).toEqual([expect.objectContaining({ kind: 'CronJob', apiVersion: 'batch/v1beta1' })])
  })

  test('finished pods are not asked for', async () => {
    const phase = (name: string, word: string): Raw => Object.assign(object('Pod', name), { status: { phase: word } })
    const words = ['Running', 'Pending', 'Unknown', 'Succeeded', 'Failed']
    const { names } = await read([NODE, ...words.map((word) => phase(word.toLowerCase(), word))])
    expect(names('Pod')).toEqual(['running', 'pending', 'unknown'])
  })

  test('nodes come first, then at most three lists at once', async () => {
    let open = 0
    let most = 0
    const { calls } = await read([NODE], (_, response) => {
      open += 1
      most = Math.max(most, open)
      setTimeout(() => {
        open -= 1
        answer(response, 200, '{"items":[]}')
      }, 10)
      return true
    })
    expect(server?.calls[0]?.path).toBe('/api/v1/nodes')
    expect(calls('/api/v1/nodes')).toHaveLength(1)
    expect(most).toBeLessThanOrEqual(3)
    expect(most).toBeGreaterThan(1)
  })

  test('of nothing may be null', async () => {
    const nothing = on('/api/v1/pods', (_, response) => answer(response, 200, '{"kind":"PodList","items":null}'))
    expect((await read([NODE], nothing)).names('Pod')).toEqual([])
  })

  test('an object without a name is left out, and said', async () => {
    const { names, notes } = await read([NODE, { kind: 'Pod', metadata: {} }, object('Pod', 'a')])
    expect(names('Pod')).toEqual(['a'])
    expect(notes.findings).toEqual([
      expect.objectContaining({ code: 'unreadable-object', subject: 'Pod in the cluster' }),
    ])
  })
})

describe('a version that the server forgot (410)', () => {
  const gone = (metadata = {}): Fault =>
    on(
      '/api/v1/pods',
      ({ query }, response) =>
        query.get('continue') === '1000/500' && answer(response, 410, status(410, 'Expired', metadata)),
    )

  test('the list begins again, loses and doubles nothing, and the report says so', async () => {
    const { names, notes, calls } = await read(
      [NODE, ...pods(1201)],
      (call, response, socket) => call.path === '/api/v1/pods' && call.earlier === 1 && gone()(call, response, socket),
    )
    expect(names('Pod')).toEqual(pods(1201).map(({ metadata }) => metadata['name']))
    expect(calls('/api/v1/pods')).toHaveLength(5)
    expect(notes.findings).toEqual([
      { code: 'list-restarted', subject: 'pods', detail: expect.stringContaining('read again from the start') },
    ])
  })

  test('the second time, the list goes on at a newer version where the server offers it', async () => {
    const { names, notes, calls } = await read([NODE, ...pods(1201)], gone({ continue: '1001/500' }))
    expect(names('Pod')).toHaveLength(1201)
    expect(calls('/api/v1/pods').map(({ query }) => query.get('continue'))).toEqual([
      null,
      '1000/500',
      null,
      '1000/500',
      '1001/500',
      '1001/1000',
    ])
    expect(notes.findings[0]?.detail).toContain('newer version than the first')
  })

  test('the second time without an offer: no report without pods, a gap without anything else', async () => {
    expect(await failing([NODE, ...pods(1201)], gone())).toMatchObject({
      kind: 'unreadable-source',
      problem: 'pods cannot be read: the server forgot the list twice before its end (410 Gone)',
    })
    await server?.close()
    const sets = Array.from({ length: 600 }, (_, index) => object('ReplicaSet', `set-${index}`, 'apps/v1'))
    const late = on(
      '/apis/apps/v1/replicasets',
      ({ query }, response) => query.has('continue') && answer(response, 410, status(410, 'Expired')),
    )
    const { names, notes } = await read([NODE, ...sets], late)
    expect(names('ReplicaSet')).toEqual([])
    expect(notes.findings).toEqual([expect.objectContaining({ code: 'unread-kind', subject: 'replicasets' })])
  })

  test('a token that leads back to itself ends the list', async () => {
    const loop = on('/api/v1/pods', (_, response) =>
      answer(response, 200, JSON.stringify({ items: [], metadata: { continue: 'same' } })),
    )
    expect(await failing([NODE], loop)).toMatchObject({ problem: expect.stringContaining('the same page again') })
  })
})

describe('a busy server', () => {
  const busy = (code: number, headers = {}): Fault =>
    on('/api/v1/pods', (_, response) => answer(response, code, status(code, 'busy'), headers))

  test('429 with Retry-After: one wait of at least that long, then the same page', async () => {
    const { waits, calls, notes } = await read([NODE], first(1, busy(429, { 'retry-after': '3' })))
    expect(waits).toEqual([3250])
    expect(calls('/api/v1/pods')).toHaveLength(2)
    expect(notes.findings).toEqual([])
  })

  test('503: pauses that grow, with jitter', async () => {
    const { waits } = await read([NODE], first(4, busy(503)))
    expect(waits).toEqual([375, 750, 1500, 3000])
  })

  test('five failures in a row end it, with one message', async () => {
    expect(await failing([NODE], busy(503))).toMatchObject({
      kind: 'unreadable-source',
      source: expect.stringMatching(/^cluster \(context test, http:\/\/127\.0\.0\.1:\d+\)$/),
      problem: 'pods cannot be read: the server answered 503, 5 times in a row',
    })
  })

  test('for any other kind it is a gap', async () => {
    const { notes } = await read(
      [NODE],
      on('/apis/policy/v1/poddisruptionbudgets', (_, response) => answer(response, 500, '')),
    )
    expect(notes.findings).toEqual([
      {
        code: 'unread-kind',
        subject: 'poddisruptionbudgets',
        detail: expect.stringMatching(/answered 500, 5 times.*unknown which pods may not be disrupted/),
      },
    ])
  })

  test('throttled for ten minutes: the time is over, and nobody waits beyond it', async () => {
    const failure = await failing([NODE], busy(429, { 'retry-after': '60' }))
    expect(failure).toMatchObject({
      kind: 'unreadable-source',
      problem: expect.stringMatching(/429 \(too many requests\), and the time for the whole cluster \(600 s\) is over/),
    })
    expect(server?.calls.filter(({ path }) => path === '/api/v1/pods').length).toBeLessThanOrEqual(10)
  })

  test('told to wait longer than there is time: it ends at once', async () => {
    expect(await failing([NODE], busy(429, { 'retry-after': '3600' }))).toMatchObject({ kind: 'unreadable-source' })
    expect(server?.calls.filter(({ path }) => path === '/api/v1/pods')).toHaveLength(1)
  })

  test.each([
    ['3', 3000],
    [' 0 ', 0],
    ['Wed, 01 Jul 2026 00:00:10 GMT', 10_000],
    ['Tue, 30 Jun 2026 00:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('Retry-After %j', (header, ms) => {
    expect(retryAfterMs(header, Date.parse('2026-07-01T00:00:00Z'))).toBe(ms)
  })
})

describe('a bad connection', () => {
  const pagesFrom = '/api/v1/pods'

  test('cut within a page: asked again, nothing lost', async () => {
    const cut: Fault = ({ query }, response, socket) => {
      if (!query.has('continue')) return false
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"kind":"PodList","items":[{"metadata":{"name":"half')
      setTimeout(() => socket.destroy(), 20)
      return true
    }
    const { names, calls } = await read(
      [NODE, ...pods(700)],
      on(pagesFrom, (call, ...rest) => call.earlier === 1 && cut(call, ...rest)),
    )
    expect(names('Pod')).toHaveLength(700)
    expect(calls(pagesFrom)).toHaveLength(3)
  })

  test('a server that goes silent, and one that drips, are left', async () => {
    const drip = on(pagesFrom, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 50)
      response.on('close', () => clearInterval(timer))
      return true
    })
    expect(await failing([NODE], drip, { limits: { ...QUICK, requestMs: 200 } })).toMatchObject({
      problem: expect.stringContaining('no whole answer within 0.2 s, 5 times in a row'),
    })
    await server?.close()
    expect(
      await failing(
        [NODE],
        on(pagesFrom, () => true),
        { limits: { ...QUICK, idleMs: 100 } },
      ),
    ).toMatchObject({
      problem: expect.stringContaining('the server was silent for 0.1 s, 5 times in a row'),
    })
  })

  test('silence once: asked again', async () => {
    const { names } = await read(
      [NODE, ...pods(2)],
      first(
        1,
        on(pagesFrom, () => true),
      ),
    )
    expect(names('Pod')).toHaveLength(2)
  })

  test('an answer that is no JSON, or no list', async () => {
    const page = (body: string): Fault => on(pagesFrom, (_, response) => answer(response, 200, body))
    expect(await failing([NODE], page('<html>Please log in</html>'))).toMatchObject({
      problem: expect.stringMatching(/an answer that is no list \(.*JSON.*\), 5 times in a row/),
      fix: expect.stringContaining('is a Kubernetes API server'),
    })
    await server?.close()
    expect(await failing([NODE], page('{"kind":"Pod"}'))).toMatchObject({
      problem: expect.stringContaining('no list (a JSON Pod without items)'),
    })
    await server?.close()
    const { names } = await read([NODE, ...pods(2)], first(1, page('{"items":[{"metadata":')))
    expect(names('Pod')).toHaveLength(2)
  })

  test('damaged gzip: asked again', async () => {
    const bad = on(pagesFrom, (_, response) => answer(response, 200, 'no gzip at all', { 'content-encoding': 'gzip' }))
    expect((await read([NODE, ...pods(2)], first(1, bad))).names('Pod')).toHaveLength(2)
  })

  test('an answer beyond all bounds is refused', async () => {
    const limits = { ...QUICK, maxBytes: 1024 * 1024 }
    const long = on(pagesFrom, (_, response) => answer(response, 200, ' '.repeat(2 * 1024 * 1024)))
    expect(await failing([NODE], long, { limits })).toMatchObject({
      problem: expect.stringContaining('more than 1 MiB'),
    })
  })

  test('nobody listens', async () => {
    server = await startApiServer([NODE], { secure: false })
    writeKubeconfig(server.kubeconfig, 'http://127.0.0.1:1', undefined, {})
    const connection = await connect(server, QUICK)
    const around = standStill()
    const failure = await readCluster(connection, { add: () => undefined, drop: () => undefined }, { around }).catch(
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({
      failure: { problem: expect.stringMatching(/^nodes cannot be read: no connection \(.*ECONNREFUSED.*5 times/) },
    })
  })
})

describe('a token that expires in the middle of the run', () => {
  test('is fetched again, once, and the run goes on', async () => {
    const { names, notes } = await read([NODE, ...pods(1201)], (call) => {
      const page = call.query.get('continue')
      if (page === '1000/500' && server !== undefined && server.token === 'valid') {
        server.token = 'rotated'
        const config = readFileSync(server.kubeconfig, 'utf8')
        writeFileSync(server.kubeconfig, config.replace('"valid"', '"rotated"'))
      }
      return false
    })
    expect(names('Pod')).toHaveLength(1201)
    expect(notes.findings).toEqual([])
  })

  test('and stays expired: exit 3 with one message', async () => {
    const expire: Fault = (call) => {
      if (server !== undefined && call.query.has('continue')) server.token = 'nobody has it'
      return false
    }
    expect(await failing([NODE, ...pods(1201)], expire)).toMatchObject({
      kind: 'unreadable-source',
      problem: expect.stringContaining('does not accept the credentials (401)'),
      fix: expect.stringContaining('Log in again'),
    })
  })
})

describe('what may not be read', () => {
  const forbid =
    (...resources: string[]): Fault =>
    ({ path }, response) =>
      resources.some((resource) => path.endsWith(`/${resource}`)) &&
      answer(response, 403, status(403, `${path} is forbidden: User "alice" cannot list it`))

  test('each kind is a gap, with all access rules that are missing', async () => {
    const { notes } = await read([NODE], forbid('poddisruptionbudgets', 'csinodes'))
    const rules =
      'Add to the ClusterRole: {apiGroups: ["policy"], resources: [poddisruptionbudgets], verbs: [get, list]}, ' +
      '{apiGroups: ["storage.k8s.io"], resources: [csinodes], verbs: [get, list]}'
    expect(notes.findings).toEqual(
      ['poddisruptionbudgets', 'csinodes'].map((subject) => ({
        code: 'denied-kind',
        subject,
        detail: expect.stringContaining(rules),
      })),
    )
  })

  test.each(['nodes', 'pods'])('without %s there is no report', async (resource) => {
    expect(await failing([NODE], forbid(resource))).toMatchObject({
      kind: 'unreadable-source',
      problem: expect.stringMatching(/may not be listed \(.*User "alice" cannot list it\)/),
      fix: `Add to the ClusterRole of this user: {apiGroups: [""], resources: [${resource}], verbs: [get, list]}.`,
    })
  })

  test('an add-on that is not installed is no gap, though the server says forbidden first', async () => {
    const { notes } = await read([NODE], forbid('nodepools', 'ec2nodeclasses', 'eniconfigs'))
    expect(notes.findings).toEqual([])
    await server?.close()
    const installed = await read([NODE], forbid('nodepools', 'eniconfigs'), { serve: ['nodepools'] })
    expect(installed.notes.findings.map(({ code, subject }) => [code, subject])).toEqual([['denied-kind', 'nodepools']])
  })

  test('an API that the server does not know', async () => {
    const absent: Fault = ({ path }, response) =>
      path.startsWith('/apis/policy/') && answer(response, 404, '404 page not found')
    const { notes, calls } = await read([NODE], absent)
    expect(calls('/apis/policy/v1beta1/poddisruptionbudgets')).toHaveLength(1)
    expect(notes.findings).toEqual([
      { code: 'absent-kind', subject: 'poddisruptionbudgets', detail: expect.stringContaining('may not be disrupted') },
    ])
    await server?.close()
    const noNodes = on('/api/v1/nodes', (_, response) => answer(response, 404, '404 page not found'))
    expect(await failing([], noNodes)).toMatchObject({ kind: 'unreadable-source', problem: 'it serves no nodes (404)' })
  })

  test('older versions of add-ons are read', async () => {
    const pool = object('NodePool', 'general', 'karpenter.sh/v1beta1')
    const { names, notes } = await read([NODE, pool])
    expect([names('NodePool'), notes.findings]).toEqual([['general'], []])
  })

  test('the check names each source, what is denied, and what to add', async () => {
    server = await startApiServer([NODE], { secure: false })
    server.fault = (call, response, socket) =>
      forbid('nodes', 'jobs')(call, response, socket) ||
      (call.path.startsWith('/apis/policy') && answer(response, 404, '')) ||
      (call.path.endsWith('/namespaces') && answer(response, 418, ''))
    const checks = await checkCluster(await connect(server, QUICK), { around: standStill() })
    expect(checks).toHaveLength(LISTED_KINDS.length)
    const known = Object.fromEntries(checks.map(({ source, ...rest }) => [source, rest]))
    expect(known).toMatchObject({
      nodes: {
        state: 'denied',
        need: 'needed',
        remedy: 'add {apiGroups: [""], resources: [nodes], verbs: [get, list]}',
      },
      pods: { state: 'works', remedy: '' },
      'jobs.batch': { state: 'denied', need: 'useful' },
      'poddisruptionbudgets.policy': { state: 'absent', remedy: expect.stringContaining('so it is unknown') },
      namespaces: { state: 'fails', remedy: 'the server answered 418' },
      'nodepools.karpenter.sh': { state: 'absent', remedy: 'not installed; nothing is missing' },
    })
    for (const { query } of server.calls) expect([null, '1']).toContain(query.get('limit'))
  })
})
