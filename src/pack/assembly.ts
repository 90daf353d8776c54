import type { Layout } from './layout.js'
import type { GroupState, LayoutSearch } from './layouts.js'
import type { Solution } from './solve.js'

/** What a plan for all groups is put together from. */
export type Assembly = {
  readonly groups: readonly GroupState[]
  readonly search: LayoutSearch
  /** Of each group the first of these layouts that the other groups leave room for; today's nodes where none is. */
  readonly assemble: (layoutsOf: (state: GroupState) => readonly Layout[]) => Solution
}
