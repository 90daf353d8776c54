import type { NodeOption } from '../domain/plan.js'
import type { Labels } from '../domain/snapshot.js'

const HOST_NAME = 'kubernetes.io/hostname'
const templates = new WeakMap<Labels, Labels>()

/**
 * The labels of a machine, with a name of its own. Searches make tens of thousands of nodes, each with a copy. The copy of
 * what was parsed, its keys all there, is a row of values to the engine; of labels that were put together one by one, or
 * that get one key more, it is a hash table of four times the size.
 */
export function hostLabels({ labels }: Pick<NodeOption, 'labels'>, name: string): Labels {
  const template = templates.get(labels) ?? (JSON.parse(JSON.stringify({ ...labels, [HOST_NAME]: '' })) as Labels)
  templates.set(labels, template)
  return { ...template, [HOST_NAME]: name }
}
