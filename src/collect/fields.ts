import type {
  Expression,
  LabelSelector,
  Labels,
  NodeSelectorTerm,
  ObjectMeta,
  OwnerReference,
  QuantityMap,
  Taint,
} from '../domain/snapshot.js'

/**
 * Reads API objects field by field. Written by hand, not with a schema library: a large cluster has 150,000 pods, and
 * what a stranger's file holds in a field of the wrong type is read as absent, as the API server itself would refuse it.
 */
export type Json = Readonly<Record<string, unknown>>

export const EMPTY: Json = {}
export const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : EMPTY
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
export const text = (value: unknown): string => (typeof value === 'string' ? value : '')
export const integer = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? Math.trunc(value) : undefined
export const optionalText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
export const texts = (value: unknown): readonly string[] => list(value).map(scalarText)

/** Quantities and IntOrString fields may be written as bare numbers in YAML-born JSON. */
export const scalarText = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''

export const textMap = (value: unknown): Labels => {
  const result: Record<string, string> = {}
  for (const [key, entry] of Object.entries(object(value))) result[key] = scalarText(entry)
  return result
}
export const quantityMap: (value: unknown) => QuantityMap = textMap

/** Annotations that the model reads; all others are dropped where they are read (docs/permissions.md lists them). */
const KEPT_ANNOTATIONS =
  /^(karpenter\.sh\/|cluster-autoscaler\.kubernetes\.io\/|k8s-cost\/|spot\.kubecost\.com\/|kubernetes\.io\/config\.mirror$|CapacityProvisioned$|volume\.kubernetes\.io\/selected-node$)/

export const keptAnnotations = (value: unknown): Labels => {
  const kept: Record<string, string> = {}
  for (const [key, entry] of Object.entries(object(value)))
    if (KEPT_ANNOTATIONS.test(key)) kept[key] = scalarText(entry)
  return kept
}

export function readMeta(value: unknown): ObjectMeta {
  const meta = object(value)
  return {
    name: text(meta['name']),
    namespace: text(meta['namespace']),
    uid: text(meta['uid']),
    labels: textMap(meta['labels']),
    annotations: keptAnnotations(meta['annotations']),
    owners: list(meta['ownerReferences']).map(readOwner),
    createdAt: optionalText(meta['creationTimestamp']),
    deletedAt: optionalText(meta['deletionTimestamp']),
  }
}

function readOwner(value: unknown): OwnerReference {
  const owner = object(value)
  return {
    kind: text(owner['kind']),
    name: text(owner['name']),
    uid: text(owner['uid']),
    controller: owner['controller'] === true,
  }
}

const readExpression = (value: unknown): Expression => {
  const expression = object(value)
  return {
    key: text(expression['key']),
    operator: text(expression['operator']),
    values: texts(expression['values']),
  }
}

export const readExpressions = (value: unknown): readonly Expression[] => list(value).map(readExpression)

/** Undefined stands for null or absent, which matches nothing; an empty selector matches everything. */
export function readSelector(value: unknown): LabelSelector | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const selector = object(value)
  return {
    matchLabels: textMap(selector['matchLabels']),
    matchExpressions: readExpressions(selector['matchExpressions']),
  }
}

export const readNodeTerm = (value: unknown): NodeSelectorTerm => {
  const term = object(value)
  return {
    matchExpressions: readExpressions(term['matchExpressions']),
    matchFields: readExpressions(term['matchFields']),
  }
}

export const readNodeTerms = (value: unknown): readonly NodeSelectorTerm[] => list(value).map(readNodeTerm)

export const readTaints = (value: unknown): readonly Taint[] =>
  list(value).map((entry) => {
    const taint = object(entry)
    return { key: text(taint['key']), value: scalarText(taint['value']), effect: text(taint['effect']) }
  })
