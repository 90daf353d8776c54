import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfiguredRetryStrategy } from '@smithy/core/retry'
import nock from 'nock'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { explain, FailureError } from '../../src/failure.js'
import { s3Place, type S3Place } from '../../src/s3-url.js'
import { UPLOAD_ACTIONS } from '../../src/upload/bucket.js'
import { checkTarget } from '../../src/upload/check.js'
import { contentType } from '../../src/upload/content-type.js'
import { openTarget, upload, type UploadedReport } from '../../src/upload/upload.js'
import { ROOT } from '../helpers/command.js'
import { startFakeS3, type FakeS3, type S3Fault } from './fake-s3.js'

const PLACE: S3Place = { bucket: 'reports', prefix: 'costs/' }
const DEPS = {
  region: 'eu-west-1',
  version: '0.0.0',
  clients: { retryStrategy: new ConfiguredRetryStrategy(2, () => 0) },
}
const report = (generatedAt = '2026-11-21T03:17:00.000Z', cluster = 'orchard'): UploadedReport => ({
  cluster,
  generatedAt,
  files: new Map([
    ['report.md', '# costs'],
    ['report.json', '{"schemaVersion":1,"nodes":[]}'],
    ['nodes.csv', 'node,type\n'],
    ['iac/pool.yaml', 'kind: NodePool\n'],
  ]),
})

let s3: FakeS3
let warnings: string[]
beforeAll(async () => {
  s3 = await startFakeS3('reports')
})
afterAll(() => s3.close())
beforeEach(() => {
  s3.objects.clear()
  s3.calls.length = 0
  s3.fault = undefined
  warnings = []
  vi.stubEnv('AWS_ENDPOINT_URL', s3.url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example')
})
afterEach(() => vi.unstubAllEnvs())

async function send(content: UploadedReport = report(), place: S3Place = PLACE): Promise<string> {
  const bucket = await openTarget(place, { ...DEPS, env: process.env })
  return upload(bucket, content, (text) => warnings.push(text)).finally(() => bucket.close())
}

/** Exit code and message of what fails; an error of another sort fails the test. */
async function failure(work: Promise<unknown>): Promise<{ readonly exitCode: number; readonly text: string }> {
  const error: unknown = await work.then(
    () => new Error('it worked'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof FailureError)) throw error
  return explain(error.failure)
}

const put = (key: string, text: string): unknown => s3.objects.set(key, { text, headers: {} })
const written = (): string[] => s3.calls.filter(({ action }) => action === 's3:PutObject').map(({ key }) => key)
const DAY = 'costs/orchard/2026-11-21/'
const POINTERS = ['costs/orchard/latest.json', 'costs/latest.json']

describe('a report', () => {
  test('is uploaded by cluster and day, with the pointers after all of it', async () => {
    expect(await send()).toBe(`s3://reports/${DAY}`)
    const { [POINTERS[0] ?? '']: ofCluster, [POINTERS[1] ?? '']: ofAll, ...files } = s3.texts()
    expect(files).toEqual(Object.fromEntries([...report().files].map(([name, text]) => [DAY + name, text])))
    expect(ofCluster).toBe(ofAll)
    expect(JSON.parse(ofAll ?? '')).toEqual({
      kind: 'k8s-cost/latest-report',
      cluster: 'orchard',
      generatedAt: '2026-11-21T03:17:00.000Z',
      bucket: 'reports',
      folder: DAY,
      files: ['iac/pool.yaml', 'nodes.csv', 'report.json', 'report.md'],
    })
    expect(written().slice(-3)).toEqual([`${DAY}report.md`, ...POINTERS])
    expect(warnings).toEqual([])
  })

  test('says of each file what it is; only pointers change under their key', async () => {
    await send()
    const headers = (name: string) => {
      const {
        'content-type': type,
        'cache-control': cache,
        'if-none-match': ifNew,
      } = s3.objects.get(name)?.headers ?? {}
      return [type, cache, ifNew]
    }
    expect(headers(`${DAY}report.md`)).toEqual(['text/markdown; charset=utf-8', undefined, '*'])
    expect(headers(`${DAY}report.json`)).toEqual(['application/json', undefined, '*'])
    expect(headers(`${DAY}nodes.csv`)).toEqual(['text/csv; charset=utf-8', undefined, '*'])
    expect(headers('costs/latest.json')).toEqual(['application/json', 'no-cache', '*'])
    expect(['report.html', 'iac/main.tf', 'iac/pool.yaml', 'none'].map(contentType)).toEqual([
      'text/html; charset=utf-8',
      'text/plain; charset=utf-8',
      'application/yaml',
      'text/plain; charset=utf-8',
    ])
  })

  test('a second one of the day stands beside the first, and the next day has its own; pointers follow', async () => {
    await send()
    const first = s3.texts()
    expect(await send()).toBe('s3://reports/costs/orchard/2026-11-21-2/')
    expect(s3.texts()).toMatchObject(
      Object.fromEntries(Object.entries(first).filter(([key]) => !POINTERS.includes(key))),
    )
    expect(await send(report('2026-11-22T03:17:00.000Z'))).toBe('s3://reports/costs/orchard/2026-11-22/')
    expect(await send(report('2026-11-22T04:00:00.000Z', 'meadow'))).toBe('s3://reports/costs/meadow/2026-11-22/')
    const folderOf = (key: string): unknown =>
      (JSON.parse(s3.objects.get(key)?.text ?? '') as { folder: string }).folder
    expect(folderOf('costs/orchard/latest.json')).toBe('costs/orchard/2026-11-22/')
    expect(folderOf('costs/latest.json')).toBe('costs/meadow/2026-11-22/')
    expect(warnings).toEqual([])
  })

  test('goes to the top of a bucket without a prefix', async () => {
    await send(report(), { bucket: 'reports', prefix: '' })
    expect(Object.keys(s3.texts())).toEqual(expect.arrayContaining(['latest.json', 'orchard/2026-11-21/report.md']))
  })

  test('one that did not get through leaves the pointers on the last whole one, and says what is there', async () => {
    await send()
    const before = s3.texts()
    s3.fault = ({ action, key }) =>
      action === 's3:PutObject' && key.endsWith('report.json') ? { status: 403, code: 'AccessDenied' } : undefined
    const { exitCode, text } = await failure(send(report('2026-11-22T00:00:00.000Z')))
    expect(exitCode).toBe(3)
    expect(text).toMatch(
      /^s3:\/\/reports\/costs\/: AWS denied s3:PutObject; \d of 4 files are in s3:\/\/reports\/costs\/orchard\/2026-11-22\/, which no pointer names\. Allow s3:PutObject on arn:aws:s3:::reports\/costs\/\*, then run again\.$/,
    )
    expect(s3.texts()).toMatchObject(before)
    expect(s3.objects.has('costs/orchard/2026-11-22/report.md')).toBe(false)
    s3.fault = undefined
    expect(await send(report('2026-11-22T00:00:00.000Z'))).toBe('s3://reports/costs/orchard/2026-11-22-2/')
  })
})

describe("somebody else's objects", () => {
  test('in the place of a pointer: exit 2 before anything is written', async () => {
    for (const key of POINTERS)
      for (const text of ['{"version": 7}', 'hello', '[1]', 'null']) {
        s3.objects.clear()
        put(key, text)
        const { exitCode, text: said } = await failure(send())
        expect([exitCode, said]).toEqual([2, expect.stringContaining(`s3://reports/${key}: is no pointer to a report`)])
        expect(s3.texts()).toEqual({ [key]: text })
      }
  })

  test('in the folder of the day are left alone', async () => {
    for (const name of ['report.md', 'nodes.csv']) {
      s3.objects.clear()
      put(DAY + name, 'mine')
      expect(await send()).toBe('s3://reports/costs/orchard/2026-11-21-2/')
      expect(s3.objects.get(DAY + name)?.text).toBe('mine')
    }
  })

  test('a pointer that may not be read is replaced, with a warning; a new one needs no right to read', async () => {
    s3.fault = ({ action }) => (action === 's3:GetObject' ? { status: 403, code: 'AccessDenied' } : undefined)
    await send()
    expect(warnings).toEqual([])
    await send()
    expect(warnings).toEqual(
      POINTERS.map((key) => expect.stringContaining(`s3://reports/${key} was there and was replaced unread`) as string),
    )
    expect(s3.objects.get('costs/latest.json')?.text).toContain('2026-11-21-2/')
  })

  test('an empty object holds nothing to lose', async () => {
    put('costs/latest.json', '')
    await send()
    expect(s3.objects.get('costs/latest.json')?.text).toContain(DAY)
  })
})

describe('what cannot be: exit 3 and one sentence, before anything is computed', () => {
  const opened = (place = PLACE) => openTarget(place, { ...DEPS, env: process.env })
  const always = (fault: S3Fault) => (): S3Fault => fault

  test.each<[name: string, fault: S3Fault, message: RegExp]>([
    ['credentials that nobody knows', { status: 403, code: 'InvalidAccessKeyId' }, /AWS does not take the credentials/],
    ['expired credentials', { status: 400, code: 'ExpiredToken' }, /the credentials have expired/],
    ['a throttled account', { status: 503, code: 'SlowDown' }, /AWS throttled it for too long/],
    ['a region that is not named', { status: 301, code: 'PermanentRedirect' }, /is in another region, where it could/],
    [
      'a region that is no better',
      { status: 301, code: 'PermanentRedirect', headers: { 'x-amz-bucket-region': 'eu-south-1' } },
      /another region \(eu-south-1\).* Set AWS_REGION/,
    ],
    ['a store that fails', { status: 500, code: 'InternalError' }, /s3:GetObject: InternalError, says S3/],
  ])('%s', async (_name, fault, message) => {
    s3.fault = always(fault)
    const { exitCode, text } = await failure(opened())
    expect([exitCode, text.split('\n').length]).toEqual([3, 1])
    expect(text).toMatch(/^s3:\/\/reports\/costs\/: /)
    expect(text).toMatch(message)
    expect(written()).toEqual([])
  })

  test('no such bucket', async () => {
    expect(await failure(opened({ bucket: 'absent', prefix: '' }))).toEqual({
      exitCode: 3,
      text: 's3://absent/: there is no bucket absent. Create it, or name another with --out.',
    })
  })

  test('no credentials', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, '')
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
    vi.stubEnv('AWS_CONFIG_FILE', join(ROOT, 'absent'))
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(ROOT, 'absent'))
    const { exitCode, text } = await failure(opened())
    expect([exitCode, text]).toEqual([3, expect.stringContaining('no AWS credentials were found')])
    expect(s3.calls).toEqual([])
  })

  test('nobody listens', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9')
    expect((await failure(opened())).exitCode).toBe(3)
  })

  test('a silent store is given up', async () => {
    s3.fault = () => 'silence'
    const clients = { ...DEPS.clients, requestTimeout: 200 }
    const { exitCode, text } = await failure(openTarget(PLACE, { ...DEPS, clients, env: process.env }))
    expect([exitCode, text]).toEqual([3, expect.stringContaining('no answer in time')])
  })

  test("a key of the bucket's own that may not be used is named", async () => {
    const message = 'User: arn:aws:iam::1:user/u is not authorized to perform: kms:GenerateDataKey on resource: k'
    s3.fault = ({ action }) => (action === 's3:PutObject' ? { status: 403, code: 'AccessDenied', message } : undefined)
    expect((await failure(send())).text).toBe(
      "s3://reports/costs/: AWS denied kms:GenerateDataKey. Allow kms:GenerateDataKey on the bucket's key, then run again.",
    )
  })
})

const MOVED: Record<string, string> = { 'x-amz-bucket-region': 'ap-south-1' }

test.each<[status: number, body: string, headers: Record<string, string>]>([
  [301, '<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>', MOVED],
  [400, '<Error><Code>AuthorizationHeaderMalformed</Code><Region>ap-south-1</Region></Error>', {}],
])(
  'a bucket of another region is found there, by the names that AWS gives buckets (HTTP %d)',
  async (status, body, headers) => {
    vi.stubEnv('AWS_ENDPOINT_URL', '')
    nock.disableNetConnect()
    try {
      nock('https://reports.s3.eu-west-1.amazonaws.com').get(/.*/).reply(status, body, headers)
      const stored: string[] = []
      const home = nock('https://reports.s3.ap-south-1.amazonaws.com').persist()
      home.get(/.*/).reply(404, '<Error><Code>NoSuchKey</Code></Error>')
      home.put(/.*/).reply((uri) => {
        stored.push(new URL(uri, 'https://s3').pathname.slice(1))
        return [200, '']
      })
      expect(await send()).toBe(`s3://reports/${DAY}`)
      expect(stored).toHaveLength(6)
      expect(stored.at(-1)).toBe('costs/latest.json')
    } finally {
      nock.cleanAll()
      nock.enableNetConnect()
    }
  },
)

describe('the policy for uploads', () => {
  type Statement = { readonly Effect: string; readonly Action: string; readonly Resource: string | readonly string[] }
  const policy = JSON.parse(readFileSync(join(ROOT, 'deploy', 'iam-policy-upload.json'), 'utf8')) as {
    readonly Statement: readonly Statement[]
  }
  const resources = policy.Statement.flatMap(({ Action, Resource }) =>
    [Resource].flat().map((arn) => ({ action: Action, pattern: arn.replace('BUCKET/PREFIX/', 'reports/costs/') })),
  )
  const covers = (pattern: string, arn: string): boolean =>
    new RegExp(`^${pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(arn)

  test('allows every call that is made, and nothing that is not', async () => {
    await send()
    await send()
    const calls = s3.calls.map(({ action, key }) => ({ action, arn: `arn:aws:s3:::reports/${key}` }))
    expect([...new Set(calls.map(({ action }) => action))].sort()).toEqual([...UPLOAD_ACTIONS])
    expect([...new Set(resources.map(({ action }) => action))].sort()).toEqual([...UPLOAD_ACTIONS])
    const allowing = ({ action, arn }: (typeof calls)[number]) =>
      resources.filter((each) => each.action === action && covers(each.pattern, arn))
    expect(calls.filter((call) => allowing(call).length === 0)).toEqual([])
    expect(resources.filter((each) => !calls.some((call) => allowing(call).includes(each)))).toEqual([])
    expect(policy.Statement.map(({ Effect }) => Effect)).toEqual(policy.Statement.map(() => 'Allow'))
  })

  test('is not part of what reading needs', () => {
    expect(readFileSync(join(ROOT, 'deploy', 'iam-policy.json'), 'utf8')).not.toContain('s3:')
  })
})

test.each<[text: string, place: S3Place | undefined]>([
  ['s3://reports', { bucket: 'reports', prefix: '' }],
  ['s3://reports/', { bucket: 'reports', prefix: '' }],
  ['s3://reports/costs', { bucket: 'reports', prefix: 'costs/' }],
  ['s3://reports/costs/', { bucket: 'reports', prefix: 'costs/' }],
  ['s3://my.reports-1/a/b c/=1/', { bucket: 'my.reports-1', prefix: 'a/b c/=1/' }],
  ['s3://', undefined],
  ['s3:///costs', undefined],
  ['s3://Reports/costs', undefined],
  ['s3://re..ports/costs', undefined],
  ['s3://reports/a//b', undefined],
  ['s3://reports/../b', undefined],
  ['s3://reports/a\nb', undefined],
  ['s3:/reports/costs', undefined],
  ['gs://reports/costs', undefined],
])('%j is %j', (text, place) => expect(s3Place(text)).toEqual(place))

describe('what doctor tries', () => {
  const check = (place: S3Place = PLACE) => checkTarget(place, { ...DEPS, env: process.env })
  const states = async (place?: S3Place) => (await check(place)).map(({ action, state }) => `${action} ${state}`)

  test('is the one look that every upload begins with, and nothing is written', async () => {
    expect(await check()).toEqual([
      { action: 's3:GetObject', state: 'works', remedy: '' },
      {
        action: 's3:PutObject',
        state: 'untried',
        remedy: 'nothing is written by way of trial; an upload needs it on s3://reports/costs/*',
      },
    ])
    expect(s3.objects.size).toBe(0)
    expect(new Set((await check()).map(({ action }) => action))).toEqual(new Set(UPLOAD_ACTIONS))
    await send()
    const before = new Map(s3.objects)
    s3.calls.length = 0
    expect(await states()).toEqual(['s3:GetObject works', 's3:PutObject untried'])
    expect(s3.objects).toEqual(before)
    expect(s3.calls).toHaveLength(1)
  })

  test("says what stands in the way: a bucket that is not there, a refusal, somebody else's object", async () => {
    const [gone] = await check({ bucket: 'nowhere', prefix: 'costs/' })
    expect([gone?.state, gone?.remedy]).toEqual(['fails', expect.stringContaining('there is no bucket nowhere')])
    s3.fault = () => ({ status: 403, code: 'AccessDenied' })
    expect(await states()).toEqual(['s3:GetObject denied', 's3:PutObject untried'])
    s3.fault = undefined
    s3.objects.set('costs/latest.json', { text: '{}', headers: {} })
    expect(await states()).toEqual(['s3:GetObject fails', 's3:PutObject untried'])
  })
})
