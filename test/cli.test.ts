import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cleanEnvironment, ENTRY, k8sCost, ROOT } from './helpers/command.js'
import { SAMPLE, writePartOfSample } from './helpers/part-of-sample.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const NOW = ['--now', '2026-07-01T00:00:00Z']

describe('results go to standard output', () => {
  test('--version is that of package.json, alone', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(k8sCost(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('--help names every command and flag that exists, and none that does not', () => {
    const { exitCode, stdout, stderr } = k8sCost(['--help'])
    expect([exitCode, stderr]).toEqual([0, ''])
    for (const word of [
      'analyze',
      'collect',
      'demo',
      'max-pods',
      'catalog',
      'doctor',
      '--kubeconfig',
      '--snapshot',
      '--fail-on',
      'K8S_COST_MAX_SPOT',
      'Exit codes',
    ]) {
      expect(stdout).toContain(word)
    }
    for (const later of ['schema', '--usage']) expect(stdout).not.toContain(later)
    expect(k8sCost(['analyze', '--help']).stdout).toContain('--max-node-share <SHARE>')
    const demo = k8sCost(['demo', '--help']).stdout
    for (const word of ['--out', '--format', '--fail-on']) expect(demo).toContain(word)
    expect(demo).not.toContain('--snapshot')
  })

  test('max-pods: table, CSV and JSON of the same rows, nothing else', () => {
    const table = k8sCost(['max-pods', 'm5.large', 'c7g.metal'])
    expect(table).toMatchObject({ exitCode: 0, stderr: '' })
    const lines = table.stdout.trimEnd().split('\n')
    expect(lines.map((line) => line.split(/ +/)[0])).toEqual(['instance_type', 'c7g.metal', 'm5.large'])
    const csv = k8sCost(['max-pods', 'm5.large', '--format', 'csv']).stdout
    expect(csv).toBe(
      'instance_type,vcpus,memory_mib,enis,ipv4_per_eni,secondary_ip,prefix_delegation,ipv6,custom_networking,' +
        'custom_networking_prefix,overlay,in_force_mode,in_force,observed,planned\n' +
        'm5.large,2,8192,3,10,29,110,110,20,110,110,,,,\n',
    )
    const json: unknown = JSON.parse(k8sCost(['max-pods', 'm5.*', '--format', 'json']).stdout)
    expect(json).toContainEqual(expect.objectContaining({ instanceType: 'm5.large', secondaryIp: 29 }))
  })

  test('max-pods without a type: all of them', () => {
    expect(k8sCost(['max-pods', '--format', 'csv']).stdout.split('\n').length).toBeGreaterThan(1000)
  })

  test('catalog show: regions and sources with their dates', () => {
    const { exitCode, stdout, stderr } = k8sCost(['catalog', 'show'])
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^us-east-1 +USD +\d+ +\d{4}-\d\d-\d\d/m)
    expect(stdout).toMatch(/^Sources$/m)
  })

  test('a reader that stops early is no failure', () => {
    const pipe = spawnSync('bash', ['-c', `set -o pipefail; "${process.execPath}" "${ENTRY}" max-pods | head -1`], {
      encoding: 'utf8',
    })
    expect([pipe.status, pipe.stderr]).toEqual([0, ''])
  })
})

describe('wrong usage is exit 2 and one line', () => {
  test.each([
    [['--frobnicate'], "unknown option '--frobnicate'"],
    [['--snapsot', 'x'], 'Did you mean --snapshot?'],
    [['collect'], 'collect needs --out FILE'],
    [['collect', '--out', 'folder/'], '--out: got "folder/", want a file ending in .json or .json.gz'],
    [['collect', '--snapshot', 'x'], "unknown option '--snapshot'"],
    [['catalog'], 'catalog needs a command'],
    [['catalog', 'update'], 'unknown command "catalog update"'],
    [['demo', 'extra'], "too many arguments for 'demo'"],
    [['--snapshot'], "option '--snapshot <FILE>' argument missing"],
    [['--snapshot', 'x', '--region', 'mars'], '--region: got "mars", want an AWS region'],
    [['--snapshot', 'x', '--format', 'html'], 'html is not made in this version'],
    [['--context', 'x', '--snapshot', 'x'], '--context names a live cluster and --snapshot a file: pass one of them'],
    [['demo', '--kubeconfig', 'x'], "unknown option '--kubeconfig'"],
    [['demo', '--usage', 'metrics-server'], "unknown option '--usage'"],
    [['demo', '--config', 'none.yaml'], 'none.yaml: cannot be read (ENOENT)'],
    [['max-pods', 'm5.gigantic'], 'TYPE: got "m5.gigantic", want an instance type'],
    [['max-pods', '--format', 'xml'], 'Allowed choices are table, csv, json'],
  ])('%j', (args, message) => {
    const { exitCode, stdout, stderr } = k8sCost(args)
    expect({ exitCode, stdout, lines: stderr.split('\n').length }).toEqual({ exitCode: 2, stdout: '', lines: 2 })
    expect(stderr).toMatch(/^k8s-cost: /)
    expect(stderr).toContain(message)
  })

  test('a bad variable, with the logs as JSON where they were asked for', () => {
    expect(k8sCost(['demo'], { env: { K8S_COST_HEADROOM: 'x' } })).toMatchObject({
      exitCode: 2,
      stderr: 'k8s-cost: K8S_COST_HEADROOM: got "x", want a share from 0 to below 1. See k8s-cost --help.\n',
    })
    const { exitCode, stderr } = k8sCost(['--snapshot', 'none.json', '--log-format', 'json'], { cwd: folder })
    expect([exitCode, JSON.parse(stderr)]).toEqual([2, expect.objectContaining({ level: 'error', exitCode: 2 })])
  })

  test('the default configuration file is read', () => {
    const cwd = mkdtempSync(join(folder, 'config-'))
    writeFileSync(join(cwd, 'k8s-cost.yaml'), 'headroom: lots\n')
    expect(k8sCost(['demo'], { cwd }).stderr).toContain('headroom in k8s-cost.yaml: got "lots"')
  })

  test('standard output that cannot be written', () => {
    if (!existsSync('/dev/full')) return
    const full = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(process.execPath, [ENTRY, 'max-pods'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    })
    closeSync(full)
    expect([status, stderr]).toEqual([2, 'k8s-cost: standard output: cannot be written (ENOSPC). Send it elsewhere.\n'])
  })
})

test('without a snapshot and without a cluster: exit 3, with the command that makes one', () => {
  const env = { HOME: folder, KUBECONFIG: '', KUBERNETES_SERVICE_HOST: '' }
  for (const args of [[], ['analyze'], ['collect', '--out', 'x.json'], ['collect', '--check']]) {
    const { exitCode, stderr } = k8sCost(args, { cwd: folder, env })
    expect(exitCode).toBe(3)
    expect(stderr).toMatch(/kubectl get nodes,pods,.* -A -o json > cluster\.json.*--snapshot cluster\.json/)
  }
})

describe('a run on a part of the sample cluster', () => {
  let part: string
  let plain: string
  beforeAll(() => {
    part = join(folder, 'part.json')
    plain = writePartOfSample(part)
  })

  test('from standard input, plain or gzip, gives the same bytes as from a file', () => {
    const filesOf = (name: string): Record<string, string> =>
      Object.fromEntries(
        readdirSync(join(folder, name)).map((file) => [file, readFileSync(join(folder, name, file), 'utf8')]),
      )
    expect(k8sCost(['--snapshot', part, '--out', join(folder, 'a'), ...NOW])).toMatchObject({ exitCode: 0, stderr: '' })
    for (const [name, input] of [
      ['b', plain],
      ['c', gzipSync(plain)],
    ] as const) {
      const piped = k8sCost(['--snapshot', '-', '--out', join(folder, name), ...NOW], { input })
      expect(piped).toMatchObject({ exitCode: 0, stderr: '' })
      expect(filesOf(name)).toEqual(filesOf('a'))
    }
  })

  test('only the formats that were asked for', () => {
    const out = join(folder, 'markdown')
    expect(k8sCost(['--snapshot', part, '--out', out, '--format', 'md', ...NOW]).exitCode).toBe(0)
    expect(readdirSync(out)).toEqual(['report.md'])
  })

  test('a condition that holds: exit 4, with the report written all the same', () => {
    const out = join(folder, 'limit')
    const { exitCode, stdout, stderr } = k8sCost([
      '--snapshot',
      part,
      '--out',
      out,
      '--fail-on',
      'monthly>0',
      '--fail-on',
      'unpriced>9999',
      ...NOW,
    ])
    expect(exitCode).toBe(4)
    expect(stderr).toMatch(
      /^k8s-cost: --fail-on monthly>0 holds: monthly cost is \$[\d.]+ a month\. The report was written\.\n$/,
    )
    expect(stdout).toContain(out)
    expect(existsSync(join(out, 'report.md'))).toBe(true)
  })

  test('a folder with other files is refused before any work, and stays as it is', () => {
    const out = mkdtempSync(join(folder, 'mine-'))
    writeFileSync(join(out, 'thesis.txt'), 'mine')
    const { exitCode, stdout, stderr } = k8sCost(['demo', '--out', out])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('holds files that are no part of a report (thesis.txt)')
    expect(readdirSync(out)).toEqual(['thesis.txt'])
  })

  test('a region that AWS does not have', () => {
    const { exitCode, stderr } = k8sCost(['demo', '--region', 'eu-nowhere-1', '--out', join(folder, 'nowhere')])
    expect([exitCode, existsSync(join(folder, 'nowhere'))]).toEqual([2, false])
    expect(stderr).toContain('eu-nowhere-1')
  })
})

describe('input that cannot be read leaves no report', () => {
  const truncated = (): Buffer => readFileSync(SAMPLE).subarray(0, 20_000)
  test.each([
    ['a file that is not there', 'absent.json', undefined],
    ['a truncated gzip', 'short.json.gz', truncated],
    ['no JSON', 'text.json', () => 'Error from server (Forbidden)'],
    ['JSON that is no list', 'number.json', () => '42'],
    ['nothing', 'empty.json', () => ''],
  ])('%s: exit 2, one line that names the file', (_, name, content) => {
    const cwd = mkdtempSync(join(folder, 'input-'))
    if (content !== undefined) writeFileSync(join(cwd, name), content())
    const { exitCode, stdout, stderr } = k8sCost(['--snapshot', name, '--out', 'out'], { cwd })
    expect({ exitCode, stdout, lines: stderr.split('\n').length }).toEqual({ exitCode: 2, stdout: '', lines: 2 })
    expect(stderr).toContain(name)
    expect(existsSync(join(cwd, 'out'))).toBe(false)
  })
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a run at once, and leaves no report', async (signal, exitCode) => {
  const cwd = join(folder, signal)
  mkdirSync(cwd)
  // Standard input that never ends: the run waits in the middle of its work.
  const child = spawn(process.execPath, [ENTRY, '--snapshot', '-', '--out', 'out'], { cwd, env: cleanEnvironment() })
  child.stdin.write('{"kind": "List", "items": [')
  await new Promise((resolve) => setTimeout(resolve, 500))
  child.kill(signal)
  const ended = await new Promise((resolve) =>
    child.on('close', (code, by) => resolve(code ?? (by === signal ? exitCode : by))),
  )
  expect(ended).toBe(exitCode)
  expect(readdirSync(cwd)).toEqual([])
})
