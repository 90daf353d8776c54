/**
 * `--fail-on METRIC OP NUMBER[%]`: a limit that the user sets on the result, e.g. `savings>20%`.
 */
export type Measure = 'savingsPct' | 'savingsMonthlyUsd' | 'gapPct' | 'monthlyUsd' | 'unplacedPods' | 'unpricedNodes'

const OPERATORS = {
  '>=': (value: number, limit: number) => value >= limit,
  '<=': (value: number, limit: number) => value <= limit,
  '==': (value: number, limit: number) => value === limit,
  '!=': (value: number, limit: number) => value !== limit,
  '>': (value: number, limit: number) => value > limit,
  '<': (value: number, limit: number) => value < limit,
  '=': (value: number, limit: number) => value === limit,
} as const

export type Condition = {
  /** As the user wrote it, without blanks. */
  readonly text: string
  readonly measure: Measure
  readonly operator: keyof typeof OPERATORS
  readonly limit: number
}

/** What a run measured, for conditions to look at. Undefined: this run could not tell. */
export type Measures = Readonly<Record<Measure, number | undefined>>

export type ConditionResult = {
  readonly condition: Condition
  /** Undefined: the run could not tell, so the condition neither holds nor not. */
  readonly holds: boolean | undefined
  /** The measured value for people, e.g. `savings is 31.2 %`. */
  readonly value: string
}

/** Name of the metric, then of what it measures with a percent sign and without one; undefined where that makes no sense. */
const METRICS: Readonly<
  Record<string, { readonly percent: Measure | undefined; readonly plain: Measure | undefined }>
> = {
  savings: { percent: 'savingsPct', plain: 'savingsMonthlyUsd' },
  gap: { percent: 'gapPct', plain: 'gapPct' },
  monthly: { percent: undefined, plain: 'monthlyUsd' },
  unplaced: { percent: undefined, plain: 'unplacedPods' },
  unpriced: { percent: undefined, plain: 'unpricedNodes' },
}

export const CONDITION_SYNTAX =
  'METRIC OP NUMBER[%] such as savings>20%, with savings, gap, monthly, unplaced or unpriced and >, >=, <, <=, = or !='

/** Undefined where the text is no condition: an unknown metric, operator or number, or a percent sign where none can be. */
export function parseCondition(text: string): Condition | undefined {
  const compact = text.replaceAll(/\s+/g, '')
  const match = /^([a-z]+)(>=|<=|==|!=|>|<|=)(-?\d+(?:\.\d+)?)(%?)$/.exec(compact)
  const [, name = '', operator = '', number = '', percent = ''] = match ?? []
  const metric = Object.hasOwn(METRICS, name) ? METRICS[name] : undefined
  const measure = percent === '%' ? metric?.percent : metric?.plain
  if (measure === undefined || !isOperator(operator)) return undefined
  return { text: compact, measure, operator, limit: Number(number) }
}

const isOperator = (text: string): text is keyof typeof OPERATORS => Object.hasOwn(OPERATORS, text)

export function checkCondition(condition: Condition, measures: Measures): ConditionResult {
  const value = measures[condition.measure]
  if (value === undefined) return { condition, holds: undefined, value: `${nameOf(condition.measure)} is not known` }
  const holds = OPERATORS[condition.operator](value, condition.limit)
  return { condition, holds, value: `${nameOf(condition.measure)} is ${wording(condition.measure, value)}` }
}

const nameOf = (measure: Measure): string => {
  switch (measure) {
    case 'savingsPct':
    case 'savingsMonthlyUsd':
      return 'savings'
    case 'gapPct':
      return 'gap'
    case 'monthlyUsd':
      return 'monthly cost'
    case 'unplacedPods':
      return 'number of unplaced pods'
    case 'unpricedNodes':
      return 'number of unpriced nodes'
    default:
      return measure satisfies never
  }
}

const wording = (measure: Measure, value: number): string => {
  switch (measure) {
    case 'savingsPct':
    case 'gapPct':
      return `${value.toFixed(2)} %`
    case 'savingsMonthlyUsd':
    case 'monthlyUsd':
      return `$${value.toFixed(2)} a month`
    case 'unplacedPods':
    case 'unpricedNodes':
      return String(value)
    default:
      return measure satisfies never
  }
}
