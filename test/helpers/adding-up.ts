import { microUsd, sumMicroUsd } from '../report/parse-csv.js'
import type { JsonRow, Rows, TableName, WrittenReport } from './written-report.js'

const HOURS = 730

/** A sum of prices: undefined where there are nodes and none has a price. */
const costOf = (rows: Rows, column = 'hourly_usd'): number | undefined =>
  rows.length > 0 && rows.every((row) => row[column] === '') ? undefined : sumMicroUsd(rows, column)
const moneyOf = (cell: string | undefined): number | undefined =>
  cell === undefined || cell === '' ? undefined : microUsd(cell)
const countOf = (rows: Rows, column: string): number => rows.reduce((sum, row) => sum + Number(row[column]), 0)

/** All that does not add up in a report's files, in words; empty for one that is right. Money is compared exactly. */
export function disagreements(report: WrittenReport): string[] {
  const found: string[] = []
  const equal = (what: string, got: unknown, want: unknown): void => {
    if (got !== want) found.push(`${what}: ${String(got)}, not ${String(want)}`)
  }
  compareMoney(report, equal)
  compareCounts(report, equal)
  compareFrontier(report, equal)
  compareJson(report, equal)
  return found
}

type Equal = (what: string, got: unknown, want: unknown) => void

function compareMoney({ rows, json, scenario }: WrittenReport, equal: Equal): void {
  const [current, recommended] = [scenario('current'), scenario('recommended')]
  const now = costOf(rows['nodes.csv'])
  const planned = costOf(rows['plan-nodes.csv'])
  equal('current, hourly_usd', moneyOf(current['hourly_usd']), now)
  equal('recommended, hourly_usd', moneyOf(recommended['hourly_usd']), planned)
  equal('sum of the node groups now', costOf(rows['node-groups.csv']), now)
  equal('sum of the node groups in the plan', costOf(rows['node-groups.csv'], 'plan_hourly_usd'), planned)
  for (const row of rows['scenarios.csv']) {
    const hourly = moneyOf(row['hourly_usd'])
    equal(`${row['scenario']}, monthly_usd`, moneyOf(row['monthly_usd']), hourly && hourly * HOURS)
    if (hourly === undefined) equal(`${row['scenario']}, realised_hourly_usd`, row['realised_hourly_usd'], '')
    const saved = now === undefined || now === 0 || hourly === undefined ? NaN : (100 * (now - hourly)) / now
    const shown = row['savings_pct'] === '' ? NaN : Number(row['savings_pct'])
    if (Number.isNaN(saved) !== Number.isNaN(shown) || Math.abs(saved - shown) > 0.0001)
      equal(`${row['scenario']}, savings_pct`, shown, saved)
  }
  const workloads = rows['workloads.csv']
  const shared = sumMicroUsd(workloads, 'monthly_usd') + sumMicroUsd(workloads, 'idle_monthly_usd')
  equal('monthly_usd and idle_monthly_usd of all workloads', shared, (now ?? 0) * HOURS)
  if (now !== undefined && planned !== undefined) {
    equal('recommended costs no more than current', planned <= now, true)
    const saving = (now - planned) * HOURS
    equal('monthlySavingUsd', Math.round((json.recommended.monthlySavingUsd ?? NaN) * 1e6), saving)
  }
  const unpriced = rows['nodes.csv'].filter((row) => row['hourly_usd'] === '').length
  equal('current.unpricedNodes', json.current['unpricedNodes'], unpriced)
  equal(
    'nodes that pricing.unpriced counts',
    json.pricing.unpriced.reduce((sum, { nodes }) => sum + nodes, 0),
    unpriced,
  )
  equal(
    'current says in its notes how many nodes have no price',
    /^(?:.*; )?(\d+) of \d+ nodes have no price and are in no total$/.exec(current['notes'] ?? '')?.[1] ?? '0',
    String(unpriced),
  )
}

function compareCounts({ rows, json, scenario, planObjects }: WrittenReport, equal: Equal): void {
  const [current, recommended] = [scenario('current'), scenario('recommended')]
  const planNodes = rows['plan-nodes.csv']
  equal('current, nodes', Number(current['nodes']), rows['nodes.csv'].length)
  equal('cluster.nodes', json.cluster.nodes, rows['nodes.csv'].length)
  equal('recommended, nodes', Number(recommended['nodes']), planNodes.length)
  equal('nodes of all groups', countOf(rows['node-groups.csv'], 'nodes'), rows['nodes.csv'].length)
  equal('plan nodes of all groups', countOf(rows['node-groups.csv'], 'plan_nodes'), planNodes.length)
  equal('plan-nodes.json', planObjects.map(({ metadata }) => metadata.name).join(), namesOf(planNodes).join())

  const placements = rows['placements.csv']
  const names = new Set(namesOf(planNodes))
  const ids = placements.map((row) => `${plain(row['namespace'])}/${plain(row['pod'])}`)
  equal('pods that placements.csv has twice', ids.length - new Set(ids).size, 0)
  const unplaced = placements.filter((row) => row['node'] === '').length
  equal('placements without a node', unplaced, Number(recommended['unplaced_pods']))
  const strange = placements.filter((row) => row['node'] !== '' && !names.has(plain(row['node'])))
  equal('placements on nodes that are not in the plan', strange.length, 0)
  const onNode = new Map<string, string[]>()
  placements.forEach((row, at) => {
    const node = plain(row['node'])
    onNode.set(node, [...(onNode.get(node) ?? []), ids[at] ?? ''])
  })
  for (const node of json.recommended.nodes)
    equal(`pods of ${String(node['node'])}`, node.pods.join(), (onNode.get(String(node['node'])) ?? []).sort().join())
  for (const row of planNodes) {
    const [assigned, most] = [Number(row['pods_assigned']), Number(row['pods_allocatable'])]
    const placed = onNode.get(plain(row['node']))?.length ?? 0
    equal(`${row['node']} has its placements among its pods`, assigned >= placed, true)
    if (row['action'] === 'new') {
      equal(`${row['node']} has a slot for each pod`, assigned <= most, true)
      for (const of of ['cpu', 'memory'])
        equal(`${row['node']} has the ${of} that it promises`, requested(row, of) <= allocatable(row, of), true)
    }
  }
  // What nobody changes was never replayed as a plan; a cluster that is too large for the replay says so.
  const isReplayed = json.recommended.id !== 'current' && !/too large to be replayed/.test(recommended['notes'] ?? '')
  if (isReplayed) {
    equal('recommended, refill_unplaced_pods', recommended['refill_unplaced_pods'], '0')
    equal('recommended, realised_hourly_usd', recommended['realised_hourly_usd'], recommended['hourly_usd'])
  }
  // What is kept is no better than it is today: not feasible where running pods are on nodes that nobody knows.
  equal(
    'recommended is feasible',
    recommended['feasible'],
    json.recommended.id === 'current' ? current['feasible'] : 'true',
  )
}

/** Cost against nodes: no row beats another, and the scenarios that it names have its nodes at its cost. */
function compareFrontier({ rows, scenario }: WrittenReport, equal: Equal): void {
  const points = rows['frontier.csv']
  const cheapest = points.findIndex((row) => Number(row['above_cheapest_pct']) === 0)
  equal('frontier.csv has no row of the cheapest plan', cheapest < 0, points.length === 0)
  points.forEach((row, at) => {
    const of = `row ${at + 1} of frontier.csv`
    const [cost, bound] = [moneyOf(row['hourly_usd']) ?? NaN, moneyOf(row['lower_bound_hourly_usd']) ?? NaN]
    equal(`${of} costs no less than its bound`, bound <= cost, true)
    const before = points[at - 1]
    if (before !== undefined) {
      const isDearer = cost > (moneyOf(before['hourly_usd']) ?? NaN)
      const isFewer = Number(row['nodes']) < Number(before['nodes'])
      if (at <= cheapest) {
        equal(`${of} costs less than the one before`, isDearer, false)
        const largest = [before, row].map((one) => Number(one['largest_node_share']))
        equal(`${of} has a larger node than the one before`, largest[0]! < largest[1]!, true)
      } else {
        equal(`${of} has fewer nodes than the one before`, isFewer, true)
        equal(`${of} costs more than the one before`, isDearer, true)
      }
    }
    for (const id of (row['scenarios'] ?? '').split(' ').filter((name) => name !== ''))
      for (const column of ['nodes', 'hourly_usd', 'monthly_usd', 'instance_types', 'largest_node_share'])
        equal(`${column} of ${id} in frontier.csv`, row[column], scenario(id)[column])
  })
  const within = points.filter((row) => Number(row['above_cheapest_pct']) <= 5).at(-1)
  if (within !== undefined) equal('fewer-larger, nodes', scenario('fewer-larger')['nodes'], within['nodes'])
}

/** A cell without the apostrophe that keeps a spreadsheet from running it. */
const plain = (text: string | undefined): string => (text ?? '').replace(/^'(?=[=+\-@\t\r])/, '')
const namesOf = (rows: Rows): string[] => rows.map((row) => plain(row['node']))
const cell = (row: Rows[number], of: string, what: string): number =>
  Number(row[`${of}_${what}${of === 'memory' ? '_mib' : ''}`])
const requested = (row: Rows[number], of: string): number => cell(row, of, 'requested')
const allocatable = (row: Rows[number], of: string): number => cell(row, of, 'allocatable')

/** Every cell of every table, but for placements, which report.json has by node. */
function compareJson({ rows, json }: WrittenReport, equal: Equal): void {
  const lists: Readonly<Partial<Record<TableName, readonly JsonRow[]>>> = {
    'nodes.csv': json.current.nodes,
    'node-groups.csv': json.nodeGroups,
    'workloads.csv': json.workloads,
    'max-pods.csv': json.maxPods,
    'scenarios.csv': json.scenarios.map(({ id, ...row }) => ({ ...row, scenario: id })),
    'plan-nodes.csv': json.recommended.nodes,
    'blockers.csv': json.blockers,
    'frontier.csv': json.frontier.points,
  }
  for (const [name, objects] of Object.entries(lists) as [TableName, readonly JsonRow[]][]) {
    equal(`rows of ${name} in report.json`, objects.length, rows[name].length)
    rows[name].forEach((row, at) => {
      for (const [column, text] of Object.entries(row)) {
        const value = objects[at]?.[column.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())]
        equal(`${column} of row ${at + 1} of ${name} in report.json`, textOf(value, column, text), text)
      }
    })
  }
}

/** Columns of prose, whose parts have spaces of their own. */
const SENTENCES: ReadonlySet<string> = new Set(['blockers', 'notes', 'together_with'])

/** A JSON value as its cell has it; numbers keep the cell's own zeros at the end where they are the same number. */
function textOf(value: unknown, column: string, text: string): string {
  if (value === null) return ''
  if (typeof value === 'number') return text !== '' && Number(text) === value ? text : String(value)
  if (typeof value === 'string') return /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  if (!Array.isArray(value)) return String(value)
  const parts = value.map((part: unknown) =>
    typeof part === 'object' && part !== null && 'instanceType' in part && 'count' in part
      ? `${String(part.instanceType)}x${String(part.count)}`
      : String(part),
  )
  return textOf(parts.join(SENTENCES.has(column) ? '; ' : ' '), column, text)
}
