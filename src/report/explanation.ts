import { formatBytes, formatCpu } from '../domain/quantity.js'
import type { Resources } from '../domain/resources.js'
import { MEBIBYTE, type Bytes, type MilliCpu } from '../domain/units.js'
import { aligned } from './aligned.js'

export type ExplainedNode = {
  readonly node: string
  readonly fits: boolean
  /** The pod is there now. */
  readonly here: boolean
  readonly free: Resources
  readonly refusals: readonly { readonly rule: string; readonly detail: string }[]
}

export type Explanation = {
  /** Sentences about the pod itself: where it runs, what it asks for, what holds it back everywhere. */
  readonly about: readonly string[]
  /** e.g. `the cluster` or `the plan in reports/today`. */
  readonly where: string
  readonly nodes: readonly ExplainedNode[]
}

const byName = (a: ExplainedNode, b: ExplainedNode): number =>
  Number(b.fits) - Number(a.fits) || (a.node < b.node ? -1 : a.node > b.node ? 1 : 0)

/** The answer of `explain`: nodes that take the pod first, then the others with every rule that refuses it. */
export function explanationText({ about, where, nodes }: Explanation, format: 'table' | 'json'): string {
  const sorted = [...nodes].sort(byName)
  if (format === 'json') {
    const items = sorted.map(({ node, fits, here, refusals, free }) => ({
      node,
      fits,
      refusals,
      here,
      free: { cpuCores: free.cpu / 1000, memoryMib: Math.floor(free.memory / MEBIBYTE), pods: free.pods },
    }))
    return `${JSON.stringify(items, null, 2)}\n`
  }
  const fitting = sorted.filter(({ fits }) => fits)
  const rows = sorted.flatMap(rowsOf)
  return [
    ...about,
    `It fits on ${fitting.length} of ${nodes.length} nodes of ${where}.`,
    ...(rows.length === 0 ? [] : ['', ...aligned([HEADER, ...rows])]),
    '',
  ].join('\n')
}

const HEADER = ['NODE', 'FITS', 'CPU_FREE', 'MEMORY_FREE', 'SLOTS_FREE', 'RULE', 'DETAIL']

/** One row for each refusal; the node's own cells only in the first of them. */
function rowsOf({ node, fits, here, free, refusals }: ExplainedNode): string[][] {
  const own = [
    here ? `${node} *` : node,
    fits ? 'yes' : 'no',
    formatCpu(free.cpu),
    `${Math.floor(free.memory / MEBIBYTE)}Mi`,
    String(free.pods),
  ]
  if (refusals.length === 0) return [[...own, '', '']]
  return refusals.map(({ rule, detail }, index) => [...(index === 0 ? own : own.map(() => '')), rule, detail])
}

/** An amount of a resource by its Kubernetes name, as the API server writes it. */
export function amountText(resource: string, amount: number): string {
  if (resource === 'cpu') return formatCpu(amount as MilliCpu)
  return resource === 'memory' || resource === 'ephemeral-storage' || resource.startsWith('hugepages-')
    ? formatBytes(amount as Bytes)
    : String(amount)
}
