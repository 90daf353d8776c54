/** The built command on a live cluster: an API server on loopback. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readSnapshot } from '../src/collect/snapshot-file.js'
import type { Snapshot } from '../src/domain/snapshot.js'
import {
  answer,
  hasOpenssl,
  startApiServer,
  status,
  writeKubeconfig,
  type ApiServer,
} from './collect/cluster/api-server.js'
import { cleanEnvironment, ENTRY, k8sCost, ROOT, type Run } from './helpers/command.js'
import { readObjects } from './helpers/kubectl-list.js'
import { partOfSample, SAMPLE, writePartOfSample } from './helpers/part-of-sample.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-live-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const NOW = ['--now', '2026-07-01T00:00:00Z']

describe.skipIf(!hasOpenssl)(`a live cluster${hasOpenssl ? '' : ' (skipped: openssl is absent)'}`, () => {
  /** Of a part of the sample cluster, and of all of it. */
  let server: ApiServer
  let whole: ApiServer
  beforeAll(async () => {
    server = await startApiServer(partOfSample())
    whole = await startApiServer(readObjects(SAMPLE))
  })
  afterAll(async () => {
    await server.close()
    await whole.close()
  })
  beforeEach(() => {
    server.fault = undefined
    server.token = 'valid'
  })

  /** The servers live in this process, which must not stand still while the command runs. */
  const run = async (args: readonly string[], cwd: string, { kubeconfig } = server): Promise<Run> => {
    const env = { ...cleanEnvironment(), KUBECONFIG: kubeconfig }
    const child = spawn(process.execPath, [ENTRY, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const [stdout, stderr, exitCode] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((resolve) => child.on('close', resolve)),
    ])
    return { exitCode, stdout, stderr }
  }
  const place = (): string => mkdtempSync(join(folder, 'live-'))
  const filesOf = (path: string): Record<string, string> =>
    Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'utf8')]))

  test('with the objects of the sample cluster gives the report of demo, byte for byte', async () => {
    const cwd = place()
    const live = await run(['--out', 'live', '--now', '2026-11-21T00:00:00Z'], cwd, whole)
    expect(live).toMatchObject({ exitCode: 0, stderr: '' })
    // test/sample-report.test.ts makes sure that demo writes it.
    expect(filesOf(join(cwd, 'live'))).toEqual(filesOf(join(ROOT, 'reports', 'sample')))
  })

  test('loses nothing of the sample cluster in its collect file but pods that have ended', async () => {
    const cwd = place()
    expect(await run(['collect', '--out', 'c.json'], cwd, whole)).toMatchObject({ exitCode: 0, stderr: '' })
    const read = (file: string): Promise<Snapshot> => readSnapshot([file], () => {})
    const kubectl = await read(SAMPLE)
    const pods = kubectl.pods.filter(({ status: { phase } }) => !/^(Succeeded|Failed)$/.test(phase))
    expect(await read(join(cwd, 'c.json'))).toEqual({ ...kubectl, pods })
  })

  test('gives the same report, byte for byte, as its collect file and as the output of kubectl', async () => {
    const cwd = place()
    writePartOfSample(join(cwd, 'kubectl.json'))
    const live = await run(['--out', 'live', ...NOW], cwd)
    expect(live).toMatchObject({ exitCode: 0, stderr: '' })
    for (const file of ['c.json', 'c.json.gz']) {
      const collected = await run(['collect', '--out', file], cwd)
      expect(collected).toMatchObject({ exitCode: 0, stderr: '' })
      expect(collected.stdout).toMatch(/^\d+ objects in c\.json.* --snapshot c\.json/)
    }
    expect(gunzipSync(readFileSync(join(cwd, 'c.json.gz')))).toEqual(readFileSync(join(cwd, 'c.json')))
    expect(readdirSync(cwd).sort()).toEqual(['c.json', 'c.json.gz', 'kubectl.json', 'live'])
    for (const [name, file] of [
      ['collected', 'c.json.gz'],
      ['kubectl', 'kubectl.json'],
    ] as const) {
      expect(k8sCost(['--snapshot', file, '--out', name, ...NOW], { cwd })).toMatchObject({ exitCode: 0, stderr: '' })
      expect(filesOf(join(cwd, name))).toEqual(filesOf(join(cwd, 'live')))
    }
  })

  test('under pseudonyms it costs the same, and nothing names it', async () => {
    const cwd = place()
    for (const [name, at] of [
      ['whole.json', whole],
      ['c.json', server],
    ] as const) {
      expect(await run(['collect', '--redact', '--out', name], cwd, at)).toMatchObject({ exitCode: 0, stderr: '' })
      expect(readFileSync(join(cwd, name), 'utf8')).not.toContain('orchard')
    }
    writePartOfSample(join(cwd, 'kubectl.json'))
    const current = (file: string, name: string): string | undefined => {
      const args = ['--snapshot', file, '--out', name, '--format', 'csv', ...NOW]
      expect(k8sCost(args, { cwd })).toMatchObject({ exitCode: 0, stderr: '' })
      return /^current,.*$/m
        .exec(readFileSync(join(cwd, name, 'scenarios.csv'), 'utf8'))?.[0]
        .split(',')
        .slice(0, 6)
        .join()
    }
    expect(current('c.json', 'redacted')).toBe(current('kubectl.json', 'plain'))
  })

  test('what could not be read is in both reports alike', async () => {
    const cwd = place()
    server.fault = ({ path }, response) =>
      path.endsWith('/poddisruptionbudgets') && answer(response, 403, status(403, 'forbidden'))
    expect(await run(['--out', 'live', ...NOW], cwd)).toMatchObject({ exitCode: 0, stderr: '' })
    const collected = await run(['collect', '--out', 'c.json.gz'], cwd)
    expect(collected).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('may not be listed (403)') })
    expect(k8sCost(['--snapshot', 'c.json.gz', '--out', 'file', ...NOW], { cwd }).exitCode).toBe(0)
    expect(filesOf(join(cwd, 'file'))).toEqual(filesOf(join(cwd, 'live')))
    const { warnings } = JSON.parse(filesOf(join(cwd, 'live'))['report.json'] ?? '') as { warnings: object[] }
    const rule = '{apiGroups: ["policy"], resources: [poddisruptionbudgets], verbs: [get, list]}'
    expect(warnings).toContainEqual(
      expect.objectContaining({
        code: 'denied-kind',
        message: expect.stringContaining(`Add to the ClusterRole: ${rule}`),
      }),
    )
  })

  test('denied nodes: exit 3, one message, and nothing is written', async () => {
    const cwd = place()
    server.fault = ({ path }, response) => path.endsWith('/nodes') && answer(response, 403, status(403, 'forbidden'))
    for (const args of [
      ['--out', 'live'],
      ['collect', '--out', 'c.json'],
    ]) {
      const { exitCode, stdout, stderr } = await run(args, cwd)
      expect({ exitCode, stdout, lines: stderr.split('\n').length }).toEqual({ exitCode: 3, stdout: '', lines: 2 })
      expect(stderr).toContain('{apiGroups: [""], resources: [nodes], verbs: [get, list]}')
    }
    expect(readdirSync(cwd)).toEqual([])
  })

  test('a token that nobody accepts: exit 3', async () => {
    server.token = 'another'
    const { exitCode, stderr } = await run(['--out', 'live'], place())
    expect([exitCode, stderr.split('\n').length]).toEqual([3, 2])
    expect(stderr).toContain('does not accept the credentials (401)')
  })

  test('a login program that fails: exit 3, with what it said', async () => {
    const cwd = place()
    writeKubeconfig(join(cwd, 'config'), 'https://127.0.0.1:1', undefined, {
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: 'sh',
        args: ['-c', 'echo no session >&2; exit 1'],
      },
    })
    const { exitCode, stderr } = await run(['--kubeconfig', 'config'], cwd)
    expect([exitCode, stderr.split('\n').length]).toEqual([3, 2])
    expect(stderr).toContain('no credentials: no session')
  })

  test('collect --check: what works, what is denied, what to add', async () => {
    server.fault = ({ path }, response) => path.endsWith('/pods') && answer(response, 403, status(403, 'forbidden'))
    const { exitCode, stdout, stderr } = await run(['collect', '--check'], place())
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^nodes +works$/m)
    expect(stdout).toMatch(/^pods +denied +add \{apiGroups: \[""\], resources: \[pods\], verbs: \[get, list\]\}$/m)
    expect(stdout).toMatch(/^nodepools\.karpenter\.sh +absent +not installed/m)
    expect(stdout).toContain('No report can be made without pods.')
  })

  test('a collect file that cannot be written: exit 2, before the cluster is read', async () => {
    server.token = 'another'
    const { exitCode, stderr } = await run(['collect', '--out', 'absent/c.json'], place())
    expect(exitCode).toBe(2)
    expect(stderr).toBe('k8s-cost: absent/c.json: cannot be written (ENOENT). Name another file with --out.\n')
  })
})
