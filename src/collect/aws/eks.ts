import type { Cluster, EKSClient, Nodegroup } from '@aws-sdk/client-eks'
import type { AwsClusterFacts, AwsNodeGroup, AwsRead } from '../../domain/aws-snapshot.js'
import { NO_ERROR, readOf, readPages, troubleOf } from './answer.js'
import { byName, type CallContext } from './calls.js'
import { bounded } from './clients.js'

/** Node groups asked about at one time: EKS has small buckets. */
const AT_ONCE = 4
const nothing = (): void => undefined

/** What EKS says of the cluster of this name; a cluster that is not EKS's is no trouble. */
export async function readCluster(
  client: EKSClient,
  name: string,
  context: CallContext,
): Promise<AwsRead<AwsClusterFacts>> {
  const { DescribeClusterCommand } = await import('@aws-sdk/client-eks')
  const abort = { abortSignal: context.deadline.signal }
  const where = { ...context, action: 'eks:DescribeCluster' }
  let cluster: Cluster | undefined
  try {
    const answer = await context.deadline.within(client.send(new DescribeClusterCommand({ name }), abort))
    cluster = answer.cluster
  } catch (error) {
    if (isAbsent(error)) return { kind: 'skipped', why: `EKS has no cluster ${name} in ${context.region}` }
    return readOf({ name, autoMode: false }, { items: [], error }, where)
  }
  if (cluster === undefined) return { kind: 'failed', why: 'eks:DescribeCluster: an answer without a cluster' }
  const { version } = cluster
  const vpcId = cluster.resourcesVpcConfig?.vpcId
  const support = version === undefined ? {} : await supportOf(client, version, context)
  return {
    kind: 'read',
    readAt: context.readAt,
    value: {
      name,
      autoMode: cluster.computeConfig?.enabled === true,
      ...(version ? { version } : {}),
      ...(vpcId ? { vpcId } : {}),
      ...(support.extended === undefined ? {} : { extendedSupport: support.extended }),
    },
    ...(support.problem === undefined ? {} : { incomplete: support.problem }),
  }
}

const isAbsent = (error: unknown): boolean =>
  (error as { readonly name?: unknown }).name === 'ResourceNotFoundException'

/**
 * Whether EKS bills the version as extended support. The cluster's own `supportType` is a policy, what happens when
 * standard support ends, and does not say whether it has ended.
 */
async function supportOf(
  client: EKSClient,
  version: string,
  context: CallContext,
): Promise<{ readonly extended?: boolean; readonly problem?: string }> {
  const { paginateDescribeClusterVersions } = await import('@aws-sdk/client-eks')
  const action = 'eks:DescribeClusterVersions'
  const pages = paginateDescribeClusterVersions(
    { client },
    { clusterVersions: [version], includeAll: true },
    { abortSignal: context.deadline.signal },
  )
  const answer = await readPages(bounded(pages, context.deadline), (page) => page.clusterVersions, nothing)
  if (answer.error !== NO_ERROR) {
    const trouble = troubleOf(answer.error, action, context.region)
    const denied = `whether version ${version} is in extended support may not be read: the permission ${action} is missing`
    return { problem: trouble.kind === 'denied' ? denied : trouble.why }
  }
  const found = answer.items.find(({ clusterVersion }) => clusterVersion === version)
  const status = found?.versionStatus ?? found?.status?.toUpperCase()
  if (status === 'EXTENDED_SUPPORT') return { extended: true }
  return status === 'STANDARD_SUPPORT' ? { extended: false } : {}
}

/** All managed node groups of the cluster; the list is not kept without its members. */
export async function readNodeGroups(
  client: EKSClient,
  clusterName: string,
  context: CallContext,
): Promise<AwsRead<readonly AwsNodeGroup[]>> {
  const { paginateListNodegroups, DescribeNodegroupCommand } = await import('@aws-sdk/client-eks')
  const abort = { abortSignal: context.deadline.signal }
  const pages = paginateListNodegroups({ client, pageSize: 100 }, { clusterName }, abort)
  const list = await readPages(bounded(pages, context.deadline), (page) => page.nodegroups, nothing)
  if (list.error !== NO_ERROR && isAbsent(list.error))
    return { kind: 'skipped', why: `EKS has no cluster ${clusterName} in ${context.region}` }
  const names = readOf(list.items, list, { ...context, action: 'eks:ListNodegroups' })
  if (names.kind !== 'read') return names

  const groups: AwsNodeGroup[] = []
  const waiting = [...names.value].sort()
  let error: unknown = NO_ERROR
  const ask = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined && error === NO_ERROR; name = waiting.shift())
      try {
        const command = new DescribeNodegroupCommand({ clusterName, nodegroupName: name })
        const { nodegroup } = await context.deadline.within(client.send(command, abort))
        if (nodegroup !== undefined) groups.push(nodeGroupOf(name, nodegroup))
        context.onItems('node groups', groups.length)
      } catch (problem) {
        // Deleted since it was listed.
        if (!isAbsent(problem)) error = problem
      }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, ask))
  const value = groups.sort(byName(({ name }) => name))
  const described = readOf(value, { items: value, error }, { ...context, action: 'eks:DescribeNodegroup' })
  if (described.kind !== 'read' || names.incomplete === undefined) return described
  return { ...described, incomplete: [names.incomplete, described.incomplete].filter(Boolean).join('; ') }
}

function nodeGroupOf(name: string, group: Nodegroup): AwsNodeGroup {
  const { capacityType, amiType, diskSize, scalingConfig: { minSize, maxSize, desiredSize } = {} } = group
  return {
    name,
    instanceTypes: group.instanceTypes ?? [],
    subnets: [...(group.subnets ?? [])].sort(),
    ...(capacityType ? { capacityType } : {}),
    ...(amiType ? { amiType } : {}),
    ...(minSize === undefined ? {} : { minSize }),
    ...(maxSize === undefined ? {} : { maxSize }),
    ...(desiredSize === undefined ? {} : { desiredSize }),
    ...(diskSize === undefined ? {} : { diskGib: diskSize }),
  }
}
