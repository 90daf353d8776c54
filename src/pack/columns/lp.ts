import type { Highs, Model } from 'highs'

/** A column of a linear programme: not negative, at most `upper`. */
export type Column = {
  readonly cost: number
  readonly rows: ArrayLike<number>
  readonly values: ArrayLike<number>
  readonly upper?: number
}

export type LpAnswer = { readonly value: number; readonly x: Float64Array; readonly duals: Float64Array }

/** A linear programme that is solved again and again while columns come and go. */
export type LpModel = {
  readonly add: (columns: readonly Column[]) => void
  /** Indexes ascending; columns behind them move up. */
  readonly drop: (columns: Int32Array) => void
  readonly solve: () => LpAnswer | undefined
  /** The memory of the solver is its own: always call it. */
  readonly dispose: () => void
}

export type IntegerAnswer = {
  readonly x: Float64Array
  /** No whole-number answer costs less. */
  readonly bound: number
}

/**
 * A solver for linear programmes, min cost·x, least ≤ A·x ≤ most. Its answers are proposals: whoever uses prices or
 * patterns from here checks them, so a wrong one costs quality, never truth. Only the bound of `integer` is taken at its word.
 */
export type LpSolver = {
  /** `manyRows`: from so many on, an interior point finds the first answer; absent: what suits fillings. */
  readonly model: (least: Float64Array, most: Float64Array, columns: readonly Column[], manyRows?: number) => LpModel
  /** Whole numbers only, whole costs, so that less than 1 between answer and bound is none. At most about `steps` simplex steps, then the best so far, or undefined when there is none. */
  readonly integer: (
    least: Float64Array,
    most: Float64Array,
    columns: readonly Column[],
    start: Float64Array | undefined,
    steps: number,
  ) => IntegerAnswer | undefined
}

/** From so many rows on, an interior point finds the first answer faster than the simplex method, for most programmes. */
const MANY_ROWS = 400

/** Loads HiGHS, a WebAssembly module of 3.5 MB. */
export async function loadLp(): Promise<LpSolver> {
  const loaded = await import('highs')
  // Its types describe the CommonJS build as if it were the module.
  const start = (loaded as unknown as { default: (typeof import('highs'))['default'] }).default
  return makeSolver(await start())
}

function makeSolver(highs: Highs): LpSolver {
  const build = (least: Float64Array, most: Float64Array, columns: readonly Column[], whole: boolean): Model => {
    const matrix = toMatrix(columns, least.length)
    const model = highs.createModel({
      numCols: columns.length,
      numRows: least.length,
      colCost: Float64Array.from(columns, ({ cost }) => cost),
      colLower: new Float64Array(columns.length),
      colUpper: Float64Array.from(columns, ({ upper }) => upper ?? highs.infinity),
      rowLower: least,
      rowUpper: most,
      matrix,
      ...(whole ? { integrality: new Int32Array(columns.length).fill(highs.constants.variableType.integer) } : {}),
    })
    model.options.set({ output_flag: false, random_seed: 0 })
    return model
  }

  const model: LpSolver['model'] = (least, most, columns, manyRows = MANY_ROWS) => {
    const native = build(least, most, columns, false)
    let count = columns.length
    let first = true
    return {
      add: (more) => {
        if (more.length === 0) return
        const size = more.length
        native.addCols({
          cost: Float64Array.from(more, ({ cost }) => cost),
          lower: new Float64Array(size),
          upper: Float64Array.from(more, ({ upper }) => upper ?? highs.infinity),
          matrix: toMatrix(more, least.length),
        })
        count += size
      },
      drop: (indices) => {
        if (indices.length === 0) return
        native.deleteCols({ kind: 'set', indices })
        count -= indices.length
      },
      solve: () => {
        native.options.set(
          first && least.length > manyRows
            ? { solver: 'ipm', run_crossover: 'on', presolve: 'off' }
            : { solver: 'simplex', simplex_strategy: first ? 1 : 4, presolve: 'off' },
        )
        first = false
        return quietly(() => {
          native.run()
          if (native.getModelStatus() !== highs.constants.modelStatus.optimal) return undefined
          const { colValue, rowDual } = native.getSolution()
          if (colValue.length !== count) return undefined
          return { value: native.getObjectiveValue(), x: colValue, duals: rowDual }
        })
      },
      dispose: () => native.dispose(),
    }
  }

  const integer: LpSolver['integer'] = (least, most, columns, start, steps) => {
    const native = build(least, most, columns, true)
    const { callbackType, modelStatus } = highs.constants
    return quietly(() => {
      try {
        native.options.set({ mip_rel_gap: 0, mip_abs_gap: 0.999, presolve: 'off', mip_heuristic_effort: 0 })
        if (start !== undefined) native.setSolution({ colValue: start })
        native.run({
          [callbackType.mipInterrupt]: (event) => {
            if (Number(event.data.mip_total_lp_iterations ?? 0n) > steps) event.interrupt()
            return undefined
          },
        })
        const status = native.getModelStatus()
        if (status !== modelStatus.optimal && status !== modelStatus.interrupted) return undefined
        const { colValue } = native.getSolution()
        if (native.info.get('primal_solution_status') !== highs.constants.solutionStatus.feasible) return undefined
        return { x: colValue.map((each) => Math.round(each)), bound: Number(native.info.get('mip_dual_bound')) }
      } finally {
        native.dispose()
      }
    })
  }

  return { model, integer }
}

/** Without an answer the search goes on with what it has. */
function quietly<Answer>(solve: () => Answer | undefined): Answer | undefined {
  try {
    return solve()
  } catch {
    return undefined
  }
}

function toMatrix(columns: readonly Column[], numRows: number) {
  const starts = new Int32Array(columns.length + 1)
  for (const [at, { rows }] of columns.entries()) starts[at + 1] = starts[at]! + rows.length
  const indices = new Int32Array(starts[columns.length]!)
  const values = new Float64Array(indices.length)
  for (const [at, { rows, values: own }] of columns.entries()) {
    indices.set(rows, starts[at]!)
    values.set(own, starts[at]!)
  }
  return { format: 'csc' as const, numRows, numCols: columns.length, starts, indices, values }
}
