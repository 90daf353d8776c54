import type { ModelCheck } from '../../domain/recommendation.js'
import type { InstanceType } from '../../domain/offering.js'
import { MEBIBYTE } from '../../domain/units.js'
import { samplesOf, unfitToTeach, type LiveNode } from './live-node.js'
import { showsOwnImage } from './pods-rule.js'
import { capacityModel, type CapacityContext, type CapacityModel } from './predict.js'

type CheckMethod = ModelCheck['method']

export type ModelChecks = {
  readonly checks: readonly ModelCheck[]
  /** Live nodes that could not be checked, and why. */
  readonly skipped: readonly { readonly node: string; readonly why: string }[]
}

function checkNode(
  node: LiveNode,
  type: InstanceType,
  model: CapacityModel,
  method: CheckMethod,
): readonly ModelCheck[] {
  const { capacity, allocatable, heldBackMib } = model(type)
  const held = heldBackMib * MEBIBYTE
  const check = (resource: ModelCheck['resource'], promised: number, real: number, best = promised): ModelCheck => ({
    method,
    node: node.name,
    instanceType: type.name,
    resource,
    predicted: best,
    real,
    promised,
  })
  return [
    check('cpu', allocatable.cpu, node.allocatable.cpu),
    check('memory', allocatable.memory, node.allocatable.memory, allocatable.memory + held),
    check('pods', allocatable.pods, node.allocatable.pods),
    check('capacity memory', capacity.memory, node.capacity.memory, capacity.memory + held),
  ]
}

/**
 * Predicts every live node of these groups and compares. Where the method is not `in-force`, a node's own figures and
 * those of its type are not used; settings of the group (CNI mode, a launch template with its own image) are, however
 * they were detected.
 */
export function modelCheck(groups: readonly CapacityContext[], method: CheckMethod): ModelChecks {
  const all: ModelCheck[] = []
  const skipped: { node: string; why: string }[] = []
  for (const group of groups) {
    const types = [...new Set(group.nodes.flatMap(({ instanceType }) => group.lookup(instanceType ?? '') ?? []))]
    const models = new Map<string, CapacityModel>()
    const modelFor = (type: InstanceType): CapacityModel => {
      const others = (node: LiveNode): boolean =>
        method === 'in-force' || (method === 'other-types' && node.instanceType !== type.name)
      const key = method === 'other-types' ? type.name : ''
      const model =
        models.get(key) ??
        capacityModel({
          ...group,
          cni: group.cni.detected ?? group.cni,
          nodes: group.nodes.filter(others),
          clusterNodes: group.clusterNodes.filter(others),
          groupTypes: group.groupTypes ?? types,
          ownImage: group.ownImage ?? showsOwnImage(samplesOf(group.nodes, group.lookup)),
        })
      models.set(key, model)
      return model
    }
    for (const node of group.nodes) {
      const type = node.instanceType === undefined ? undefined : group.lookup(node.instanceType)
      const foreign = node.owner === 'fargate' || node.owner === 'hybrid' || node.owner === 'other-cloud'
      const why = foreign ? `${node.owner} nodes are no instances to predict` : unfitToTeach(node, type)
      if (why !== undefined || type === undefined) skipped.push({ node: node.name, why: why ?? 'no instance type' })
      else all.push(...checkNode(node, type, modelFor(type), method))
    }
  }
  const byName = <T extends { readonly node: string }>(a: T, b: T): number =>
    a.node < b.node ? -1 : a.node > b.node ? 1 : 0
  all.sort(byName)
  return { checks: all, skipped: skipped.sort(byName) }
}

/** Models to learn × nodes to learn from, up to which the slower check is made: beyond it, it would take seconds. */
const MOST_STEPS = 20_000

/** All three checks; the one that learns anew for every type is left out where the cluster is too large for it. */
export function modelChecks(groups: readonly CapacityContext[]): ModelChecks {
  const steps = groups.reduce((sum, { nodes, clusterNodes }) => {
    const types = new Set(nodes.map(({ instanceType }) => instanceType)).size
    return sum + types * clusterNodes.length
  }, 0)
  const methods: readonly CheckMethod[] = ['in-force', ...(steps > MOST_STEPS ? [] : ['other-types' as const]), 'rules']
  const found = methods.map((method) => modelCheck(groups, method))
  return { checks: found.flatMap(({ checks }) => checks), skipped: found[0]?.skipped ?? [] }
}
