import type { ModelCheck } from '../../domain/recommendation.js'
import type { InstanceType } from '../../domain/offering.js'
import { MEBIBYTE } from '../../domain/units.js'
import { samplesOf, unfitToTeach, type LiveNode } from './live-node.js'
import { showsOwnImage } from './pods-rule.js'
import { capacityModel, type CapacityContext, type CapacityModel } from './predict.js'

/**
 * How well the model does, on nodes whose truth is known. `rules`: by the rules alone, as for a cluster without nodes.
 * `other-types`: as for a type that the cluster does not have yet, learning from all nodes of other types. Either way a
 * node's own figures, and those of its type, are not used; settings of the group (CNI mode, a launch template with its
 * own image) are, however they were detected.
 */
export type CheckMethod = 'rules' | 'other-types'

export type CheckSummary = {
  readonly resource: ModelCheck['resource']
  readonly nodes: number
  readonly exact: number
  /** Absolute errors in percent of the real figure; undefined without nodes. */
  readonly worstPct: number | undefined
  readonly worstNode: string | undefined
  readonly medianPct: number | undefined
  /** Nodes of which a plan would have promised more than they have. */
  readonly overPromised: number
}

export type ModelChecks = {
  /** Best estimates against real figures: millicores, bytes, pods. What plans hold back from an estimate is not in them. */
  readonly checks: readonly ModelCheck[]
  readonly summary: readonly CheckSummary[]
  /** Live nodes that could not be checked, and why. */
  readonly skipped: readonly { readonly node: string; readonly why: string }[]
}

const RESOURCES = ['cpu', 'memory', 'pods', 'capacity memory'] as const

type Checked = ModelCheck & { readonly promised: number }

const errorPct = ({ predicted, real }: ModelCheck): number =>
  real === 0 ? (predicted === 0 ? 0 : 100) : (100 * Math.abs(predicted - real)) / real

function median(sorted: readonly number[]): number | undefined {
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  const lower = sorted[middle - 1]
  return upper === undefined ? undefined : sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2
}

function summarise(resource: ModelCheck['resource'], all: readonly Checked[]): CheckSummary {
  const checks = all.filter((check) => check.resource === resource)
  const worst = checks.reduce<Checked | undefined>(
    (most, check) => (most === undefined || errorPct(check) > errorPct(most) ? check : most),
    undefined,
  )
  return {
    resource,
    nodes: checks.length,
    exact: checks.filter(({ predicted, real }) => predicted === real).length,
    worstPct: worst === undefined ? undefined : errorPct(worst),
    worstNode: worst?.node,
    medianPct: median(checks.map(errorPct).sort((a, b) => a - b)),
    overPromised: checks.filter(({ promised, real }) => promised > real).length,
  }
}

function checkNode(node: LiveNode, type: InstanceType, model: CapacityModel): readonly Checked[] {
  const { capacity, allocatable, heldBackMib } = model(type)
  const held = heldBackMib * MEBIBYTE
  const check = (resource: ModelCheck['resource'], promised: number, real: number, best = promised): Checked => ({
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

/** Predicts every live node of these groups as though its type were new, and compares. */
export function modelCheck(groups: readonly CapacityContext[], method: CheckMethod = 'rules'): ModelChecks {
  const all: Checked[] = []
  const skipped: { node: string; why: string }[] = []
  for (const group of groups) {
    const types = [...new Set(group.nodes.flatMap(({ instanceType }) => group.lookup(instanceType ?? '') ?? []))]
    const models = new Map<string, CapacityModel>()
    const modelFor = (type: InstanceType): CapacityModel => {
      const others = (node: LiveNode): boolean => method === 'other-types' && node.instanceType !== type.name
      const key = method === 'rules' ? '' : type.name
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
      else all.push(...checkNode(node, type, modelFor(type)))
    }
  }
  const byName = <T extends { readonly node: string }>(a: T, b: T): number =>
    a.node < b.node ? -1 : a.node > b.node ? 1 : 0
  all.sort(byName)
  return {
    checks: all.map(({ promised: _promised, ...check }) => check),
    summary: RESOURCES.map((resource) => summarise(resource, all)),
    skipped: skipped.sort(byName),
  }
}
