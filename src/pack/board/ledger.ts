import type { Resources } from '../../domain/resources.js'
import { bytes, milliCpu, podSlots } from '../../domain/units.js'

/** The resources of which a pod asks more than none, as columns of the ledger. */
export type Demand = { readonly columns: Int32Array; readonly amounts: Float64Array }

/** What is free on every site: a column of numbers per resource, a row per site. All amounts are whole, so sums are exact. */
export type Ledger = {
  demandOf(resources: Resources): Demand
  /** Makes a row, or starts a row over. */
  open(site: number, allocatable: Resources): void
  /** Takes from the free part (`by` 1) or gives back (`by` -1). */
  take(site: number, demand: Demand, by: 1 | -1): void
  /** Plugin NodeResourcesFit: a resource that is not asked for never falls short. */
  covers(site: number, demand: Demand): boolean
  free(site: number): Resources
}

const NATIVE = ['cpu', 'memory', 'ephemeral-storage', 'pods'] as const

export function createLedger(): Ledger {
  let rows = 64
  const names: string[] = []
  const columns: Float64Array[] = []
  const columnByName = new Map<string, number>()

  const columnOf = (name: string): number => {
    const known = columnByName.get(name)
    if (known !== undefined) return known
    columns.push(new Float64Array(rows))
    columnByName.set(name, names.length)
    return names.push(name) - 1
  }
  NATIVE.forEach(columnOf)

  const grow = (): void => {
    rows *= 2
    columns.forEach((old, index) => {
      const grown = new Float64Array(rows)
      grown.set(old)
      columns[index] = grown
    })
  }

  const entriesOf = (resources: Resources): (readonly [number, number])[] => {
    const { cpu, memory, ephemeralStorage, pods, extended } = resources
    const native = [cpu, memory, ephemeralStorage, pods].map((amount, column) => [column, amount] as const)
    const others = Object.entries(extended).map(([name, amount]) => [columnOf(name), amount] as const)
    return [...native, ...others].filter(([, amount]) => amount !== 0)
  }

  return {
    demandOf(resources) {
      const entries = entriesOf(resources)
      return {
        columns: Int32Array.from(entries, ([column]) => column),
        amounts: Float64Array.from(entries, ([, amount]) => amount),
      }
    },
    open(site, allocatable) {
      while (site >= rows) grow()
      const entries = entriesOf(allocatable)
      for (const column of columns) column[site] = 0
      for (const [column, amount] of entries) columns[column]![site] = amount
    },
    take(site, demand, by) {
      for (let i = 0; i < demand.columns.length; i++) {
        columns[demand.columns[i]!]![site]! -= by * demand.amounts[i]!
      }
    },
    covers(site, demand) {
      for (let i = 0; i < demand.columns.length; i++) {
        if (demand.amounts[i]! > columns[demand.columns[i]!]![site]!) return false
      }
      return true
    },
    free(site) {
      const at = (column: number): number => columns[column]![site]!
      const extended: Record<string, number> = {}
      for (let column = NATIVE.length; column < names.length; column++) {
        if (at(column) !== 0) extended[names[column]!] = at(column)
      }
      return {
        cpu: milliCpu(at(0)),
        memory: bytes(at(1)),
        ephemeralStorage: bytes(at(2)),
        pods: podSlots(at(3)),
        extended,
      }
    },
  }
}
