import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkCondition, parseCondition, type Measures } from '../src/condition.js'
import { explain, FailureError } from '../src/failure.js'
import { variableOf, type Environment, type Flags } from '../src/option-sources.js'
import { OPTION_ROWS } from '../src/option-table.js'
import { matchesAny, readAnalyzeOptions, readDemoOptions, readLogOptions } from '../src/options.js'

let folder: string
const home = process.cwd()
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-options-'))
  // The default configuration file is looked for in the working directory.
  process.chdir(folder)
})
afterEach(() => {
  process.chdir(home)
  rmSync(folder, { recursive: true })
})

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return name
}

/** The message and exit code that a user would get. */
async function failureOf(flags: Flags, environment: Environment = {}): Promise<string> {
  const error: unknown = await readAnalyzeOptions(flags, environment).then(
    () => new Error('was accepted'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof FailureError)) throw error
  const { exitCode, text } = explain(error.failure)
  return `${exitCode} ${text}`
}

describe('defaults and order', () => {
  test('without anything set', async () => {
    expect(await readAnalyzeOptions({}, {})).toEqual({
      snapshots: [],
      cluster: { kubeconfig: undefined, context: undefined },
      region: undefined,
      pricing: { kind: 'auto' },
      out: undefined,
      formats: new Set(['md', 'csv', 'json']),
      now: undefined,
      maxSpot: undefined,
      rails: {
        headroom: 0,
        minNodes: undefined,
        minNodesPerZone: undefined,
        maxNodeShare: undefined,
        maxZoneShare: undefined,
        maxNodeReplicaShare: undefined,
        maxZoneReplicaShare: undefined,
        maxSpotPoolShare: undefined,
        preferExisting: 0,
      },
      instanceTypes: [],
      excludeInstanceTypes: [],
      spotWords: { eligible: [], ineligible: [] },
      arch: undefined,
      cni: 'auto',
      failOn: [],
      logLevel: 'warn',
      logFormat: 'text',
      color: true,
      quiet: false,
    })
  })

  test('flag beats environment beats file beats default', async () => {
    file('k8s-cost.yaml', 'headroom: 0.1\nmax-spot: 0.2\nmin-nodes: 3\n')
    const environment = { K8S_COST_HEADROOM: '0.3', K8S_COST_MAX_SPOT: '0.4' }
    const options = await readAnalyzeOptions({ headroom: ['0.5'] }, environment)
    expect(options).toMatchObject({ rails: { headroom: 0.5, minNodes: 3 }, maxSpot: 0.4, cni: 'auto' })
  })

  test('an empty variable counts as unset', async () => {
    expect(await readAnalyzeOptions({}, { K8S_COST_HEADROOM: '' })).toMatchObject({ rails: { headroom: 0 } })
  })

  test('blanks around a variable are no part of it, as in files with carriage returns', async () => {
    const environment = {
      K8S_COST_ARCH: 'arm64\r',
      K8S_COST_LOG_LEVEL: ' info\r',
      K8S_COST_QUIET: 'true\r',
      K8S_COST_REGION: '\r',
      K8S_COST_FORMAT: 'md,csv\r',
      SOURCE_DATE_EPOCH: '1782864000\r',
    }
    expect(await readAnalyzeOptions({}, environment)).toMatchObject({
      arch: 'arm64',
      logLevel: 'info',
      quiet: true,
      region: undefined,
      formats: new Set(['md', 'csv']),
      now: '2026-07-01T00:00:00.000Z',
    })
  })

  test('variables of a Service called k8s-cost are not ours', async () => {
    const environment = {
      K8S_COST_PORT: 'tcp://10.0.0.1:80',
      K8S_COST_PORT_80_TCP_ADDR: '10.0.0.1',
      K8S_COST_SERVICE_HOST: '10.0.0.1',
      K8S_COST_REPORTS_SERVICE_PORT_HTTP: '80',
    }
    expect(await readAnalyzeOptions({}, environment)).toMatchObject({ snapshots: [] })
  })

  test('lists: repeated flags, commas in the environment, lists in the file', async () => {
    expect(await readAnalyzeOptions({ snapshot: ['a,b.json', 'c'] }, {})).toMatchObject({
      snapshots: ['a,b.json', 'c'],
    })
    expect(await readAnalyzeOptions({}, { K8S_COST_SNAPSHOT: 'a, b' })).toMatchObject({ snapshots: ['a', 'b'] })
    file('k8s-cost.yaml', 'snapshot: [a.json, "b,c.json"]\nformat: md,csv\nfail-on: savings > 20%\n')
    expect(await readAnalyzeOptions({}, {})).toMatchObject({
      snapshots: ['a.json', 'b,c.json'],
      formats: new Set(['md', 'csv']),
      failOn: [{ text: 'savings>20%' }],
    })
    expect(await readAnalyzeOptions({ 'instance-types': ['m7g.*,C7g.*', 'r7g.large'] }, {})).toMatchObject({
      instanceTypes: ['m7g.*', 'c7g.*', 'r7g.large'],
    })
  })

  test('times in every form that is allowed', async () => {
    const now = async (flags: Flags, environment: Environment): Promise<string | undefined> =>
      (await readAnalyzeOptions(flags, environment)).now
    expect(await now({ now: ['2026-07-01'] }, {})).toBe('2026-07-01T00:00:00.000Z')
    expect(await now({ now: ['2026-07-01T10:00:00+02:00'] }, {})).toBe('2026-07-01T08:00:00.000Z')
    expect(await now({}, { SOURCE_DATE_EPOCH: '1782864000' })).toBe('2026-07-01T00:00:00.000Z')
    expect(await now({}, { SOURCE_DATE_EPOCH: '1', K8S_COST_NOW: '2026-07-01' })).toBe('2026-07-01T00:00:00.000Z')
    file('k8s-cost.yaml', 'now: 2026-07-01\n')
    expect(await now({}, {})).toBe('2026-07-01T00:00:00.000Z')
  })

  test('switches and NO_COLOR', async () => {
    expect(await readLogOptions({ 'no-color': ['true'], quiet: ['true'] }, {})).toMatchObject({
      color: false,
      quiet: true,
    })
    expect(await readLogOptions({}, { NO_COLOR: '1' })).toMatchObject({ color: false })
    expect(await readLogOptions({}, { K8S_COST_QUIET: 'no' })).toMatchObject({ quiet: false })
  })

  test('prices of AWS and of the package', async () => {
    expect(await readAnalyzeOptions({ pricing: ['aws'] }, {})).toMatchObject({ pricing: { kind: 'aws' } })
    expect(await readAnalyzeOptions({}, { K8S_COST_PRICING: 'embedded', K8S_COST_CACHE: 'off' })).toMatchObject({
      pricing: { kind: 'embedded' },
      cache: 'off',
    })
  })

  test('a price catalog of the user', async () => {
    expect(await readAnalyzeOptions({ pricing: ['my.json'] }, {})).toMatchObject({
      pricing: { kind: 'file', file: 'my.json' },
    })
  })

  test('demo reads the sample, whatever else is set', async () => {
    const environment = { K8S_COST_SNAPSHOT: 'x', K8S_COST_PRICING: 'aws', K8S_COST_KUBECONFIG: 'y' }
    const flags = { 'max-spot': ['0.5'], format: ['md'], 'fail-on': ['monthly>0'] }
    expect(await readDemoOptions(flags, environment, 'sample.gz')).toMatchObject({
      snapshots: ['sample.gz'],
      pricing: { kind: 'embedded' },
      maxSpot: 0.5,
      formats: new Set(['md']),
      failOn: [{ text: 'monthly>0' }],
    })
  })
})

describe('bad values name where they were written and what is wanted', () => {
  test.each([
    ['max-spot', '1.2', 'a share from 0 to 1'],
    ['max-spot', '', 'a share from 0 to 1'],
    ['max-spot', '30%', 'a share from 0 to 1'],
    ['max-spot', 'NaN', 'a share from 0 to 1'],
    ['headroom', '1', 'a share from 0 to below 1'],
    ['headroom', '-0.1', 'a share from 0 to below 1'],
    ['max-node-share', '0', 'a share above 0, up to 1'],
    ['max-zone-share', '0', 'a share above 0, up to 1'],
    ['prefer-existing', '-1', 'a number from 0 to 10'],
    ['max-node-replica-share', '1.1', 'a share above 0, up to 1'],
    ['max-zone-replica-share', 'half', 'a share above 0, up to 1'],
    ['min-nodes', '2.5', 'a whole number from 0'],
    ['min-nodes-per-zone', '-1', 'a whole number from 0'],
    ['max-spot-pool-share', '0', 'a share above 0, up to 1'],
    ['region', 'mars', 'an AWS region such as eu-central-1'],
    ['arch', 'riscv64', 'amd64, arm64 or any'],
    ['cni', 'calico', 'secondary-ip, prefix, ipv6, overlay, auto'],
    ['now', 'yesterday', 'an ISO date or time such as 2026-07-01T00:00:00Z'],
    ['now', '2026-02-30', 'an ISO date or time such as 2026-07-01T00:00:00Z'],
    ['format', 'pdf', 'any of md,csv,json'],
    ['format', 'html', 'any of md,csv,json (html is not made in this version)'],
    ['instance-types', 'm5 large', 'instance types or patterns such as m7g.*,c7g.2xlarge'],
    ['log-level', 'loud', 'debug, info, warn, error'],
    ['pricing', ' ', 'aws, embedded or a catalog FILE'],
    ['kubeconfig', '', 'a kubeconfig file'],
    ['usage', 'metrics-server', 'none (measured usage is not read in this version)'],
  ])('--%s %j', async (flag, got, want) => {
    expect(await failureOf({ [flag]: [got] })).toBe(`2 --${flag}: got "${got}", want ${want}. See k8s-cost --help.`)
  })

  test.each(['savings', 'savings>', 'savings>>1', 'waste>1', 'monthly>5%', 'unplaced>1%', 'toString>1', 'savings>1e3'])(
    '--fail-on %s',
    async (got) => {
      expect(await failureOf({ 'fail-on': [got] })).toMatch(
        `2 --fail-on: got "${got}", want METRIC OP NUMBER[%] such as`,
      )
    },
  )

  test('in the environment and in a file', async () => {
    expect(await failureOf({}, { K8S_COST_ARCH: 'x' })).toMatch('2 K8S_COST_ARCH: got "x", want amd64')
    expect(await failureOf({}, { SOURCE_DATE_EPOCH: 'x' })).toMatch('2 SOURCE_DATE_EPOCH: got "@x", want an ISO date')
    file('k8s-cost.yaml', 'arch: x')
    expect(await failureOf({})).toMatch('2 arch in k8s-cost.yaml: got "x", want amd64')
    expect(await failureOf({ arch: ['arm64', 'amd64'] })).toMatch('2 --arch: got "arm64 and amd64", want one value')
    expect(await failureOf({ 'instance-types': [','] })).toMatch('2 --instance-types: got "", want instance types')
  })

  test.each([
    ['K8S_COST_MAX_SPOOT', 'unknown variable K8S_COST_MAX_SPOOT (did you mean K8S_COST_MAX_SPOT?)'],
    ['K8S_COST_MAXSPOT', 'unknown variable K8S_COST_MAXSPOT (did you mean K8S_COST_MAX_SPOT?)'],
    ['K8S_COST_INSTANCE_TYPE', 'unknown variable K8S_COST_INSTANCE_TYPE (did you mean K8S_COST_INSTANCE_TYPES?)'],
    ['K8S_COST_SPEED', 'unknown variable K8S_COST_SPEED (unset it, or name an option)'],
  ])('the variable %s, for every command', async (name, problem) => {
    expect(await failureOf({}, { [name]: '0' })).toBe(`2 ${problem}. See k8s-cost --help.`)
    await expect(readLogOptions({}, { [name]: '0' })).rejects.toThrow(problem)
    expect(await readLogOptions({}, { [name]: ' ', K8S_COST_OUT: 'x', K8S_COST_KUBERNETES: '1.34' })).toBeDefined()
  })

  test.each([
    ['max_spot: 0.5', 'has the unknown key "max_spot". Did you mean "max-spot"?'],
    ['headrom: 0.5', 'has the unknown key "headrom". Did you mean "headroom"?'],
    ['speed: 9', 'has the unknown key "speed". Keys are the flags without dashes: snapshot'],
    ['config: other.yaml', 'has the unknown key "config"'],
    ['max-spot: {a: 1}', 'has no plain value or list under "max-spot". Write max-spot: VALUE.'],
    ['format: [md, [csv]]', 'has no plain value or list under "format"'],
    ['- a', 'holds no mapping'],
    ['arch: any\n  cni: auto', 'is no valid YAML or JSON (line 2: '],
  ])('a configuration file with %j', async (text, problem) => {
    file('k8s-cost.yaml', text)
    expect(await failureOf({})).toMatch(`2 k8s-cost.yaml: ${problem}`)
  })

  test('a configuration file that was named must be there; the default one need not', async () => {
    expect(await failureOf({ config: ['none.yaml'] })).toMatch('2 none.yaml: cannot be read (ENOENT)')
    expect(await failureOf({}, { K8S_COST_CONFIG: 'none.yaml' })).toMatch('2 none.yaml: cannot be read (ENOENT)')
    file('empty.json', '{}')
    expect(await readAnalyzeOptions({ config: ['empty.json'] }, {})).toMatchObject({ rails: { headroom: 0 } })
  })
})

describe('conditions', () => {
  const measures: Measures = {
    savingsPct: 31.2,
    savingsMonthlyUsd: 1200,
    gapPct: undefined,
    monthlyUsd: 9000,
    unplacedPods: 2,
    unpricedNodes: 0,
  }
  test.each([
    ['savings>20%', true, 'savings is 31.20 %'],
    ['savings > 20', true, 'savings is $1200.00 a month'],
    ['savings<=31.2%', true, 'savings is 31.20 %'],
    ['monthly>=9000.01', false, 'monthly cost is $9000.00 a month'],
    ['unplaced!=0', true, 'number of unplaced pods is 2'],
    ['unpriced=0', true, 'number of unpriced nodes is 0'],
    ['gap>5', undefined, 'gap is not known'],
    ['gap>5%', undefined, 'gap is not known'],
  ])('%s', (text, holds, value) => {
    const condition = parseCondition(text)
    if (condition === undefined) throw new Error('no condition')
    expect(checkCondition(condition, measures)).toEqual({ condition, holds, value })
  })

  test('no text makes the parser throw, and what it takes it takes back from its own text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseCondition(text)
        expect(parsed === undefined ? undefined : parseCondition(parsed.text)).toEqual(parsed)
      }),
    )
  })
})

describe('workloads for spot', () => {
  test('come by flag, environment and file', async () => {
    file('k8s-cost.yaml', 'spot-eligible: [shop/*, batch/CronJob/nightly-*]\nspot-ineligible: pay/api\n')
    expect((await readAnalyzeOptions({}, {})).spotWords).toEqual({
      eligible: ['shop/*', 'batch/CronJob/nightly-*'],
      ineligible: ['pay/api'],
    })
    const environment = { K8S_COST_SPOT_ELIGIBLE: 'a/b, c/d' }
    expect((await readAnalyzeOptions({}, environment)).spotWords.eligible).toEqual(['a/b', 'c/d'])
    const options = await readAnalyzeOptions({ 'spot-ineligible': ['e/f,g/h', 'i/j'] }, environment)
    expect(options.spotWords).toEqual({ eligible: ['a/b', 'c/d'], ineligible: ['e/f', 'g/h', 'i/j'] })
  })

  test.each(['cart', 'shop/', '/cart', 'a/b/c/d', 'shop/my cart', ''])('%j is no pattern', async (pattern) => {
    expect(await failureOf({ 'spot-ineligible': [pattern] })).toMatch(/^2 --spot-ineligible: got ".*", want patterns/)
  })
})

test('patterns of instance types', () => {
  expect(matchesAny(['m7g.*'], 'm7g.large')).toBe(true)
  expect(matchesAny(['m7g.*'], 'm7gd.large')).toBe(false)
  expect(matchesAny(['m7g.large'], 'm7gxlarge')).toBe(false)
  expect(matchesAny(['c?g.*', '*metal'], 'u-6tb1.metal')).toBe(true)
  expect(matchesAny([], 'm7g.large')).toBe(false)
})

test('.env.example names every variable, and only those', () => {
  const named = readFileSync(join(home, '.env.example'), 'utf8').match(/^#?\s*K8S_COST_[A-Z_]+(?==)/gm) ?? []
  const variables = OPTION_ROWS.filter((row) => row.scope !== 'later').map((row) => variableOf(row.flag))
  expect(named.map((line) => line.replace(/^#\s*/, '')).sort()).toEqual(variables.sort())
})
