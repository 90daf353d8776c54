import { parseInt64, valueOf } from '../domain/requirement.js'
import type { Expression, Labels, NodePoolObject } from '../domain/snapshot.js'

/** Karpenter reads the deprecated keys as the current ones. */
const CURRENT_KEYS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
}

/** Keys whose values the machine decides. Any other key is the pool's own: Karpenter puts it on the node. */
const OF_MACHINE =
  /^(kubernetes\.io\/(arch|os)|node\.kubernetes\.io\/(instance-type|windows-build)|topology\.(kubernetes\.io|k8s\.aws)\/.*|karpenter\.sh\/capacity-type|karpenter\.k8s\.aws\/.*|eks\.amazonaws\.com\/instance-.*)$/

function compare(operator: string, left: string | undefined, right: string | undefined): boolean {
  const [has, wants] = [parseInt64(left ?? ''), parseInt64(right ?? '')]
  if (has === undefined || wants === undefined) return false
  switch (operator) {
    case 'Gt':
      return has > wants
    case 'Gte':
      return has >= wants
    case 'Lt':
      return has < wants
    default:
      return operator === 'Lte' && has <= wants
  }
}

function meets({ key, operator, values }: Expression, labels: Labels): boolean {
  const current = CURRENT_KEYS[key] ?? key
  const value = valueOf(labels, current)
  if (value === undefined && !OF_MACHINE.test(current)) return true
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return compare(operator, value, values[0])
  }
}

/**
 * May the pool make a node with these labels? All requirements must hold; besides a pod's operators they know Gte and
 * Lte. A label of the machine that is not known here (its network bandwidth, say) meets no requirement that asks for it:
 * such a pool is not promised a node that it might refuse.
 */
export const allowedByNodePool = (pool: NodePoolObject, labels: Labels): boolean =>
  pool.requirements.every((requirement) => meets(requirement, labels))
