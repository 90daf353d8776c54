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
  const { types, classes, resources } = problem
  const every = Int32Array.from(types, (_, t) => t)
  const rows = resources.length
  const room = Float64Array.from(types.flatMap(({ capacity }) => resources.map((_, r) => capacity[r] ?? 0)))
  const root = Int32Array.from(every)
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
    const from = allowed ?? every
    for (let k = 0; k < from.length && (maxPerBin ?? 1) > 0; k++) {
      const t = from[k]!
      let fits = types[t] !== undefined && types[t].limit !== 0
      for (let r = 0; r < rows && fits; r++) if (size[r]! > room[t * rows + r]!) fits = false
      if (!fits) continue
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

/** Parts keep sharing the lists that they shared. */
function part(problem: BinProblem, members: readonly number[], isIn: (type: number) => boolean): Part {
  const types = problem.types.flatMap((_, t) => (isIn(t) ? [t] : []))
  if (types.length === problem.types.length && members.length === problem.classes.length)
    return { problem, classes: members, types }
  const indexOf = new Map(types.map((t, index) => [t, index]))
  const lists = new Map<readonly number[], readonly number[]>()
  const translated = (list: readonly number[]): readonly number[] => {
    const known = lists.get(list) ?? list.flatMap((t) => indexOf.get(t) ?? [])
    lists.set(list, known)
    return known
  }
  return {
    problem: {
      resources: problem.resources,
      types: types.map((t) => problem.types[t]!),
      classes: members.map((c) => {
        const each = problem.classes[c]!
        if (each.types === undefined) return each
        return { ...each, types: translated(each.types) }
      }),
    },
    classes: members,
    types,
  }
}
