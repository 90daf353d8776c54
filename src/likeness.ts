const SUGGESTIONS = 3
const LEAST_LIKENESS = 0.4

/** The names most like the wanted one, by the pairs of letters that they share (Dice's coefficient). */
export function closest(wanted: string, names: readonly string[]): string[] {
  const pairs = pairsOf(wanted)
  return names
    .map((name) => {
      const own = pairsOf(name)
      let shared = 0
      for (const [pair, count] of own) shared += Math.min(count, pairs.get(pair) ?? 0)
      return { name, likeness: (2 * shared) / Math.max(1, wanted.length + name.length - 2) }
    })
    .filter(({ likeness }) => likeness >= LEAST_LIKENESS)
    .sort((a, b) => b.likeness - a.likeness || (a.name < b.name ? -1 : 1))
    .slice(0, SUGGESTIONS)
    .map(({ name }) => name)
}

function pairsOf(text: string): Map<string, number> {
  const pairs = new Map<string, number>()
  for (let at = 0; at + 1 < text.length; at += 1) {
    const pair = text.slice(at, at + 2)
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
  }
  return pairs
}
