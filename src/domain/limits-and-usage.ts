import type { ObjectMeta, QuantityMap } from './object-meta.js'

/** How much the pods of a namespace may request together. */
export type ResourceQuotaObject = {
  readonly metadata: ObjectMeta
  /** CPU and memory requests alone, by the quota's own names (`requests.cpu`, or `cpu` for short). */
  readonly hard: QuantityMap
  readonly used: QuantityMap
  /** It counts some pods only: those of a priority class, those that end by themselves, … */
  readonly scoped: boolean
}

/** What a namespace gives to containers that say nothing of their size. */
export type LimitRangeObject = {
  readonly metadata: ObjectMeta
  /** Its items for containers, as the API server completes them. */
  readonly containers: readonly { readonly limits: QuantityMap; readonly requests: QuantityMap }[]
}

/** What the containers of a pod used when the cluster was read: one sample of the metrics API. */
export type PodUsageObject = {
  /** Name and namespace only; they are the pod's. */
  readonly metadata: ObjectMeta
  readonly containers: readonly { readonly name: string; readonly usage: QuantityMap }[]
}

/** What a node used as a whole, its system included: one sample of the metrics API. */
export type NodeUsageObject = {
  /** Name only; it is the node's. */
  readonly metadata: ObjectMeta
  readonly usage: QuantityMap
}
