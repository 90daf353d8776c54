import { tolerates } from '../domain/requirement.js'
import type { Node } from '../domain/cluster.js'
import type { Expression, NodeSelectorTerm, PodSpec, Taint } from '../domain/snapshot.js'
import { capacityTypeOfLabel } from './capacity-label.js'
import { isTransientTaint } from './node-taints.js'

/** Which capacity types some rule leaves open, and the rule in words where it leaves only one kind. */
type Opening = { readonly spot: boolean; readonly other: boolean; readonly rule: string }

const OPEN: Opening = { spot: true, other: true, rule: '' }
const meet = (a: Opening, b: Opening): Opening => ({
  spot: a.spot && b.spot,
  other: a.other && b.other,
  rule: a.rule || b.rule,
})

/** Keys that stand on spot nodes only: their presence is the whole message. */
const SPOT_ONLY_KEYS = ['scheduling.cast.ai/spot', 'node-role.kubernetes.io/spot-worker']

const spotFlags = ({ key, values }: Expression): boolean[] =>
  values
    .map((value) => capacityTypeOfLabel(key, value))
    .filter((type) => type !== undefined)
    .map((type) => type === 'spot')

function openingOfExpression(expression: Expression): Opening {
  const { key, operator, values } = expression
  const rule = `${key} ${operator}${values.length > 0 ? ` [${values.join(', ')}]` : ''}`
  const flags = spotFlags(expression)
  const [spot, other] = [flags.includes(true), flags.includes(false)]
  switch (operator) {
    case 'In':
      return spot !== other ? { spot, other, rule } : OPEN
    case 'NotIn':
      return spot || other ? { spot: !spot, other: !other, rule } : OPEN
    case 'Exists':
      return SPOT_ONLY_KEYS.includes(key) ? { spot: true, other: false, rule } : OPEN
    case 'DoesNotExist':
      return SPOT_ONLY_KEYS.includes(key) ? { spot: false, other: true, rule } : OPEN
    default:
      return OPEN
  }
}

const openingOfTerm = (term: NodeSelectorTerm): Opening =>
  term.matchExpressions.map(openingOfExpression).reduce(meet, OPEN)

/** Terms are ORed: a type is open when any term leaves it open. */
function openingOfTerms(terms: readonly NodeSelectorTerm[]): Opening {
  const openings = terms.map(openingOfTerm)
  return {
    spot: openings.some(({ spot }) => spot),
    other: openings.some(({ other }) => other),
    rule: openings.find(({ rule }) => rule !== '')?.rule ?? '',
  }
}

/** What a pod's own node rules say about spot, with the rule in words; undefined where they leave both open. */
export function spotConstraint(spec: PodSpec): { readonly spot: boolean; readonly rule: string } | undefined {
  const selector = Object.entries(spec.nodeSelector)
    .map(([key, value]): Opening => {
      const type = capacityTypeOfLabel(key, value)
      const rule = `nodeSelector ${key}=${value}`
      return type === undefined ? OPEN : { spot: type === 'spot', other: type !== 'spot', rule }
    })
    .reduce(meet, OPEN)
  const terms = spec.requiredNodeTerms
  const affinity = terms === undefined || terms.length === 0 ? OPEN : openingOfTerms(terms)
  const both = meet(selector, { ...affinity, rule: affinity.rule === '' ? '' : `node affinity ${affinity.rule}` })
  if (!both.spot) return { spot: false, rule: both.rule }
  return both.other ? undefined : { spot: true, rule: both.rule }
}

const textOf = ({ key, value, effect }: Taint): string => `${key}=${value}:${effect}`

/** Taints that only spot nodes have: who tolerates one by its key has made up their mind about spot. */
export function spotOnlyTaints(nodes: Iterable<Pick<Node, 'capacityType' | 'taints'>>): Taint[] {
  const onSpot = new Map<string, Taint>()
  const elsewhere = new Set<string>()
  for (const { capacityType, taints } of nodes)
    for (const taint of taints)
      if (capacityType === 'spot') onSpot.set(textOf(taint), taint)
      else elsewhere.add(textOf(taint))
  return [...onSpot]
    .filter(([text, taint]) => !elsewhere.has(text) && !isTransientTaint(taint))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, taint]) => taint)
}

/** The first of these taints that a pod tolerates by name; tolerating everything says nothing about spot. */
export const toleratedByName = (spec: PodSpec, taints: readonly Taint[]): Taint | undefined =>
  taints.find((taint) => spec.tolerations.some((one) => one.key !== '' && tolerates(one, taint)))
