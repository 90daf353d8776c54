import type { Loss, NoPlace, PlanSurvival, Survival } from '../../domain/blast-radius.js'
import type { Cluster } from '../../domain/cluster.js'
import type { Plan } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { createBoard, type Board } from '../board/board.js'
import { LossTrial, type Place } from './loss-trial.js'
import { byText } from '../order.js'
import type { PackProblem } from '../problem.js'
import { ranksOf, type Ranks } from './rehouse.js'

/** Pods × nodes of a plan beyond which nothing is tried: the board alone would take too much memory. */
const MOST_SIZE = 60_000_000
/** Pods asked of nodes that the losses of one plan may cost. */
const MOST_STEPS = 2_000_000

/**
 * Tells of plans for one cluster whether the pods of any one lost node, and of any one lost zone, find a place on the
 * packed nodes that are left, by all rules of the scheduler and on a processor of theirs. What is lost is gone as a
 * domain of spread constraints too. Fitness for spot, guard rails and node groups do not count: the scheduler does not
 * know them. Two orders are tried, small cases to the end; `fails` of a large case means that neither worked out.
 */
export function survivalTests(
  { nodes, namespaces }: Pick<Cluster, 'nodes' | 'namespaces'>,
  suits: PackProblem['suits'],
): (plans: readonly Plan[]) => PlanSurvival[] {
  const live = new Map(nodes.map((node) => [node.name, node]))

  const bare = new Map<Pod, Pod>()
  /** What comes with a node is never put anywhere: rules that pin it to its node would tell apart nodes that are alike. */
  const resident = (pod: Pod): Pod => {
    const known = bare.get(pod) ?? { ...pod, spec: { ...pod.spec, ...ANYWHERE } }
    bare.set(pod, known)
    return known
  }

  const judge = (plan: Plan, board: Board, ranks: Ranks): PlanSurvival => {
    const trial = new LossTrial(board, plan, {
      attachLimits: (node) => node.attachLimits ?? live.get(node.name)?.attachLimits ?? {},
      isClosed: (node) => node.action === 'keep' && live.get(node.name)?.closed !== undefined,
      ranks,
      resident,
      runsOn: (pod, architecture) => suits(pod, { capacityType: undefined, architecture }),
    })
    const packed = trial.places.filter(({ node }) => node.packed)
    const answer = { node: nodeLosses(trial, packed), zone: zoneLosses(trial, packed) }
    trial.end()
    return answer
  }

  return (plans) => {
    const small = new Set(plans.filter((plan) => sizeOf(plan) <= MOST_SIZE))
    const used = [...small].flatMap((plan) => plan.nodes)
    const pods = [...new Set(used.flatMap((node) => node.pods))]
    const residents = used.flatMap(({ residentPods }) => residentPods.map(resident))
    const board = createBoard({ namespaces, pods: [...pods, ...residents] })
    const ranks = ranksOf(pods)
    // Many scenarios come to the same nodes.
    const known = new Map<string, PlanSurvival>()
    return plans.map((plan) => {
      if (!small.has(plan)) return { node: { kind: 'too-large' }, zone: { kind: 'too-large' } }
      const key = keyOf(plan)
      const answer = known.get(key) ?? judge(plan, board, ranks)
      known.set(key, answer)
      return answer
    })
  }
}

const ANYWHERE = { nodeSelector: {}, requiredNodeTerms: undefined, tolerations: [] } as const

const sizeOf = ({ nodes }: Plan): number => nodes.length * nodes.reduce((sum, { pods }) => sum + pods.length, 0)

const keyOf = ({ nodes }: Plan): string =>
  nodes
    .map(({ name, instanceType, zone, allocatable, pods }) =>
      [name, instanceType, zone, allocatable.pods, ...pods.map(({ id }) => id)].join(' '),
    )
    .join('\n')

type Disaster = { readonly name: string; readonly zone: string | undefined; readonly lost: readonly Place[] }

function nodeLosses(trial: LossTrial, packed: readonly Place[]): Survival {
  const disasters = packed.map((place): Disaster => ({ name: place.node.name, zone: place.node.zone, lost: [place] }))
  return losses(trial, disasters, 'no node is packed')
}

function zoneLosses(trial: LossTrial, packed: readonly Place[]): Survival {
  const nowhere = packed.filter(({ node }) => node.zone === undefined && node.pods.length > 0).length
  if (nowhere > 0)
    return { kind: 'not-known', why: `the zone of ${nowhere === 1 ? '1 node is' : `${nowhere} nodes are`} not known` }
  const zones = new Set(packed.flatMap(({ node }) => node.zone ?? []))
  const disasters = [...zones].sort(byText).map((zone): Disaster => ({
    name: zone,
    zone,
    // Control-plane and Fargate nodes of the zone are gone too, though what runs on them is not asked for.
    lost: trial.places.filter(({ node }) => node.zone === zone),
  }))
  return losses(trial, disasters, 'no node is packed')
}

function losses(trial: LossTrial, disasters: readonly Disaster[], whyNone: string): Survival {
  if (disasters.length === 0) return { kind: 'not-known', why: whyNone }
  const end = trial.steps + MOST_STEPS
  const podsOf = ({ lost }: Disaster): number =>
    lost.reduce((sum, { node }) => sum + (node.packed ? node.pods.length : 0), 0)
  const order = disasters
    .map((disaster) => ({ disaster, pods: podsOf(disaster) }))
    .sort((a, b) => b.pods - a.pods || byText(a.disaster.name, b.disaster.name))
  let tried = 0
  let failing = 0
  let heaviest: Loss | undefined
  let worst: { readonly loss: Loss; readonly pods: number } | undefined
  for (const { disaster, pods } of order) {
    if (trial.steps > end) break
    tried += 1
    const left = trial.lose(disaster.lost, worst?.pods ?? 0)
    const loss: Loss = { name: disaster.name, zone: disaster.zone, pods, homeless: countReasons(left.reasons) }
    if (left.pods > 0) failing += 1
    if (left.pods > (worst?.pods ?? 0)) worst = { loss, pods: left.pods }
    if (pods > 0) heaviest ??= loss
  }
  if (worst !== undefined) return { kind: 'fails', tried, failing, of: disasters.length, worst: worst.loss }
  return tried < disasters.length ? { kind: 'too-large' } : { kind: 'survives', tried, heaviest }
}

const REASONS: readonly NoPlace[] = ['zone-volume', 'node-volume', 'node-rules', 'room', 'pod-rules', 'taken']

const countReasons = (reasons: readonly NoPlace[]): Loss['homeless'] =>
  REASONS.map((why) => ({ why, pods: reasons.filter((reason) => reason === why).length })).filter(
    ({ pods }) => pods > 0,
  )
