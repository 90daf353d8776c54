import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disagreements } from './helpers/adding-up.js'
import { CLUSTER, DEPLOYMENT, listText, nodeObject, podObject, type ApiObject } from './helpers/api-objects.js'
import { k8sCost, type Run } from './helpers/command.js'
import { incomplete, readReport, type WrittenReport } from './helpers/written-report.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-bad-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const NAME = 'cluster.json'
type Attempt = Run & { readonly cwd: string; readonly left: readonly string[] }

/** One run in a folder of its own that holds nothing but the input. */
function attempt(input: string | Buffer, args: readonly string[] = ['--out', 'out']): Attempt {
  const cwd = mkdtempSync(join(folder, 'run-'))
  writeFileSync(join(cwd, NAME), input)
  const run = k8sCost(['--snapshot', NAME, '--now', '2026-07-01T00:00:00Z', ...args], { cwd })
  return { ...run, cwd, left: readdirSync(cwd) }
}

/** Exit 2, one line on standard error with all of these words, nothing written. */
function expectRefusal({ exitCode, stdout, stderr, left }: Attempt, ...words: readonly string[]): void {
  expect({ exitCode, stdout, lines: stderr.split('\n').length, left }).toEqual({
    exitCode: 2,
    stdout: '',
    lines: 2,
    left: [NAME],
  })
  expect(stderr).toMatch(/^k8s-cost: \S/)
  for (const word of words) expect(stderr).toContain(word)
}

const reports = new Map<string, WrittenReport>()

/** Exit 0 and a whole report that adds up; one run for each input, however many tests ask for it. */
function reportOf(input: string, ...args: readonly string[]): WrittenReport {
  const key = JSON.stringify([input, ...args])
  const known = reports.get(key)
  if (known !== undefined) return known
  const { exitCode, stderr, cwd } = attempt(input, ['--out', 'out', ...args])
  expect([exitCode, stderr]).toEqual([0, ''])
  const report = readReport(join(cwd, 'out'))
  expect(incomplete(report)).toEqual([])
  expect(disagreements(report)).toEqual([])
  reports.set(key, report)
  return report
}

/** Small inputs leave kinds out; that is said of every one of them and is not what these tests are about. */
const warningsOf = ({ json }: WrittenReport) => json.warnings.filter(({ code }) => code !== 'kind-absent')
const firstSentence = ({ texts }: WrittenReport): string => texts.get('report.md')?.split('\n')[2] ?? ''
const whole = listText(CLUSTER)

describe('a file that is no cluster is refused', () => {
  test.each<[string, string | Buffer, string]>([
    ['a truncated gzip', gzipSync(whole).subarray(0, 200), 'the gzip stream ends too early'],
    ['a damaged gzip', Buffer.concat([gzipSync(whole).subarray(0, 40), Buffer.alloc(400, 7)]), 'damaged gzip data'],
    ['JSON cut off in an object', whole.slice(0, 500), 'ends too early: the file was cut off'],
    ['JSON cut off before its last bracket', whole.slice(0, -1), 'ends too early: the file was cut off'],
    ['a truncated gzip of truncated JSON', gzipSync(whole.slice(0, 500)), 'ends too early: the file was cut off'],
    ['HTML', '<html>login</html>', 'not JSON'],
    ['YAML', 'apiVersion: v1\nkind: List\n', 'not JSON'],
    ['UTF-16', Buffer.from(`\ufeff${whole}`, 'utf16le'), 'not JSON'],
    ['something after the List', `${whole}%`, 'not JSON'],
    ['a number', '42', 'a bare JSON number, not a Kubernetes List'],
    ['null', 'null', 'a bare JSON null, not a Kubernetes List'],
    ['an array of objects', JSON.stringify(CLUSTER), 'a JSON array, not a Kubernetes List'],
    ['a List of no items', '{"kind":"List","items":{"a":1}}', 'a List whose items are a JSON object, not an array'],
    ['another object', '{"nodes": []}', 'a JSON object with the keys nodes, not a Kubernetes List'],
    [
      'an answer that says no',
      JSON.stringify({ apiVersion: 'v1', kind: 'Status', metadata: {}, message: 'nodes is\nforbidden', code: 403 }),
      'holds an error of the API server, not its objects (nodes is forbidden)',
    ],
    ['nothing', '', 'the input is empty'],
    ['blanks', ' \n', 'the input is empty'],
  ])('%s', (_, input, message) => expectRefusal(attempt(input), NAME, message))

  test('two different nodes of one name, with the name', () => {
    const other = nodeObject('n1', { labels: { 'node.kubernetes.io/instance-type': 'm5.large' } })
    expectRefusal(attempt(listText([...CLUSTER, other])), NAME, 'a second, different Node n1')
  })
})

describe('the same objects again change nothing', () => {
  test('in one file and in two', () => {
    const once = reportOf(whole)
    expect(reportOf(listText([...CLUSTER, ...CLUSTER])).texts).toEqual(once.texts)
    const cwd = mkdtempSync(join(folder, 'twice-'))
    writeFileSync(join(cwd, 'again.json'), gzipSync(listText(CLUSTER.slice(2))))
    expect(reportOf(whole, '--snapshot', join(cwd, 'again.json')).texts).toEqual(once.texts)
    expect(reportOf(`\ufeff${whole}`).texts).toEqual(once.texts)
  })
})

describe('a flaw in one object is one warning row', () => {
  const warned: readonly [what: string, items: readonly ApiObject[], code: string, subject: string, detail: string][] =
    [
      [
        'an unparsable quantity of a running pod',
        [podObject('odd', 'n1', { cpu: 'lots', memory: '1GiB' })],
        'unreadable-quantity',
        'shop/odd',
        'container app: cpu "lots" is no amount; the pod stays where it is',
      ],
      ['of a pending one', [podObject('odd', '', { memory: '1GiB' })], 'unreadable-quantity', 'shop/odd', '"1GiB"'],
      ['less than nothing', [podObject('odd', 'n1', { cpu: '-2' })], 'unreadable-quantity', 'shop/odd', 'cpu "-2"'],
      [
        'an unknown instance type',
        [nodeObject('n4', { labels: { 'node.kubernetes.io/instance-type': 'm99.gigantic' } }), podObject('far', 'n4')],
        'unknown-instance-type',
        'n4',
        'm99.gigantic is not in the catalog',
      ],
      [
        'a node without labels',
        [nodeObject('bare', { metadata: { labels: undefined }, spec: { providerID: undefined } })],
        'unknown-instance-type',
        'bare',
        'no label names the instance type',
      ],
      [
        'a pod on a node that is not there',
        [podObject('lost', 'n99')],
        'unknown-node',
        'shop/lost',
        'its node n99 is not in the input',
      ],
      ['an object without a name', [{ kind: 'Pod', metadata: {} }], 'unreadable-object', `Pod in ${NAME}`, 'left out'],
    ]
  test.each(warned)('%s', (_, items, code, subject, detail) => {
    const report = reportOf(listText([...CLUSTER, ...items]))
    const found = warningsOf(report)
    expect(found).toEqual([expect.objectContaining({ code, count: 1, subjects: [subject] })])
    expect(found[0]?.message).toContain(detail)
    expect(
      report.texts
        .get('report.md')
        ?.split('\n')
        .filter((line) => line.startsWith(`| ${code} `)),
    ).toHaveLength(1)
  })

  test('an unknown type has no price, is counted, and is in no total', () => {
    const odd = nodeObject('n4', { labels: { 'node.kubernetes.io/instance-type': 'm99.gigantic' } })
    const report = reportOf(listText([...CLUSTER, odd, podObject('far', 'n4')]))
    const row = report.rows['nodes.csv'].find(({ node }) => node === 'n4')
    expect(row).toMatchObject({ hourly_usd: '', price_source: expect.stringMatching(/^unpriced: .*m99\.gigantic/) })
    expect(firstSentence(report)).toContain('not counting 1 node without a price')
    expect(report.scenario('current')['notes']).toContain('1 of 4 nodes have no price')
  })

  test('where no type is known, no sum is 0: it is not known', () => {
    const odd = nodeObject('n4', { labels: { 'node.kubernetes.io/instance-type': 'm99.gigantic' } })
    const report = reportOf(listText([odd, podObject('far', 'n4')]))
    expect(firstSentence(report)).toContain('none of them has a price (instance type m99.gigantic is not in')
    for (const id of ['current', 'recommended'])
      expect(report.scenario(id)).toMatchObject({ hourly_usd: '', monthly_usd: '', realised_hourly_usd: '' })
    expect(report.rows['workloads.csv'][0]).toMatchObject({ workload: 'web-1', monthly_usd: '', idle_monthly_usd: '' })
  })

  test.each([
    ['cpu', '1e99'],
    ['memory', '9999E'],
  ])('a running pod with %s %s: it stays where it is, and the run ends', (resource, amount) => {
    const report = reportOf(listText([...CLUSTER, podObject('huge', 'n1', { [resource]: amount })]))
    expect(report.rows['placements.csv']).toContainEqual({ namespace: 'shop', pod: 'huge', node: 'n1' })
  })
})

describe('a cluster with little in it', () => {
  const EMPTY = { hourly_usd: '0.00', nodes: '0' }
  test.each([
    ['a List with no items', listText([])],
    ['a List of other things', listText([{ kind: 'ConfigMap', metadata: { name: 'a', namespace: 'b' } }])],
  ])('%s', (_, input) => {
    const report = reportOf(input)
    expect(firstSentence(report)).toBe(
      'Cluster cluster has no nodes: there is nothing to price and nothing to recommend.',
    )
    expect(report.scenario('recommended')).toMatchObject(EMPTY)
    expect(report.rows['nodes.csv']).toEqual([])
  })

  test('only nodes: they are priced, and nothing is recommended', () => {
    const report = reportOf(listText([nodeObject('n1'), nodeObject('n2')]))
    expect(firstSentence(report)).toMatch(
      /^Cluster cluster runs on 2 nodes for \$280 a month.* nothing is recommended\.$/,
    )
    expect(report.json.recommended.id).toBe('current')
  })

  test('only pods: each is listed without a node', () => {
    const report = reportOf(listText([podObject('a', ''), podObject('b', ''), ...DEPLOYMENT]))
    expect(report.rows['placements.csv'].map(({ pod, node }) => [pod, node])).toEqual([
      ['a', ''],
      ['b', ''],
    ])
    expect(report.texts.get('report.md')).toContain('the cluster has no node that a plan could put it on')
  })

  test('pods that run on nodes that are not in it: today is not feasible, and one message says why', () => {
    const waiting = podObject('waiting', '')
    const none = reportOf(listText([podObject('a', 'n8'), podObject('b', 'n9'), waiting, ...DEPLOYMENT]))
    expect(firstSentence(none)).toMatch(/^The input of cluster cluster has no nodes, but 2 pods that run on some: /)
    for (const id of ['current', 'recommended'])
      expect(none.scenario(id)).toMatchObject({
        ...{ feasible: 'false', unplaced_pods: '3' },
        notes: expect.stringContaining('2 running pods are on nodes that are not in the input'),
      })
    const partly = reportOf(listText([...CLUSTER, podObject('lost', 'n99', { cpu: '900' }), waiting]))
    expect(firstSentence(partly)).toContain('1 running pod is on a node that is not in the input')
    expect(partly.scenario('current')).toMatchObject({ feasible: 'false', unplaced_pods: '2' })
    expect(partly.texts.get('report.md')).toMatch(
      /^\| shop\/lost +\| on a node .* \| its node n99 is not in the input; /m,
    )
    expect(reportOf(listText([...CLUSTER, waiting])).scenario('current')).toMatchObject({
      ...{ feasible: 'true', unplaced_pods: '1' },
    })
  })

  test('a pod that fits nowhere is listed with the reason', () => {
    const report = reportOf(listText([...CLUSTER, podObject('giant', '', { cpu: '900' })]))
    expect(report.rows['placements.csv']).toContainEqual({ namespace: 'shop', pod: 'giant', node: '' })
    expect(report.scenario('recommended')['unplaced_pods']).toBe('1')
    expect(report.texts.get('report.md')).toMatch(/^\| shop\/giant +\| pending +\| .*cpu/m)
  })
})

describe('an output that cannot be written is refused', () => {
  const small = listText([nodeObject('n1')])
  test('a path that is a file', () => {
    expectRefusal(attempt(small, ['--out', NAME]), NAME, 'is a file, not a folder', '--out')
  })
  test('a path below a file', () => {
    expectRefusal(attempt(small, ['--out', `${NAME}/x`]), `${NAME}/x`, 'a part of the path is a file')
  })
  test.skipIf(!existsSync('/proc/self'))('a folder that nobody may write, not even root', () => {
    expectRefusal(attempt(small, ['--out', '/proc/k8s-cost/report']), '/proc/k8s-cost/report', 'cannot be')
    // Before anything is read: that the input is none was not noticed yet.
    expectRefusal(attempt('<html>', ['--out', '/proc/k8s-cost/report']), '/proc/k8s-cost/report', 'cannot be')
  })
})

describe('settings that make no sense are refused', () => {
  test.each<[readonly string[], string]>([
    [['--frobnicate'], "unknown option '--frobnicate'"],
    [['--region', 'mars'], '--region: got "mars"'],
    [['--region', 'eu-nowhere-1'], 'want a region of the price catalog'],
    [['--format', 'pdf'], '--format: got "pdf", want any of md,csv,json'],
    [['--headroom', '1'], '--headroom: got "1", want a share from 0 to below 1'],
    [['--max-node-share', '0'], '--max-node-share: got "0", want a share above 0'],
    [['--min-nodes', '-1'], '--min-nodes: got "-1"'],
    [['--instance-types', 'm5.lrage'], '--instance-types: got "m5.lrage", want patterns that some instance type'],
    [['--exclude-instance-types', 'm5.*,q1.*'], '--exclude-instance-types: got "q1.*"'],
    [['--instance-types', 'm5.*', '--exclude-instance-types', 'm5*'], 'want patterns that leave a type of --instance'],
    [['--fail-on', 'savings>lots'], '--fail-on: got "savings>lots"'],
    [['--now', 'tomorrow'], '--now: got "tomorrow and'],
  ])('%j', (args, message) => {
    // The clock of these runs is a flag as well: a second one is a second value.
    const words = args[0] === '--now' ? ['--now: got "', 'want one value'] : [message]
    expectRefusal(attempt(whole, ['--out', 'out', ...args]), ...words)
  })
})

describe('settings that no plan can meet keep what there is, and say why', () => {
  test.each([
    [['--min-nodes', '50', '--instance-types', 'm5.xlarge'], /fewer than the 50|no other plan is feasible|costs less/],
    [['--headroom', '0.99'], /no other plan is feasible|stays free, not 99 %/],
    [['--exclude-instance-types', '*'], /no other plan is feasible|none costs less/],
  ])('%j', (args, why) => {
    const report = reportOf(whole, ...args)
    expect(report.json.recommended.id).toBe('current')
    expect(report.scenario('recommended')['notes']).toMatch(why)
  })
})

describe('a condition of --fail-on that cannot be judged', () => {
  test('is one warning on standard error, and no failure', () => {
    const unpriced = nodeObject('n4', { labels: { 'node.kubernetes.io/instance-type': 'm99.gigantic' } })
    const args = ['--out', 'out', '--fail-on', 'savings>20%', '--fail-on', 'unpriced>5']
    const { exitCode, stderr, left } = attempt(listText([unpriced, podObject('far', 'n4')]), args)
    expect({ exitCode, left }).toEqual({ exitCode: 0, left: [NAME, 'out'] })
    expect(stderr).toBe('warn: --fail-on savings>20% was not judged and cannot fail this run: savings is not known\n')
  })
})

describe('names that CSV, spreadsheets or Markdown would fall for', () => {
  const name = '=HYPERLINK("http://evil"),a|b'
  const group = '+pool|"x", <b>y</b>'
  const items = [
    ...CLUSTER,
    nodeObject(name, {
      labels: { 'eks.amazonaws.com/nodegroup': group, 'topology.kubernetes.io/zone': '@us-east-1a' },
      metadata: {
        annotations: {
          'cluster-autoscaler.kubernetes.io/scale-down-disabled': 'true\n| not | a | row |',
          note: '|\n|',
        },
      },
    }),
    podObject('-2+3|`x`', name, {}, { metadata: { namespace: '@SUM(1,2)', ownerReferences: [] } }),
    podObject('line\nbreak "quoted"', '', { cpu: '900' }),
  ]

  test('nothing is lost in CSV, and no cell is a formula', () => {
    const { rows, json } = reportOf(listText(items))
    expect(rows['nodes.csv'].map(({ node, node_group }) => [node, node_group])).toContainEqual([
      `'${name}`,
      `'${group}`,
    ])
    expect(json.current.nodes).toContainEqual(expect.objectContaining({ node: name, nodeGroup: group }))
    expect(rows['placements.csv']).toContainEqual({ namespace: "'@SUM(1,2)", pod: "'-2+3|`x`", node: `'${name}` })
    expect(rows['placements.csv']).toContainEqual({ namespace: 'shop', pod: 'line\nbreak "quoted"', node: '' })
    for (const table of Object.values(rows))
      for (const row of table)
        for (const cell of Object.values(row)) expect(cell).not.toMatch(/^[=+@\t\r]|^-(?![\d.]+$)/)
  })

  test('each table of report.md keeps its columns, and no markup gets through', () => {
    const text = reportOf(listText(items)).texts.get('report.md') ?? ''
    expect(text).toContain('+pool\\|"x", &lt;b&gt;y&lt;/b&gt;')
    expect(text).not.toContain('<b>')
    expect(text).not.toContain('not | a | row')
    const lines = text.split('\n')
    const widthOf = (line: string): number => line.replaceAll(/\\./g, '').split('|').length
    let rows = 0
    lines.forEach((line, at) => {
      if (!line.startsWith('|') || !(lines[at - 1] ?? '').startsWith('|')) return
      expect(widthOf(line), line).toBe(widthOf(lines[at - 1] ?? ''))
      rows += 1
    })
    expect(rows).toBeGreaterThan(20)
  })
})
