/** The built command with `--out s3://…`, against a store on loopback. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { cleanEnvironment, ENTRY, k8sCost, type Run } from './helpers/command.js'
import { writePartOfSample } from './helpers/part-of-sample.js'
import { startFakeS3, type FakeS3 } from './upload/fake-s3.js'

const NOW = ['--now', '2026-07-01T00:00:00Z']
/** The command runs in `folder`, which stays empty; its input lies beside it. */
let above: string
let folder: string
const input = (): string => join(above, 'part.json')
let s3: FakeS3
beforeAll(async () => {
  above = mkdtempSync(join(tmpdir(), 'k8s-cost-upload-'))
  folder = join(above, 'empty')
  mkdirSync(folder)
  writePartOfSample(input())
  s3 = await startFakeS3('reports')
})
afterAll(async () => {
  await s3.close()
  rmSync(above, { recursive: true })
})
beforeEach(() => {
  s3.objects.clear()
  s3.calls.length = 0
  s3.fault = undefined
})

/** The store lives in this process, which must not stand still while the command runs. */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  const login = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example', AWS_REGION: 'eu-west-1' }
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd: folder,
    env: { ...cleanEnvironment(), ...login, AWS_ENDPOINT_URL: s3.url, ...env },
  })
  const [stdout, stderr, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ])
  return { exitCode, stdout, stderr }
}

test('uploads the same files that a folder would hold, and leaves nothing on disk', async () => {
  const uploaded = await run(['--snapshot', input(), '--out', 's3://reports/costs', ...NOW])
  expect(uploaded).toMatchObject({ exitCode: 0, stderr: '' })
  const day = /s3:\/\/reports\/(costs\/\S+?\/)report\.md, with \d+ more/.exec(uploaded.stdout)?.[1] ?? ''
  expect(day).toMatch(/^costs\/[^/]+\/2026-07-01\/$/)
  expect(readdirSync(folder)).toEqual([])

  expect(k8sCost(['--snapshot', input(), '--out', 'local', ...NOW], { cwd: folder }).exitCode).toBe(0)
  const local = readdirSync(join(folder, 'local'))
  for (const name of local)
    expect([name, s3.objects.get(day + name)?.text]).toEqual([name, readFileSync(join(folder, 'local', name), 'utf8')])
  const pointer = JSON.parse(s3.objects.get('costs/latest.json')?.text ?? '') as object
  expect(pointer).toMatchObject({ folder: day, generatedAt: '2026-07-01T00:00:00.000Z', files: local.sort() })
  expect(s3.calls.at(-1)).toMatchObject({ action: 's3:PutObject', key: 'costs/latest.json' })
  expect(s3.calls[0]?.headers['user-agent']).toMatch(/k8s-cost\/\d/)
  rmSync(join(folder, 'local'), { recursive: true })
})

test('refuses before it computes: no bucket, no credentials', async () => {
  const absent = await run(['demo', '--out', 's3://absent/costs/', ...NOW])
  expect(absent).toEqual({
    exitCode: 3,
    stdout: '',
    stderr: 'k8s-cost: s3://absent/costs/: there is no bucket absent. Create it, or name another with --out.\n',
  })
  const nobody = await run(['demo', '--out', 's3://reports', ...NOW], {
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
  })
  expect([nobody.exitCode, nobody.stdout, nobody.stderr.split('\n').length]).toEqual([3, '', 2])
  expect(s3.objects.size).toBe(0)
})

test('a --fail-on condition that holds is exit 4, with the report uploaded', async () => {
  const { exitCode } = await run(['demo', '--out', 's3://reports', '--fail-on', 'savings>0%', ...NOW])
  expect(exitCode).toBe(4)
  expect(s3.objects.has('latest.json')).toBe(true)
})

test('stopped in the middle, and told so twice: no pointer to what is there', async () => {
  const child = spawn(process.execPath, [ENTRY, '--snapshot', input(), '--out', 's3://reports', ...NOW], {
    cwd: folder,
    env: {
      ...cleanEnvironment(),
      ...{ AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example', AWS_REGION: 'eu-west-1' },
      AWS_ENDPOINT_URL: s3.url,
    },
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  s3.fault = ({ action, key }) => {
    if (action !== 's3:PutObject' || !/\/(plan-)?nodes\.csv$/.test(key)) return undefined
    child.kill('SIGTERM')
    return 'silence'
  }
  expect(await ended).toBe(143)
  expect([...s3.objects.keys()].filter((key) => /latest|report\.md/.test(key))).toEqual([])
})

test.each([
  ['s3://Reports/costs', '--out: got "s3://Reports/costs", want a folder, or s3://bucket/prefix/'],
  ['gs://reports/costs', '--out: got "gs://reports/costs", want a folder, or s3://bucket/prefix/'],
])('%s is exit 2', async (out, message) => {
  const { exitCode, stderr } = await run(['demo', '--out', out])
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)])
})

test('collect writes files only', async () => {
  const { exitCode, stderr } = await run(['collect', '--out', 's3://reports/c.json'])
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('want a file ending in .json or .json.gz')])
})
