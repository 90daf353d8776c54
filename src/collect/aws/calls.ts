import type { Deadline } from './clients.js'

/** What every call needs to know of the run that it belongs to. */
export type CallContext = {
  readonly region: string
  /** ISO. */
  readonly readAt: string
  readonly deadline: Deadline
  readonly onItems: (what: string, count: number) => void
}

/** EC2 takes 200 values of a filter in a call. Filters, unlike lists of ids, do not fail on one that is gone. */
export const FILTER_VALUES = 200

export const byName = <Item>(name: (item: Item) => string) => {
  return (a: Item, b: Item): number => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0)
}

const chunks = <Item>(items: readonly Item[], size: number): (readonly Item[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size))

export const filter = (name: string, values: readonly string[]) => ({ Name: name, Values: [...values] })

/** One answer out of several calls, in order; the first error ends it. */
export async function* eachChunk<Page>(
  values: readonly string[] | undefined,
  pagesOf: (chunk: readonly string[] | undefined) => AsyncIterable<Page>,
): AsyncGenerator<Page> {
  if (values === undefined) return yield* pagesOf(undefined)
  for (const chunk of chunks(values, FILTER_VALUES)) yield* pagesOf(chunk)
}
