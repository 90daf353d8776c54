import { commonDivisor } from './certificate.js'
import type { Knapsack, NodeSolver } from './knapsack.js'
import type { Packing } from './packing.js'

/**
 * What the bin can hold at most where one resource is given out in whole items and the others only cost what the relaxation asks for
 * them (Lagrangian relaxation of all rows but one; the rest is a bounded knapsack, by dynamic programming over what it uses of
 * that resource). Never above the relaxation, which must have been solved for this knapsack last; it says more where sums of
 * the sizes do not reach the capacity. Undefined where it would take more than `steps`.
 */
export function boundByRow(
  { resources, size }: Packing,
  solver: NodeSolver,
  sack: Knapsack,
  steps: number,
): number | undefined {
  const price = Float64Array.from({ length: resources }, (_, r) => solver.pricePer(r))
  let row = 0
  for (let r = 1; r < resources; r++) if (price[r]! * sack.left[r]! > price[row]! * sack.left[row]!) row = r
  let free = 0
  for (let r = 0; r < resources; r++) if (r !== row) free += price[r]! * sack.left[r]!
  const parts: { readonly weight: number; readonly worth: number }[] = []
  for (let j = 0; j < sack.columns; j++) {
    const at = sack.classAt[j]! * resources
    let worth = sack.worth[j]!
    for (let r = 0; r < resources; r++) if (r !== row) worth -= price[r]! * size[at + r]!
    if (worth <= 0) continue
    const weight = size[at + row]!
    if (weight === 0) {
      free += sack.most[j]! * worth
      continue
    }
    // One, two, four … items and what is left: every number of them is a sum of these.
    for (let taken = 0, n = 1; taken < sack.most[j]!; taken += n, n = Math.min(2 * n, sack.most[j]! - taken))
      parts.push({ weight: n * weight, worth: n * worth })
  }
  if (parts.length === 0) return sack.fixedWorth + free
  const step = commonDivisor(parts.map(({ weight }) => weight))
  const all = parts.reduce((sum, { weight }) => sum + weight, 0)
  const width = Math.floor(Math.min(sack.left[row]!, all) / step)
  if (width * parts.length > steps) return undefined
  const best = new Float64Array(width + 1)
  for (const { weight, worth } of parts) {
    const units = weight / step
    for (let used = width; used >= units; used--) best[used] = Math.max(best[used]!, best[used - units]! + worth)
  }
  return sack.fixedWorth + free + best[width]!
}
