/** What every Kubernetes object has, in the API's own shape. */
export type Labels = Readonly<Record<string, string>>
export type QuantityMap = Readonly<Record<string, string>>

export type OwnerReference = {
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller: boolean
}

export type ObjectMeta = {
  readonly name: string
  /** Empty for cluster-wide kinds. */
  readonly namespace: string
  readonly uid: string
  readonly labels: Labels
  /** Only the annotations that the model reads (see docs/permissions.md). */
  readonly annotations: Labels
  readonly owners: readonly OwnerReference[]
  readonly createdAt: string | undefined
  readonly deletedAt: string | undefined
}
