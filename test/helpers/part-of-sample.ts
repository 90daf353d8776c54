import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SnapshotBuilder } from '../../src/collect/snapshot-file.js'
import type { Snapshot } from '../../src/domain/snapshot.js'
import { ROOT } from './command.js'
import { readObjects, type ListedObject } from './kubectl-list.js'

/** What `demo` reports on. */
export const SAMPLE = join(ROOT, 'data', 'sample-cluster.json.gz')

/** Says of each node of the sample cluster whether it is in the part. */
export type Part = (node: ListedObject) => boolean

const FEW = ['0-25', '17-41', '18-34', '19-43', '20-102', '21-39', '34-57', '36-66']
const namesOfFew: ReadonlySet<string> = new Set(FEW.map((host) => `ip-10-40-${host}.ec2.internal`))

/**
 * One or two nodes of each group: an analysis takes a fifth of the sample's time. test/part-of-sample.test.ts says what
 * is in it.
 */
export const FEW_NODES: Part = ({ metadata }) => namesOfFew.has(metadata.name)

/** The managed node group or Karpenter NodePool of a node. */
export const groupOf = ({ metadata: { labels = {} } }: ListedObject): string | undefined =>
  labels['eks.amazonaws.com/nodegroup'] ?? labels['karpenter.sh/nodepool']

/**
 * A NodePool with on-demand and spot nodes, and a managed node group of spot nodes, whole, so that all replicas of their
 * workloads are there; plans buy, keep and remove nodes in both.
 */
export const TWO_GROUPS: Part = (node) => ['batch', 'spot-workers'].includes(groupOf(node) ?? '')

/**
 * The objects of a part of the sample cluster, as `kubectl get` lists them. Pods of other nodes are not among them, so
 * that none has lost its node; pods that wait for a node are, and so is all else that belongs to no node.
 */
export function partOfSample(part: Part = FEW_NODES): ListedObject[] {
  const objects = readObjects(SAMPLE)
  const nodes = new Set(objects.filter((one) => one.kind === 'Node' && part(one)).map(({ metadata }) => metadata.name))
  return objects.filter(({ kind, metadata, spec }) => {
    if (kind === 'Node' || kind === 'CSINode') return nodes.has(metadata.name)
    return kind !== 'Pod' || spec?.nodeName === undefined || nodes.has(spec.nodeName)
  })
}

/** Writes a part of the sample cluster into a file that `--snapshot` reads; gives its text. */
export function writePartOfSample(file: string, part?: Part): string {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: partOfSample(part) })
  writeFileSync(file, text)
  return text
}

/** A part of the sample cluster as the program reads it. */
export function snapshotOfPart(part?: Part): Snapshot {
  const builder = new SnapshotBuilder()
  for (const object of partOfSample(part)) builder.add(object, 'a part of the sample cluster')
  return builder.snapshot()
}
