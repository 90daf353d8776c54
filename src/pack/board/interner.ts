/** Gives equal keys one small number, counted from 0 in order of first use. */
export type Interner = {
  idOf(key: string): number
}

export function createInterner(): Interner {
  const ids = new Map<string, number>()
  return {
    idOf(key) {
      const known = ids.get(key)
      if (known !== undefined) return known
      ids.set(key, ids.size)
      return ids.size - 1
    },
  }
}
