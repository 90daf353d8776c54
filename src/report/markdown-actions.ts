import { bullet, left, leftOut, plural, right, table, typeList, UNKNOWN, type Written } from './markdown-text.js'
import { firstOfAll, savedByChange } from './markdown-tight-plan.js'
import type { PlanView, View } from './view.js'
import type { SpareNodes, SpareView } from './view-spare.js'

const DRAINS_SHOWN = 20
const GROUPS_SHOWN = 40

/** What to change, per node group, and in which order. */
export function whatToDo(view: View, written: Written): string[] {
  const { plan, groups, policy, follows } = view
  if (plan === undefined) return ['Nothing could be planned; the scenarios below say why.']
  const why = [bullet(`Follows the scenario ${follows}: ${policy}`), ...savedByChange(view), ...firstOfAll(view)]
  const changed = plan.actions.filter((action) => action.remove.length + action.add.length > 0)
  if (changed.length === 0) return [...why, bullet('No node to add and none to remove.'), ...steps(plan, written)]
  const byName = new Map(groups.map((group) => [group.row.node_group, group]))
  const rows = changed.map((action) => {
    const group = byName.get(action.group)
    return [
      action.group,
      `${group?.row.nodes?.short ?? UNKNOWN} → ${group?.row.plan_nodes?.short ?? UNKNOWN}`,
      `${group?.monthly?.short ?? UNKNOWN} → ${group?.planMonthly?.short ?? UNKNOWN}`,
      removed(action),
      typeList(action.addTypes) ?? 'none',
    ]
  })
  const headings = [left('Node group'), right('Nodes'), right('$/month'), left('Remove'), left('Add')]
  return [
    ...table(headings, rows.slice(0, GROUPS_SHOWN)),
    ...leftOut(rows.length - GROUPS_SHOWN, 'node-groups.csv', written),
    '',
    ...why,
    ...managedGroups(changed),
    ...tightPools(changed),
    ...spareNodes(view),
    ...steps(plan, written),
  ]
}

/** What EKS makes of several instance types in one managed node group. */
function managedGroups(changed: PlanView['actions']): string[] {
  const groups = changed.filter(({ needsManagedGroups }) => needsManagedGroups)
  if (groups.length === 0) return []
  const listed = groups.map(({ group, addTypes }) => `${group} (${typeList(addTypes) ?? ''})`)
  const more = listed.length > GROUPS_SHOWN ? ` and ${listed.length - GROUPS_SHOWN} more` : ''
  return [
    bullet(
      `EKS gives all nodes of one managed node group the smallest max pods of its instance types, and does not let you change these types later. Make a managed node group for each new type, with the labels and taints of today's: ${listed.slice(0, GROUPS_SHOWN).join(', ')}${more}.`,
    ),
  ]
}

/** Where old and new nodes beside each other are more than a NodePool may have. */
function tightPools(changed: PlanView['actions']): string[] {
  const tight = changed.flatMap(({ group, tight }) =>
    tight.map(({ resource, most, together }) => `${group} (${resource}: ${together} in all, limit ${most})`),
  )
  if (tight.length === 0) return []
  const more = tight.length > GROUPS_SHOWN ? ` and ${tight.length - GROUPS_SHOWN} more` : ''
  return [
    bullet(
      `The plan keeps to the limits of NodePools, but today's nodes and the new ones beside each other do not: raise the limit until the old nodes are gone, or change the nodes a few at a time, in ${tight.slice(0, GROUPS_SHOWN).join(', ')}${more}.`,
    ),
  ]
}

/** What is bought as room alone, why, and what would take it away again. */
function spareNodes({ plan }: View): string[] {
  const spare = plan?.spare
  if (plan === undefined || spare === undefined) return []
  const added = plan.actions.reduce((sum, { add }) => sum + add.length, 0)
  const listed = spare.groups.slice(0, GROUPS_SHOWN).map(({ group, types, pending }) => {
    const holds = pending.exact === '0' ? 'DaemonSets alone' : `${plural(pending, 'pod')} pending today`
    return `${group} (${typeList(types) ?? ''}: ${holds})`
  })
  const more = spare.groups.length > GROUPS_SHOWN ? ` and ${spare.groups.length - GROUPS_SHOWN} more groups` : ''
  const keepers = [
    ...kept(spare, 'karpenter', 'consolidateAfter: Never in the NodePool (Karpenter'),
    ...kept(spare, 'cluster-autoscaler', 'the smallest size of the group (Cluster Autoscaler'),
  ]
  return [
    bullet(
      `No pod that runs today is placed on ${spare.nodes.short} of the ${nodes(added)} to add, at ${spare.monthly?.short ?? UNKNOWN} a month (${spare.ofPlan?.short ?? UNKNOWN} of the plan's cost): ${listed.join(', ')}${more}. This is room without which the default scheduler would leave pods over when it fills the plan's nodes from empty, or which a guard rail asks for.`,
    ),
    ...(keepers.length === 0
      ? []
      : [
          bullet(
            `An autoscaler that removes nodes without use would take these away again, unless they are kept by ${keepers.join(', by ')}, or by placeholder pods.`,
          ),
        ]),
  ]
}

function kept({ groups }: SpareView, removedBy: SpareNodes['removedBy'], by: string): string[] {
  const names = groups.flatMap((one) => (one.removedBy === removedBy ? [one.group] : []))
  return names.length === 0 ? [] : [`${by}: ${names.slice(0, GROUPS_SHOWN).join(', ')})`]
}

/** Types of the nodes that go; a node of unknown type goes too. */
function removed({ remove, removeTypes }: PlanView['actions'][number]): string {
  const unknown = remove.length - removeTypes.reduce((sum, { count }) => sum + count, 0)
  const parts = [typeList(removeTypes), unknown === 0 ? undefined : `${unknown} of unknown type`]
  return parts.flatMap((part) => part ?? []).join(', ') || 'none'
}

function steps({ actions, migration }: PlanView, written: Written): string[] {
  const added = actions.reduce((sum, action) => sum + action.add.length, 0)
  const drains = migration.filter(({ kind }) => kind === 'drain')
  const moves = migration.filter(({ kind }) => kind === 'move')
  const lines: string[] = []
  if (added > 0) lines.push(`add ${nodes(added)}, so that every pod has a place to go`)
  if (drains.length > 0) lines.push(`drain ${nodes(drains.length)}, those with the fewest pods first`)
  if (moves.length > 0) {
    const where = written.has('placements.csv') ? ', as placements.csv has it' : ''
    lines.push(`move pods off ${nodes(moves.length)} that ${moves.length === 1 ? 'stays' : 'stay'}${where}`)
  }
  const bullets = lines.map((line, index) => bullet(`${index === 0 ? 'First' : 'Then'} ${line}.`))
  if (drains.length === 0) return bullets
  const rows = drains.map(({ node, group, podsMoved }, index) => [String(index + 1), node, group, podsMoved])
  return [
    ...bullets,
    '',
    ...table([right('Drain'), left('Node'), left('Node group'), right('Pods that move')], rows.slice(0, DRAINS_SHOWN)),
    ...leftOut(rows.length - DRAINS_SHOWN, 'report.json', written),
  ]
}

const nodes = (number: number): string => `${number} ${number === 1 ? 'node' : 'nodes'}`
