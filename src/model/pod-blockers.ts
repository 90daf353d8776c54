import type { NodeOwner } from '../domain/cluster.js'
import type { Pod } from '../domain/pod.js'
import type { BlockerRule } from '../domain/recommendation.js'
import { tolerates } from '../domain/requirement.js'
import type { DisruptionBudgetObject, Taint } from '../domain/snapshot.js'
import { boundOf, budgetVerdict } from './budgets.js'
import { localData, safeToEvictText, type PodWishes } from './pod-annotations.js'

/** Why something stays, naming the object, and what would free it. */
export type Blocker = {
  readonly why: string
  readonly fix: string
  readonly rule: BlockerRule
  /** The rule and the object that one would change, which may hold many pods: blockers that agree in it are one. */
  readonly what: string
}

/** The object that people know a pod by: its workload, or itself where it has none. */
function ownerOf({ id, workload }: Pod): string {
  const [namespace = '', kind, ...name] = workload.split('/')
  return kind === undefined || kind === 'Pod' ? `Pod ${id}` : `${kind} ${namespace}/${name.join('/')}`
}

export type DisruptionContext = {
  /** Owner of the pod's node: Karpenter and the others follow different rules. */
  readonly owner: NodeOwner | undefined
  /** ISO time against which durations and ages are counted; undefined: every duration is still running. */
  readonly now: string | undefined
  /** Replicas of the pod's workload; undefined where the input does not say. */
  readonly replicas: number | undefined
}

export const isKarpenter = (owner: NodeOwner | undefined): boolean => owner === 'karpenter' || owner === 'eks-auto-mode'

export const blockerLine = ({ why, fix }: Pick<Blocker, 'why' | 'fix'>): string => `${why}; ${fix}`

/** v1 and v1beta1: a pod that tolerates this taint stays while Karpenter drains, so its budgets hold nothing up. */
const DRAIN_TAINTS: readonly Taint[] = [
  { key: 'karpenter.sh/disrupted', value: '', effect: 'NoSchedule' },
  { key: 'karpenter.sh/disruption', value: 'disrupting', effect: 'NoSchedule' },
]

const staysInDrain = (pod: Pod): boolean =>
  DRAIN_TAINTS.some((taint) => pod.spec.tolerations.some((toleration) => tolerates(toleration, taint)))

export function holdBlocker(pod: Pod, { karpenter }: PodWishes): Blocker | undefined {
  if (karpenter === undefined) return undefined
  const { annotation, until } = karpenter
  const about = { rule: 'do-not-disrupt', what: `annotation ${annotation} on ${ownerOf(pod)}` } as const
  if (until !== undefined)
    return {
      why: `annotation ${annotation} on ${pod.id} holds until ${until}`,
      fix: 'wait for that, or remove it',
      ...about,
    }
  const fix = pod.owner?.kind === 'Job' ? 'remove it once the job has finished' : 'remove it when the pod may move'
  return { why: `annotation ${annotation} on ${pod.id}`, fix, ...about }
}

function safeToEvictBlocker(pod: Pod, { safeToEvict }: PodWishes): Blocker | undefined {
  const blocker = (value: string, fix: string): Blocker => ({
    why: `annotation ${safeToEvictText(value)} on ${pod.id}`,
    fix,
    rule: 'safe-to-evict',
    what: `annotation ${safeToEvictText(value)} on ${ownerOf(pod)}`,
  })
  switch (safeToEvict) {
    case 'no':
      return blocker('false', 'remove it when the pod may move')
    case 'on completion':
      return blocker('on-completion', 'wait until it has finished')
    case 'yes':
    case undefined:
      return undefined
    default:
      return safeToEvict satisfies never
  }
}

const nameOf = ({ metadata }: DisruptionBudgetObject): string => `${metadata.namespace}/${metadata.name}`

function oneBudgetBlocker(pod: Pod, budget: DisruptionBudgetObject, replicas: number | undefined): Blocker | undefined {
  const verdict = budgetVerdict(budget, pod.ready, replicas)
  const name = `budget ${nameOf(budget)}`
  const about = { rule: 'disruption-budget', what: `${name} (${boundOf(budget)})` } as const
  switch (verdict.kind) {
    case 'allows':
      return undefined
    case 'forever': {
      const of = verdict.pods === undefined ? '' : ` of ${verdict.pods} pods`
      const why = `${name} (${boundOf(budget)}${budget.maxUnavailable === '' ? of : ''}) never lets go of ${pod.id}`
      if (budget.maxUnavailable !== '') return { why, fix: 'set maxUnavailable to 1', ...about }
      const instead = 'say maxUnavailable 1 instead'
      return { why, fix: verdict.pods === 1 ? `run a second replica, or ${instead}` : instead, ...about }
    }
    case 'now': {
      const { healthyNeeded, pods } = verdict
      const numbers =
        healthyNeeded === undefined || pods === undefined ? '' : `: ${healthyNeeded} of ${pods} must be ready`
      return {
        why: `${name} does not let go of ${pod.id} now${numbers}`,
        fix: 'wait until its pods are ready',
        ...about,
      }
    }
    case 'not judged':
      return {
        why: `${name} on ${pod.id} has no current status`,
        fix: 'wait for its controller, then collect again',
        ...about,
      }
    default:
      return verdict satisfies never
  }
}

/** The eviction API deletes pods that have not started without a look at budgets, and refuses pods with two of them. */
function budgetBlocker(
  pod: Pod,
  budgets: readonly DisruptionBudgetObject[],
  { owner, replicas }: DisruptionContext,
): Blocker | undefined {
  if (pod.phase === 'Pending' || (isKarpenter(owner) && staysInDrain(pod))) return undefined
  if (budgets.length > 1)
    return {
      why: `${budgets.length} budgets cover ${pod.id} (${budgets.map(nameOf).join(', ')}), so that every eviction fails`,
      fix: 'leave it one budget',
      rule: 'disruption-budget',
      what: `budgets ${budgets.map(nameOf).join(' and ')} on the same pods`,
    }
  return budgets.map((budget) => oneBudgetBlocker(pod, budget, replicas))[0]
}

/** Everything that pins an ordinary pod, the most lasting first. */
export function blockersOf(
  pod: Pod,
  budgets: readonly DisruptionBudgetObject[],
  wishes: PodWishes,
  context: DisruptionContext,
): Blocker[] {
  const [bound] = localData(pod).bound
  return [
    pod.unreadable === undefined
      ? undefined
      : {
          why: `the requests of ${pod.id} cannot be read (${pod.unreadable})`,
          fix: 'correct its spec',
          rule: 'unreadable-requests' as const,
          what: `unreadable requests of ${ownerOf(pod)}`,
        },
    holdBlocker(pod, wishes),
    safeToEvictBlocker(pod, wishes),
    pod.owner === undefined && wishes.safeToEvict !== 'yes'
      ? {
          why: `${pod.id} has no controller that would make it again`,
          fix: `run it from a Deployment or a Job, or annotate it ${safeToEvictText('true')}`,
          rule: 'no-controller' as const,
          what: `no controller of Pod ${pod.id}`,
        }
      : undefined,
    bound === undefined
      ? undefined
      : {
          why: `${pod.id} keeps data on its node's disk (${bound})`,
          fix: 'move the data to a network volume',
          rule: 'local-data' as const,
          what: `data on the node's disk of ${ownerOf(pod)}`,
        },
    budgetBlocker(pod, budgets, context),
  ].filter((blocker) => blocker !== undefined)
}
