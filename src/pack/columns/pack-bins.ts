import type { Bin, BinPlan, BinProblem } from './bin-problem.js'
import { DEFAULT_EFFORT, type Effort } from './effort.js'
import { search, type Proof } from './improve.js'
import type { LpSolver } from './lp.js'
import { preparePacking } from './packing.js'
import { splitProblem } from './split.js'
import { toBins, unmergeCounts } from './unmerge.js'

export { BRIEF_EFFORT, DEFAULT_EFFORT, QUICK_EFFORT, type Effort } from './effort.js'

type PartPlan = Omit<BinPlan, 'basis'> & { readonly proof: Proof }

const BASIS: Readonly<Record<Proof, string>> = {
  resources: 'Prices per resource at which no node type sells below its cost, and what fits one node of each type.',
  fillings: 'Prices per class at which no way to fill a node is worth more than the node costs (column generation).',
  'whole-bins':
    'Prices as for one node, and whole nodes: no choice of them that could hold everything in sum costs less.',
  'all-fillings':
    'All ways to fill a node that a cheaper plan could use were listed, and the best of them chosen exactly.',
}
const STRENGTH: readonly Proof[] = ['resources', 'fillings', 'whole-bins', 'all-fillings']

/**
 * The cheapest bins found for all items, and a cost that no bins can go below. Without a solver for linear programmes it
 * does what can be done without: plans are somewhat dearer, and the bound is that of the prices per resource. The same
 * problem and effort give the same plan on every machine. What fits no type, or no longer fits because types are
 * limited, is left out and listed; the bound is for packing everything that fits some type.
 */
export function packBins(problem: BinProblem, lp: LpSolver | undefined, effort: Effort = DEFAULT_EFFORT): BinPlan {
  const gratis = problem.types.flatMap(({ cost, limit }, t) => (cost === 0 && limit === undefined ? [t] : []))
  if (gratis.length > 0) return packGratisFirst(problem, gratis, lp, effort)

  const { parts, misfits } = splitProblem(problem)
  const plans = parts.map(({ problem: part }) => packPart(part, lp, effort))
  const duals = problem.classes.map(() => 0)
  const bins: Bin[] = []
  const unpacked: [number, number][] = misfits.map((c) => [c, problem.classes[c]!.count])
  for (const [at, plan] of plans.entries()) {
    const { classes, types } = parts[at]!
    for (const [c, price] of plan.duals.entries()) duals[classes[c]!] = price
    for (const [c, count] of plan.unpacked) unpacked.push([classes[c]!, count])
    for (const { type, n, items } of plan.bins)
      bins.push({ type: types[type]!, n, items: items.map(([c, count]) => [classes[c]!, count]) })
  }
  return {
    bins: bins.sort((a, b) => a.type - b.type),
    cost: plans.reduce((sum, { cost }) => sum + cost, 0),
    lowerBound: plans.reduce((sum, { lowerBound }) => sum + lowerBound, 0),
    basis: basisOf(plans),
    proven: plans.every(({ proven }) => proven),
    unpacked: unpacked.sort(([a], [b]) => a - b),
    duals,
  }
}

/** The bound of a sum rests on the weakest of what its parts rest on. */
function basisOf(plans: readonly PartPlan[]): string {
  const weakest = STRENGTH.find((proof) => plans.some((plan) => plan.proof === proof))
  return weakest === undefined ? 'There is nothing to pay for.' : BASIS[weakest]
}

/** All classes of `problem` fit some type. */
function packPart(problem: BinProblem, lp: LpSolver | undefined, effort: Effort): PartPlan {
  const packing = preparePacking(problem)
  const { draft, lowerBound, certificate, proof } = search(packing, lp, effort)
  const duals = problem.classes.map(() => 0)
  for (const [c, members] of packing.members.entries()) for (const each of members) duals[each] = certificate.duals[c]!
  const unpacked = unmergeCounts(problem, packing, draft.left)
  return {
    bins: toBins(problem, packing, draft.entries, unpacked),
    cost: draft.cost,
    lowerBound,
    proof,
    proven: unpacked.length === 0 && lowerBound >= draft.cost,
    unpacked,
    duals,
  }
}

/** What fits bins that cost nothing goes there, into few of them; the rest is a problem of its own. */
function packGratisFirst(
  problem: BinProblem,
  gratis: readonly number[],
  lp: LpSolver | undefined,
  effort: Effort,
): BinPlan {
  const free = new Set(gratis)
  const counted = problem.types.map((type, t) => (free.has(t) ? { ...type, cost: 1 } : { ...type, limit: 0 }))
  const first = packBins({ ...problem, types: counted }, undefined, { ...effort, habits: 1, squeaks: 0, tries: 0 })
  const stays = new Map(first.unpacked)
  const rest: BinProblem = {
    ...problem,
    types: problem.types.map((type, t) => (free.has(t) ? { ...type, cost: 1, limit: 0 } : type)),
    classes: problem.classes.map((each, c) => ({ ...each, count: stays.get(c) ?? 0 })),
  }
  const second = packBins(rest, lp, effort)
  return { ...second, bins: [...first.bins, ...second.bins].sort((a, b) => a.type - b.type) }
}
