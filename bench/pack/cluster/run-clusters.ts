/**
 * What our plans and Karpenter's cost once the default scheduler has rebuilt them: `npm run bench:pack -- clusters
 * [FILE…]`. Without files: the package's sample cluster and, where `../shared` is there, its clusters and some that its
 * generator makes of seeds that were not looked at while the search was written.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageData } from '../../../src/package.js'
import { type Column, fixed, geometricMean, heading, line } from '../table.js'
import { measureCluster, type MeasuredCluster } from './measure-cluster.js'

const SHARED = fileURLToPath(new URL('../../../../shared/', import.meta.url))
const SAMPLE = packageData('sample-cluster.json.gz')
const SHIPPED = ['small', 'medium', 'openb-default', 'real/eks-ecommerce-2026']
const SEEDS = [11, 12, 13, 14, 15, 16]
const MEDIUM_SEEDS = [14]

const column = (title: string, width: number, cell: (row: MeasuredCluster) => string): Column<MeasuredCluster> => ({
  title,
  width,
  cell,
})

const COLUMNS: readonly Column<MeasuredCluster>[] = [
  { title: 'cluster', width: 22, align: 'left', cell: ({ cluster }) => cluster },
  column('pods', 5, ({ pods }) => `${pods}`),
  column('nodes', 5, ({ nodes }) => `${nodes}`),
  column('now', 9, ({ now }) => fixed(now, 4)),
  column('bound', 9, ({ bound }) => fixed(bound, 4)),
  column('tight', 9, ({ tight }) => fixed(tight, 4)),
  column('ours', 9, ({ recommended }) => fixed(recommended.cost, 4)),
  column('needs', 9, ({ recommended }) => (recommended.bigFirst ? 'big first' : '')),
  column('over', 5, ({ recommended }) => `${recommended.over}`),
  column('else', 5, ({ recommended }) => `${recommended.overElsewhere}`),
  column('Karpenter', 9, ({ karpenter }) => fixed(karpenter.cost, 4)),
  column('over', 5, ({ karpenter }) => `${karpenter.over + karpenter.left}`),
  column('realised', 9, ({ karpenter }) => fixed(karpenter.realised, 4)),
  column('all', 9, ({ karpenter }) => fixed(karpenter.inAllOrders, 4)),
  column('ours ÷', 7, (row) => fixed(ratioOf(row), 3)),
  column('cpu s', 7, ({ cpuSeconds }) => fixed(cpuSeconds, 1)),
]

const LEGEND = `Clusters, in dollars per hour, once an imitation of kube-scheduler has rebuilt them: refilled from empty in ten seeded orders,
all hard filters, LeastAllocated + balanced scoring, and a few Deployments rolled out anew at 25 % surge and 25 % unavailable.
bound = lower bound of the packing; tight = the cheapest plan as packed; ours = what is recommended; needs = it needs priority
classes by which big pods come first, and is refilled so; over = pods left over in the worst order; else = the same in ten
orders that the search never saw. Karpenter = its provisioning and consolidation of the same pods, by the same rules and
machines; realised = with the nodes that our repair had to add until each of the ten orders placed all (– = not reached);
all = the same for all orders by which ours was searched for, up to 210, fewer on large clusters; ours ÷ = ours ÷ the cheaper of
both, below 1 when ours is cheaper.`

type Ratio = (row: MeasuredCluster) => number | undefined

const ratioOf: Ratio = ({ recommended, karpenter: { realised, inAllOrders } }) => {
  const least = Math.min(realised ?? Infinity, inAllOrders ?? Infinity)
  return least > 0 && least < Infinity ? recommended.cost / least : undefined
}

/** What is recommended passes more than ten orders: this is the ratio where both pass the same ones. */
const ratioInAllOrders: Ratio = ({ recommended, karpenter: { inAllOrders = 0 } }) =>
  inAllOrders > 0 ? recommended.cost / inAllOrders : undefined

/** Prints the table; false where a plan that is recommended leaves pods over in an order by which it was judged. */
export async function printClusters(files: readonly string[]): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-bench-'))
  try {
    const clusters = files.length > 0 ? files.map((file) => [basename(file), file] as const) : defaults(folder)
    console.log(`\n${LEGEND}\n\n${heading(COLUMNS)}`)
    const rows: MeasuredCluster[] = []
    for (const [name, file] of clusters) {
      const row = await measureCluster(name, file)
      if (row === undefined) {
        console.log(`${name}: nothing to plan`)
        continue
      }
      rows.push(row)
      console.log(line(COLUMNS, row))
    }
    console.log(summaryOf(rows).join('\n'))
    return rows.every(({ recommended }) => recommended.over === 0)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function defaults(folder: string): (readonly [name: string, file: string])[] {
  const sample = ['sample', SAMPLE] as const
  const generator = join(SHARED, 'tools', 'make-cluster.mjs')
  if (!existsSync(generator)) {
    console.log("../shared is absent: only the package's sample cluster is measured.")
    return [sample]
  }
  const shipped = SHIPPED.map((name) => [basename(name), join(SHARED, 'data', 'clusters', `${name}.json.gz`)] as const)
  const made = [
    ...SEEDS.map((seed) => ['small', seed] as const),
    ...MEDIUM_SEEDS.map((seed) => ['medium', seed] as const),
  ]
  return [
    sample,
    ...shipped,
    ...made.map(([mode, seed]) => {
      const file = join(folder, `${mode}-${seed}.json.gz`)
      execFileSync(process.execPath, [generator, '--mode', mode, '--seed', `${seed}`, '--out', file], {
        stdio: 'ignore',
      })
      return [`${mode}, seed ${seed}`, file] as const
    }),
  ]
}

function summaryOf(rows: readonly MeasuredCluster[]): string[] {
  const against = (judge: string, ratio: Ratio): string => {
    const known = rows.flatMap((row) => ratio(row) ?? [])
    const dearer = rows.filter((row) => (ratio(row) ?? 0) > 1 + 1e-9).map(({ cluster }) => cluster)
    return `${judge}, over ${known.length} clusters: geometric mean ${fixed(geometricMean(known), 3)}, worst ${fixed(Math.max(...known), 3)}, dearer: ${dearer.join(', ') || 'never'}`
  }
  const over = rows.filter(({ recommended }) => recommended.over > 0).map(({ cluster }) => cluster)
  return [
    '',
    against('recommended ÷ Karpenter-like, the cheaper of realised and all', ratioOf),
    against('recommended ÷ Karpenter-like, both in all orders', ratioInAllOrders),
    `recommended with pods left over in an order by which it was judged: ${over.join(', ') || 'none'}`,
  ]
}
