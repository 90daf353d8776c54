import { buildCluster } from '../../src/model/build-cluster.js'
import { verifyPlan } from '../../src/pack/verify.js'
import { snapshotOf, type Api } from '../helpers/objects.js'
import { keptNode, makePlan } from '../pack/make-plan.js'
import type { RawCase } from './case.js'

const LISTS = {
  nodes: 'Node',
  pods: 'Pod',
  persistentVolumes: 'PersistentVolume',
  persistentVolumeClaims: 'PersistentVolumeClaim',
  storageClasses: 'StorageClass',
  csiNodes: 'CSINode',
  namespaces: 'Namespace',
} as const

function clusterOf(one: RawCase, pod: Api) {
  const fields = Object.keys(LISTS) as (keyof typeof LISTS)[]
  const listed = fields.flatMap((field) => (one[field] ?? []).map((item) => ({ ...item, kind: LISTS[field] })))
  const metadata = { ...(pod['metadata'] as Api) }
  const cluster = buildCluster(snapshotOf([...listed, { ...pod, kind: 'Pod', metadata }]), {
    name: 'case',
    region: undefined,
  })
  return { cluster, id: `${String(metadata['namespace'] ?? 'default')}/${String(metadata['name'])}` }
}

/** What the second path (src/pack/verify) says of a `filter` case: the filters that object to the pod on each node. */
export function verifiedRefusals(one: RawCase): Record<string, string[]> {
  if (one.pod === undefined) throw new Error(`case ${one.id} has no pod`)
  const { cluster, id } = clusterOf(one, one.pod)
  const pod = cluster.pods.find((each) => each.id === id)!
  return Object.fromEntries(
    cluster.nodes.map(({ name }) => {
      const nodes = cluster.nodes.map((node) =>
        keptNode(node, { pods: node.name === name ? [...node.pods, pod] : node.pods }),
      )
      const found = verifyPlan({ plan: makePlan(nodes), cluster, mustPlace: cluster.pods })
      // The promise about cordoned nodes is no filter.
      const against = found.filter((violation) => violation.pod === id && violation.rule !== 'ClosedNode')
      return [name, [...new Set(against.map(({ rule }) => rule))]]
    }),
  )
}
