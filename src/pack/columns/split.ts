import type { BinProblem } from './bin-problem.js'

/** A part of a problem that shares no type with any other part. */
export type Part = {
  readonly problem: BinProblem
  /** Indexes in the whole problem. */
  readonly classes: readonly number[]
  readonly types: readonly number[]
}

export type Split = {
  readonly parts: readonly Part[]
  /** Classes of which no item fits any type. */
  readonly misfits: readonly number[]
}

/** Problems that do not share a type can be solved one after the other: costs and bounds add up. */
export function splitProblem(problem: BinProblem): Split {
  const { types, classes } = problem
  const every = types.map((_, t) => t)
  const root = Int32Array.from({ length: types.length }, (_, t) => t)
  const find = (t: number): number => {
    let at = t
    while (root[at] !== at) {
      root[at] = root[root[at]!]!
      at = root[at]!
    }
    return at
  }

  const first = new Int32Array(classes.length).fill(-1)
  const misfits: number[] = []
  for (const [c, { size, count, maxPerBin, types: allowed }] of classes.entries()) {
    if (count <= 0) continue
    if ((maxPerBin ?? 1) > 0)
      for (const t of allowed ?? every) {
        const type = types[t]
        if (type === undefined || type.limit === 0 || !size.every((need, r) => need <= (type.capacity[r] ?? 0)))
          continue
        if (first[c]! < 0) first[c] = t
        const a = find(first[c]!)
        const b = find(t)
        root[Math.max(a, b)] = Math.min(a, b)
      }
    if (first[c]! < 0) misfits.push(c)
  }

  const groups = new Map<number, number[]>()
  for (let c = 0; c < classes.length; c++) {
    if (first[c]! < 0) continue
    const key = find(first[c]!)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [c])
    else group.push(c)
  }
  const parts = [...groups]
    .sort(([a], [b]) => a - b)
    .map(([key, members]) => part(problem, members, (t) => find(t) === key))
  return { parts, misfits }
}

function part(problem: BinProblem, members: readonly number[], isIn: (type: number) => boolean): Part {
  const types = problem.types.flatMap((_, t) => (isIn(t) ? [t] : []))
  if (types.length === problem.types.length && members.length === problem.classes.length)
    return { problem, classes: members, types }
  const indexOf = new Map(types.map((t, index) => [t, index]))
  return {
    problem: {
      resources: problem.resources,
      types: types.map((t) => problem.types[t]!),
      classes: members.map((c) => {
        const each = problem.classes[c]!
        if (each.types === undefined) return each
        return { ...each, types: each.types.flatMap((t) => indexOf.get(t) ?? []) }
      }),
    },
    classes: members,
    types,
  }
}
