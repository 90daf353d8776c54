import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readCatalog } from '../src/collect/catalog-file.js'
import { priceBook } from '../src/price/price-book.js'
import { product } from './collect/aws/answers.js'
import { ec2, json } from './collect/aws/fake-aws.js'
import { startLoopbackAws, type LoopbackAws } from './collect/aws/loopback-aws.js'
import { answer, startApiServer, status, type ApiServer } from './collect/cluster/api-server.js'
import { cleanEnvironment, ENTRY, ROOT, type Run } from './helpers/command.js'
import { partOfSample, SAMPLE, writePartOfSample } from './helpers/part-of-sample.js'
import { ANSWERS, day, first, prices } from './helpers/sample-account.js'
import { parseRows } from './report/parse-csv.js'

const NOW = ['--now', '2026-07-01T00:00:00Z']

let folder: string
let cluster: ApiServer
let aws: LoopbackAws
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-aws-wiring-'))
  cluster = await startApiServer(partOfSample(), { secure: false })
  aws = await startLoopbackAws(ANSWERS)
})
afterAll(async () => {
  await cluster.close()
  await aws.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  cluster.fault = undefined
  aws.answers = ANSWERS
  aws.calls.length = 0
})

const LOGIN = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' }

/** The servers live in this process, which must not stand still while the command runs. */
async function run(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = LOGIN): Promise<Run> {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd,
    env: {
      ...cleanEnvironment(),
      KUBECONFIG: cluster.kubeconfig,
      AWS_ENDPOINT_URL: aws.url,
      K8S_COST_CACHE: 'off',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ])
  return { exitCode, stdout, stderr }
}

const place = (): string => mkdtempSync(join(folder, 'run-'))
const filesOf = (path: string): Record<string, string> =>
  Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'utf8')]))
type Report = {
  readonly pricing: { readonly source: string; readonly asOf: string; readonly clusterFees: readonly object[] }
  readonly warnings: readonly { readonly code: string; readonly message: string }[]
}
const reportOf = (path: string): Report => JSON.parse(readFileSync(join(path, 'report.json'), 'utf8')) as Report
const PACKAGE = 'price catalog in the package'

describe('with credentials', () => {
  test('a live run has the prices of AWS, and its collect file gives the same report, byte for byte', async () => {
    const cwd = place()
    const live = await run(['--out', 'live', ...NOW], cwd)
    expect(live).toMatchObject({ exitCode: 0, stderr: '' })
    expect(new Set(aws.calls)).toEqual(
      new Set([...Object.keys(ANSWERS), 'ec2:DescribeInstanceTypeOfferings', 'sts:GetCallerIdentity']),
    )
    const report = reportOf(join(cwd, 'live'))
    expect(report.pricing.source).toBe(
      `AWS (on-demand prices read on ${day}, spot prices read on ${day}), else the ${PACKAGE}`,
    )
    expect(report.pricing.clusterFees).toEqual([
      {
        name: 'EKS control plane (extended support)',
        monthlyUsd: 438,
        ifExtendedSupportMonthlyUsd: null,
        priceSource: `eks extended support list ${day}`,
      },
    ])
    expect(report.warnings).toContainEqual(
      expect.objectContaining({
        code: 'aws-denied',
        message: expect.stringContaining('Allow ec2:DescribeInstanceTypeOfferings'),
      }),
    )
    const nodes = readFileSync(join(cwd, 'live', 'nodes.csv'), 'utf8')
    expect(nodes).toContain(`on-demand list ${day}`)
    expect(nodes).toMatch(/on-demand list 2026-07-20/)
    expect(nodes).toContain(`${first.id},m5.2xlarge,us-east-1a,reserved,`)
    expect(report.pricing.asOf).toBe('2026-07-20')

    const collected = await run(['collect', '--out', 'c.json.gz'], cwd)
    expect(collected.exitCode).toBe(0)
    expect(collected.stdout).toMatch(/^\d+ objects and the answers of AWS about us-east-1 in c\.json\.gz\./)
    expect(collected.stderr).toContain('AWS denied ec2:DescribeInstanceTypeOfferings')
    aws.calls.length = 0
    for (const pricing of [[], ['--pricing', 'aws']]) {
      const args = ['--snapshot', 'c.json.gz', '--out', 'file', ...pricing, ...NOW]
      expect(await run(args, cwd, {})).toMatchObject({ exitCode: 0, stderr: '' })
      expect(filesOf(join(cwd, 'file'))).toEqual(filesOf(join(cwd, 'live')))
    }
    expect(aws.calls).toEqual([])
  })

  test('commitments in force are said beside the list prices, live and from the collect file alike', async () => {
    const reservation = {
      ...{ reservedInstancesId: 'ri-1', instanceType: 'm5.2xlarge', instanceCount: 3, scope: 'Region' },
      ...{ end: '2027-05-01T00:00:00.000Z', productDescription: 'Linux/UNIX', instanceTenancy: 'default' },
      ...{ offeringClass: 'standard', state: 'active', fixedPrice: 0, usagePrice: 0, duration: 31536000 },
      ...{ currencyCode: 'USD', recurringCharges: [{ frequency: 'Hourly', amount: 0.3 }] },
    }
    const plan = {
      ...{ savingsPlanId: 'sp-1', savingsPlanType: 'Compute', commitment: '0.40000000', currency: 'USD' },
      ...{ end: '2027-01-01T00:00:00.000Z', state: 'active' },
    }
    aws.answers = {
      ...ANSWERS,
      'ec2:DescribeReservedInstances': () => ec2({ reservedInstancesSet: [reservation] }),
      'savingsplans:DescribeSavingsPlans': () => json({ savingsPlans: [plan] }),
      'savingsplans:DescribeSavingsPlanRates': () => json({ searchResults: [] }),
    }
    const cwd = place()
    expect(await run(['--out', 'live', ...NOW], cwd)).toMatchObject({ exitCode: 0, stderr: '' })
    const written = JSON.parse(readFileSync(join(cwd, 'live', 'report.json'), 'utf8')) as {
      readonly current: { readonly hourlyUsd: number }
      readonly commitments: { readonly reservedInstances: readonly { readonly usedToday: number }[] }
    }
    expect(written.commitments).toMatchObject({
      reservedInstances: [{ instanceType: 'm5.2xlarge', count: 3, sizeFlexible: true, eachHourlyUsd: 0.3 }],
      savingsPlans: [{ id: 'sp-1', kind: 'Compute', commitmentHourlyUsd: 0.4, countedAtItsOwnRates: false }],
      notKnown: [],
    })
    expect(written.commitments.reservedInstances[0]?.usedToday).toBeGreaterThan(0)
    expect(readFileSync(join(cwd, 'live', 'report.md'), 'utf8')).toMatch(/^## Commitments$/m)
    expect(reportOf(join(cwd, 'live')).warnings.map(({ code }) => code)).toContain('commitments-in-force')

    expect((await run(['collect', '--out', 'c.json.gz'], cwd)).exitCode).toBe(0)
    expect(await run(['--snapshot', 'c.json.gz', '--out', 'file', ...NOW], cwd, {})).toMatchObject({ exitCode: 0 })
    expect(filesOf(join(cwd, 'file'))).toEqual(filesOf(join(cwd, 'live')))

    // List prices stay: without commitments every cost is the same.
    aws.answers = ANSWERS
    expect((await run(['--out', 'none', ...NOW], cwd)).exitCode).toBe(0)
    for (const name of ['nodes.csv', 'scenarios.csv', 'plan-nodes.csv'])
      expect(filesOf(join(cwd, 'none'))[name]).toBe(filesOf(join(cwd, 'live'))[name])
  })

  test('dedicated tenancy has its own price, for nodes of today and for new ones of their group', async () => {
    const { 'ec2:DescribeInstances': instancesOf, 'pricing:GetProducts': productsOf } = ANSWERS
    const { id } = first
    const dedicated = (type: string, usd: string): string =>
      product(type, usd, { regionCode: 'us-east-1', tenancy: 'Dedicated', usagetype: `DedicatedUsage:${type}` })
    aws.answers = {
      ...ANSWERS,
      'ec2:DescribeInstances': (params) => {
        const reply = instancesOf?.(params) ?? ec2({})
        const own = `<instanceId>${id}</instanceId>`
        const at = reply.body.indexOf('<tenancy>default', reply.body.indexOf(own))
        const body = reply.body
        return { body: `${body.slice(0, at)}<tenancy>dedicated${body.slice(at + '<tenancy>default'.length)}` }
      },
      'pricing:GetProducts': (params) =>
        params['tenancy'] === 'Dedicated'
          ? prices(dedicated('m5.2xlarge', '0.6600000000'), dedicated('m6a.xlarge', '0.0100000000'))
          : (productsOf?.(params) ?? prices()),
    }
    // Of two nodes of the group one has a reservation, which a plan keeps.
    const group = partOfSample(({ metadata: { name } }) => /^ip-10-40-(0-25|32-100)\./.test(name))
    const { kubeconfig, close } = await startApiServer(group, { secure: false })
    const cwd = place()
    const done = await run(['--out', 'out', '--format', 'csv', ...NOW], cwd, { ...LOGIN, KUBECONFIG: kubeconfig })
    await close()
    expect(done).toMatchObject({ exitCode: 0, stderr: '' })
    const rowsOf = (name: string) => parseRows(readFileSync(join(cwd, 'out', name), 'utf8'))
    const source = `on-demand list ${day}, dedicated tenancy`
    const today = rowsOf('nodes.csv').find((row) => row['instance_id'] === id)
    expect(today).toMatchObject({ instance_hourly_usd: '0.66', price_source: source })
    const added = rowsOf('plan-nodes.csv').filter(
      (row) => row['action'] === 'new' && row['node_group'] === today?.['node_group'],
    )
    // So cheap that the group is made anew of them.
    expect(new Set(added.map((row) => `${row['instance_type']} ${row['price_source']}`))).toEqual(
      new Set([`m6a.xlarge ${source}`]),
    )
  })

  test('a collect file under pseudonyms: no id or name is left, and instances are still found', async () => {
    const cwd = place()
    expect(await run(['collect', '--redact', '--out', 'c.json'], cwd)).toMatchObject({ exitCode: 0 })
    const file = readFileSync(join(cwd, 'c.json'), 'utf8')
    expect(file).toContain('"kind":"AwsSnapshot"')
    for (const name of ['orchard', '"subnet-a"', '"vpc-1"', '"cr-1"', first.id]) expect(file).not.toContain(name)
    expect(await run(['--snapshot', 'c.json', '--out', 'out', ...NOW], cwd, {})).toMatchObject({ exitCode: 0 })
    expect(readFileSync(join(cwd, 'out', 'nodes.csv'), 'utf8')).toContain(',m5.2xlarge,us-east-1a,reserved,')
    expect(reportOf(join(cwd, 'out')).warnings.map(({ code }) => code)).not.toContain('aws-instance-unknown')
  })

  test('answers are kept in the cache folder, with those of the cluster left out', async () => {
    const cwd = place()
    const env = { ...LOGIN, K8S_COST_CACHE: join(cwd, 'cache') }
    for (const args of [[], ['--log-level', 'info']]) {
      aws.calls.length = 0
      const { exitCode, stderr } = await run(['collect', '--out', 'c.json', ...args], cwd, env)
      expect(exitCode).toBe(0)
      if (args.length > 0) expect(stderr).toContain('onDemand: from the cache, 0 min old')
    }
    expect(aws.calls).toContain('ec2:DescribeInstances')
    expect(aws.calls).not.toContain('ec2:DescribeSpotPriceHistory')
  })

  test('--pricing embedded asks AWS nothing, live or for a collect file', async () => {
    const cwd = place()
    const { exitCode, stdout } = await run(['collect', '--pricing', 'embedded', '--out', 'c.json'], cwd)
    expect([exitCode, aws.calls]).toEqual([0, []])
    expect(stdout).not.toContain('AWS')
  })

  test('nothing may be read: exit 3 where the prices of AWS are insisted on', async () => {
    aws.answers = {}
    const { exitCode, stderr } = await run(['--pricing', 'aws', '--out', 'out'], place())
    expect([exitCode, stderr.split('\n').length]).toEqual([3, 2])
    expect(stderr).toMatch(/^k8s-cost: AWS: nothing could be read \(AWS denied .*k8s-cost doctor/)
  })

  test('a kubectl snapshot is priced from the package without a call, and by AWS on request', async () => {
    const cwd = place()
    writePartOfSample(join(cwd, 'part.json'))
    const silent = await run(['--snapshot', 'part.json', '--out', 'a', '--format', 'json', ...NOW], cwd)
    expect([silent, aws.calls]).toMatchObject([{ exitCode: 0, stderr: '' }, []])
    expect(reportOf(join(cwd, 'a')).pricing.source).toBe(PACKAGE)
    const args = ['--snapshot', SAMPLE, '--pricing', 'aws', '--out', 'b', '--format', 'json', ...NOW]
    expect(await run(args, cwd)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(reportOf(join(cwd, 'b')).pricing.source).toMatch(/^AWS \(/)
  })
})

describe('without credentials', () => {
  test('the prices of the package, and a line of the log', async () => {
    const cwd = place()
    const { exitCode, stderr } = await run(['--out', 'out', '--format', 'json', '--log-level', 'info', ...NOW], cwd, {})
    expect(exitCode).toBe(0)
    expect(stderr).toContain('no AWS credentials: the price catalog in the package is used')
    expect(reportOf(join(cwd, 'out')).pricing.source).toBe(PACKAGE)
    expect(aws.calls).toEqual([])
  })

  test('--pricing aws: exit 3, one message, nothing written', async () => {
    const cwd = place()
    for (const args of [
      ['--out', 'out'],
      ['collect', '--out', 'c.json'],
      ['--snapshot', SAMPLE, '--out', 'out'],
    ]) {
      const { exitCode, stdout, stderr } = await run([...args, '--pricing', 'aws'], cwd, {})
      expect({ exitCode, stdout, lines: stderr.split('\n').length }).toEqual({ exitCode: 3, stdout: '', lines: 2 })
      expect(stderr).toMatch(/^k8s-cost: AWS: no credentials were found .*--pricing embedded\.\n$/)
    }
    expect(readdirSync(cwd)).toEqual([])
  })
})

describe('snapshot files', () => {
  test('two different answers of AWS: exit 2', async () => {
    const cwd = place()
    expect((await run(['collect', '--out', 'a.json'], cwd)).exitCode).toBe(0)
    const a = readFileSync(join(cwd, 'a.json'), 'utf8')
    writeFileSync(join(cwd, 'b.json'), a.replace('"m5.2xlarge":500000', '"m5.2xlarge":400000'))
    const { exitCode, stderr } = await run(['--snapshot', 'a.json', '--snapshot', 'b.json', '--out', 'out'], cwd, {})
    expect([exitCode, stderr.split('\n').length]).toEqual([2, 2])
    expect(stderr).toContain('b.json: holds a second, different AwsSnapshot')
  })
})

describe('doctor', () => {
  test('joins the cluster and AWS: states, the rule and the statement to add', async () => {
    cluster.fault = ({ path }, response) =>
      path.endsWith('/poddisruptionbudgets') && answer(response, 403, status(403, 'forbidden'))
    const { exitCode, stdout, stderr } = await run(['doctor'], place())
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^pods +works$/m)
    expect(stdout).toMatch(/^poddisruptionbudgets\.policy +denied +add \{apiGroups: \["policy"\]/m)
    expect(stdout).toMatch(/^AWS in us-east-1, account 111122223333/m)
    expect(stdout).toMatch(/^pricing:GetProducts +works$/m)
    expect(stdout).toMatch(/^ec2:DescribeInstanceTypeOfferings +denied +no which zone has/m)
    expect(stdout).toMatch(/^savingsplans:DescribeSavingsPlanRates +absent/m)
    const statement: unknown = JSON.parse(/^\{\n.*?^\}$/ms.exec(stdout)?.[0] ?? '')
    expect(statement).toMatchObject({ Effect: 'Allow', Action: ['ec2:DescribeInstanceTypeOfferings'] })
  })

  test('works without AWS', async () => {
    const { exitCode, stdout } = await run(['doctor'], place(), {})
    expect(exitCode).toBe(0)
    expect(stdout).toContain('AWS: no credentials were found')
    expect(stdout).toContain('A report can be made.')
  })

  test('nothing works: exit 3, one message', async () => {
    const { exitCode, stderr } = await run(['doctor'], place(), { KUBECONFIG: 'absent' })
    expect([exitCode, stderr.split('\n').length]).toEqual([3, 2])
  })
})

test('a price that AWS did not list keeps the date of the catalog, and the list is as old as its oldest part', async () => {
  const catalog = await readCatalog(join(ROOT, 'data', 'catalog.json.gz'))
  const region = catalog.regions.get('us-east-1')
  const known = region?.onDemand
  if (region === undefined || known === undefined) throw new Error('the catalog has no us-east-1')
  const live = { id: 'live', origin: 'AWS', asOf: '2026-11-21' }
  const onDemand = { source: live.id, sources: new Map([['m5.large', known.source]]), rates: known.rates }
  const book = priceBook(
    {
      ...catalog,
      sources: new Map([...catalog.sources, [live.id, live]]),
      regions: new Map([['us-east-1', { ...region, onDemand }]]),
    },
    'us-east-1',
  )
  expect(book.onDemand('m5.large')).toMatchObject({ source: 'on-demand list 2026-07-20' })
  expect(book.onDemand('m5.xlarge')).toMatchObject({ source: 'on-demand list 2026-11-21' })
  expect(['m5.large', 'm5.xlarge', 'z99.large'].map(book.listedOn)).toEqual(['2026-07-20', '2026-11-21', undefined])
  expect(book.asOf).toEqual({ oldest: '2026-07-20', newest: '2026-11-21' })
})
