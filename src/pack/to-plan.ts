import type { Cost, Node } from '../domain/cluster.js'
import type { Price } from '../domain/offering.js'
import type { PlanNode } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { sum } from '../domain/resources.js'
import type { MicroUsdPerHour } from '../domain/units.js'
import type { Slot } from './draft.js'
import { hostLabels } from './host-labels.js'
import type { Unexplained } from './left-over.js'
import { byText } from './order.js'
import type { PackProblem } from './problem.js'
import type { Solution } from './assembly.js'

/**
 * Nodes that no plan touches: Fargate, hybrid and control-plane nodes. They are listed and paid for. `pods` are those of
 * their pods that need a place: the one they have.
 */
export type Untouched = { readonly node: Node; readonly price: Price; readonly pods: readonly Pod[] }

/**
 * A solution as the nodes of the cluster afterwards: kept ones under their own names, bought ones numbered within their
 * group in a stable order, and everything that no plan touches.
 */
export function toPlan(
  solution: Solution,
  { groups }: Pick<PackProblem, 'groups'>,
  untouched: readonly Untouched[],
): Unexplained {
  const taken = new Set([...groups.flatMap(({ live }) => live), ...untouched].map(({ node }) => node.name))
  const pending = new Map<Slot, Pod[]>()
  for (const [pod, slot] of solution.pendingPlaced) pending.set(slot, [...(pending.get(slot) ?? []), pod])
  const packed: PlanNode[] = []
  for (const [group, { nodes }] of solution.layouts) {
    const kept = nodes.flatMap(({ slot, pods }) =>
      slot.origin.kind === 'live'
        ? [keptNode(slot.origin.live.node, slot.origin.live.price, slot, [...pods, ...(pending.get(slot) ?? [])])]
        : [],
    )
    const bought = nodes
      .flatMap(({ slot, pods }) => {
        const all = [...pods, ...(pending.get(slot) ?? [])]
        return slot.origin.kind === 'new'
          ? [{ slot, option: slot.origin.option, pods: all.sort((a, b) => byText(a.id, b.id)) }]
          : []
      })
      .sort((a, b) => byText(a.option.id, b.option.id) || byText(a.pods[0]?.id ?? '', b.pods[0]?.id ?? ''))
    packed.push(
      ...kept.sort((a, b) => byText(a.name, b.name)),
      ...bought.map(({ slot, option, pods }, position): PlanNode => {
        const name = unlike(taken, newNodeName(group, position + 1))
        return {
          ...option,
          name,
          action: 'new',
          labels: hostLabels(option, name),
          unschedulable: false,
          providerId: '',
          packed: true,
          residentPods: slot.residents,
          resident: sum(slot.residents.map(({ held }) => held)),
          pods,
        }
      }),
    )
  }
  const nodes = [...packed, ...untouched.map(untouchedNode)]
  const unplaced = solution.pendingLeft.map((pod) => ({ pod, running: pod.nodeName !== '' }))
  return { nodes, unplaced, cost: costOf(nodes) }
}

/** A name that a real Node object may have (RFC 1123), whatever the group is called. */
const newNodeName = (group: string, position: number): string => {
  const safe = group
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return `new-${safe || 'group'}-${String(position).padStart(3, '0')}`
}

/** The name, with a number where another node has it: groups may differ in nothing that a Node's name may have. */
function unlike(taken: Set<string>, name: string): string {
  let own = name
  for (let number = 2; taken.has(own); number += 1) own = `${name}-${number}`
  taken.add(own)
  return own
}

const keptNode = (node: Node, price: Price, slot: Slot, pods: readonly Pod[]): PlanNode => ({
  ...liveNode(node, price),
  packed: true,
  residentPods: slot.residents,
  resident: sum(slot.residents.map(({ held }) => held)),
  pods: [...pods].sort((a, b) => byText(a.id, b.id)),
})

const untouchedNode = ({ node, price, pods }: Untouched): PlanNode => {
  const residentPods = node.pods.filter((pod) => !pods.includes(pod))
  return {
    ...liveNode(node, price),
    packed: false,
    residentPods,
    resident: sum(residentPods.map(({ held }) => held)),
    pods,
  }
}

const liveNode = (node: Node, price: Price) => ({
  name: node.name,
  action: 'keep' as const,
  group: node.group,
  owner: node.owner,
  instanceType: node.instanceType,
  zone: node.zone,
  capacityType: node.capacityType,
  architecture: node.architecture,
  labels: node.labels,
  taints: node.taints,
  unschedulable: node.unschedulable,
  providerId: node.providerId,
  capacity: node.capacity,
  allocatable: node.allocatable,
  price,
})

export function costOf(nodes: readonly { readonly price: Price }[]): Cost {
  let rate = 0
  let unpriced = 0
  for (const { price } of nodes) {
    if (price.kind === 'known') rate += price.rate
    else unpriced += 1
  }
  return { rate: rate as MicroUsdPerHour, unpriced }
}
