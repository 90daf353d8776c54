import type { VolumeRules } from '../domain/pod.js'
import { VOLUME_ZONE_LABELS } from '../domain/requirement.js'
import type {
  Expression,
  NodeSelectorTerm,
  PersistentVolumeClaimObject,
  PersistentVolumeObject,
  PodObject,
  PodVolume,
  StorageClassObject,
} from '../domain/snapshot.js'

/**
 * Volumes, claims and classes by name. Where the input holds no object of a kind at all, that kind was not asked for:
 * what is missing then is no problem of the pods (`Snapshot.absentKinds` says it once), so it restricts nothing.
 */
export type StorageIndex = {
  readonly claims: ReadonlyMap<string, PersistentVolumeClaimObject>
  readonly volumes: ReadonlyMap<string, PersistentVolumeObject>
  readonly classes: ReadonlyMap<string, StorageClassObject>
  /** Volumes that no claim names, by class: what a claim of a class without a provisioner can still get. */
  readonly unclaimed: ReadonlyMap<string, readonly PersistentVolumeObject[]>
}

export function storageIndex(parts: {
  readonly volumes: readonly PersistentVolumeObject[]
  readonly claims: readonly PersistentVolumeClaimObject[]
  readonly storageClasses: readonly StorageClassObject[]
}): StorageIndex {
  const taken = new Set(parts.claims.map((claim) => claim.volumeName))
  const unclaimed = new Map<string, PersistentVolumeObject[]>()
  for (const volume of parts.volumes) {
    if (taken.has(volume.metadata.name) || volume.metadata.deletedAt !== undefined) continue
    const ofClass = unclaimed.get(volume.storageClassName)
    if (ofClass === undefined) unclaimed.set(volume.storageClassName, [volume])
    else ofClass.push(volume)
  }
  return {
    claims: new Map(parts.claims.map((claim) => [`${claim.metadata.namespace}/${claim.metadata.name}`, claim])),
    volumes: new Map(parts.volumes.map((volume) => [volume.metadata.name, volume])),
    classes: new Map(parts.storageClasses.map((one) => [one.metadata.name, one])),
    unclaimed,
  }
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] extends readonly (infer Item)[] ? Item[] : never }
type Draft = Mutable<VolumeRules>

const emptyDraft = (): Draft => ({
  nodeTerms: [],
  zoneLabels: [],
  attachments: [],
  exclusiveClaims: [],
  sharedClaims: [],
  inTreeVolumes: [],
  localData: [],
  problems: [],
})

/** Shared by the many pods without a volume. */
export const NO_VOLUME_RULES: VolumeRules = emptyDraft()

/** In-tree EBS volumes are attached by the CSI driver since Kubernetes 1.23 and count against its limit. */
const EBS_DRIVER = 'ebs.csi.aws.com'
const driverOf = (provisioner: string): string => (provisioner === 'kubernetes.io/aws-ebs' ? EBS_DRIVER : provisioner)

const attach = (draft: Draft, driver: string, handle: string): void => {
  const known = draft.attachments.some((one) => one.driver === driver && one.handle === handle)
  if (driver !== '' && handle !== '' && !known) draft.attachments.push({ driver, handle })
}

/** Zone labels of a volume; `a__b` is a set, and a set with an empty member is no set (cloud-provider LabelZonesToSet). */
const zoneLabels = ({ metadata }: PersistentVolumeObject): Expression[] =>
  VOLUME_ZONE_LABELS.flatMap((key) => {
    const values = (metadata.labels[key] ?? '').split('__').map((value) => value.trim())
    return values.includes('') ? [] : [{ key, operator: 'In', values }]
  })

function addVolume(draft: Draft, volume: PersistentVolumeObject, claimId: string): void {
  if (volume.requiredNodeTerms !== undefined) draft.nodeTerms.push(volume.requiredNodeTerms)
  draft.zoneLabels.push(...zoneLabels(volume))
  attach(draft, volume.driver, volume.handle)
  if (volume.local) draft.localData.push(`local volume ${volume.metadata.name} (claim ${claimId})`)
}

const STATIC_PROVISIONER = 'kubernetes.io/no-provisioner'

/** A claim of a class that only hands out volumes made beforehand: one of the free ones must be on the node. */
function addStaticChoice(draft: Draft, claim: PersistentVolumeClaimObject, id: string, storage: StorageIndex): void {
  const free = (storage.unclaimed.get(claim.storageClassName) ?? []).filter((volume) =>
    claim.accessModes.every((mode) => volume.accessModes.includes(mode)),
  )
  if (free.length === 0 && storage.volumes.size > 0)
    draft.problems.push(`claim ${id} is not bound, and no volume of class ${claim.storageClassName} is free`)
  const terms = free.map((volume) => volume.requiredNodeTerms)
  const anywhere = free.length === 0 || terms.includes(undefined)
  if (!anywhere) draft.nodeTerms.push(terms.flatMap((each) => each ?? []))
}

/** A node that the scheduler has chosen for a claim before: until provisioning fails there, it is the only one. */
const SELECTED_NODE = 'volume.kubernetes.io/selected-node'

const onlyNode = (name: string): NodeSelectorTerm[] => [
  { matchExpressions: [], matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] },
]

function addUnbound(draft: Draft, claim: PersistentVolumeClaimObject, id: string, storage: StorageIndex): void {
  const { storageClassName } = claim
  const storageClass = storage.classes.get(storageClassName)
  if (storageClassName === '') draft.problems.push(`claim ${id} is not bound and names no storage class`)
  else if (storageClass === undefined) {
    if (storage.classes.size > 0)
      draft.problems.push(`claim ${id} is not bound, and its storage class ${storageClassName} does not exist`)
  } else if (storageClass.volumeBindingMode !== 'WaitForFirstConsumer')
    draft.problems.push(`claim ${id} is not bound, though its storage class ${storageClassName} binds at once`)
  else if (storageClass.provisioner === STATIC_PROVISIONER) addStaticChoice(draft, claim, id, storage)
  else {
    if (storageClass.allowedTopologies.length > 0) draft.nodeTerms.push(storageClass.allowedTopologies)
    const selected = claim.metadata.annotations[SELECTED_NODE] ?? ''
    if (selected !== '') draft.nodeTerms.push(onlyNode(selected))
    attach(draft, driverOf(storageClass.provisioner), id)
  }
}

/** Modes that more than one node may use at a time. */
const MANY_NODES = ['ReadWriteMany', 'ReadOnlyMany']

function addClaim(draft: Draft, id: string, storage: StorageIndex): void {
  const claim = storage.claims.get(id)
  if (claim === undefined) {
    if (storage.claims.size > 0) draft.problems.push(`claim ${id} does not exist`)
    return
  }
  const { accessModes, volumeName } = claim
  if (accessModes.includes('ReadWriteOncePod')) draft.exclusiveClaims.push(id)
  else if (accessModes.includes('ReadWriteOnce') && !accessModes.some((mode) => MANY_NODES.includes(mode)))
    draft.sharedClaims.push(id)
  if (claim.metadata.deletedAt !== undefined) draft.problems.push(`claim ${id} is being deleted`)
  if (claim.phase === 'Lost') draft.problems.push(`claim ${id} has lost its volume ${volumeName}`)
  if (volumeName === '') {
    addUnbound(draft, claim, id, storage)
    return
  }
  const volume = storage.volumes.get(volumeName)
  if (volume !== undefined) addVolume(draft, volume, id)
  else if (storage.volumes.size > 0 && claim.phase !== 'Lost')
    draft.problems.push(`volume ${volumeName} of claim ${id} does not exist`)
}

/** `aws://us-east-1a/vol-0abc` and `vol-0abc` are one disk. */
const diskId = (volumeId: string): string => volumeId.split('/').at(-1) ?? volumeId

/** The claim behind a volume, `namespace/name`; a generic ephemeral volume has one of its own. */
const claimOf = (volume: PodVolume, { metadata }: PodObject): string | undefined =>
  volume.kind === 'claim'
    ? `${metadata.namespace}/${volume.claim}`
    : volume.kind === 'ephemeral'
      ? `${metadata.namespace}/${metadata.name}-${volume.name}`
      : undefined

function addOwnVolume(draft: Draft, volume: PodVolume): void {
  switch (volume.kind) {
    case 'claim':
    case 'ephemeral':
      return
    case 'emptyDir':
      if (!volume.memory) draft.localData.push(`emptyDir ${volume.name}`)
      return
    case 'hostPath':
      draft.localData.push(`hostPath ${volume.name} (${volume.path})`)
      return
    case 'awsElasticBlockStore':
      // Plugin VolumeRestrictions looks at the id alone: read-only mounts of one disk conflict as well.
      draft.inTreeVolumes.push(diskId(volume.volumeId))
      attach(draft, EBS_DRIVER, diskId(volume.volumeId))
      return
    default:
      volume satisfies never
  }
}

/**
 * What the volumes of a pod demand of its node (kube-scheduler plugins VolumeBinding, VolumeZone, VolumeRestrictions and
 * NodeVolumeLimits), plus what the scheduler does not look at: ReadWriteOnce claims and data on the node. Entries of
 * `localData` read `emptyDir NAME`, `hostPath NAME (PATH)` or `local volume NAME (claim NAMESPACE/NAME)`.
 */
export function volumeRules(pod: PodObject, storage: StorageIndex): VolumeRules {
  if (pod.volumes.length === 0) return NO_VOLUME_RULES
  const draft = emptyDraft()
  const claims = new Set(pod.volumes.map((volume) => claimOf(volume, pod)))
  for (const id of claims) if (id !== undefined) addClaim(draft, id, storage)
  for (const volume of pod.volumes) addOwnVolume(draft, volume)
  return draft
}
