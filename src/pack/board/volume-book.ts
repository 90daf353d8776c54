import type { FilterName, Refusal } from '../../domain/plan.js'
import type { Pod, VolumeRules } from '../../domain/pod.js'
import { createInterner } from './interner.js'
import type { Site } from './site.js'

/** Volumes of one driver, which has a number. */
type Attaching = { readonly driver: number; readonly name: string; readonly handles: readonly string[] }

/** What a pod's volumes do to, and ask of, the sites. Undefined for the many pods that have none of it. */
export type VolumeUse = {
  readonly byDriver: readonly Attaching[]
  readonly exclusiveClaims: readonly string[]
  readonly sharedClaims: readonly string[]
  readonly inTreeVolumes: readonly string[]
  /** Equal for pods whose volumes any packing could swap: what no other pod uses counts by number alone. */
  readonly key: string
  /** Shares a claim with another pod, so that it matters where that one is. */
  readonly looksAround: boolean
}

/** Volumes attached and claims in use, per site. Adding a pod and removing it again leaves no trace. */
export type VolumeBook = {
  useOf(pod: Pod): VolumeUse | undefined
  open(site: number, attachLimits: Site['attachLimits']): void
  change(site: number, use: VolumeUse, by: 1 | -1): void
  admits(site: number, use: VolumeUse): boolean
  /** Plugins NodeVolumeLimits and VolumeRestrictions; a ReadWriteOnce claim in use elsewhere is reported as the latter. */
  refusals(site: number, use: VolumeUse): Refusal[]
}

type Counts = Map<string, number>
type SiteVolumes = {
  readonly limits: Site['attachLimits']
  /** Pods by handle, by the number of the driver. */
  readonly attached: (Counts | undefined)[]
  readonly inTree: Counts
}

const NO_COUNTS: ReadonlyMap<string, number> = new Map()

export function createVolumeBook(pods: readonly Pod[]): VolumeBook {
  const sites: SiteVolumes[] = []
  /** Claims are not deleted when the last user goes: see topology.ts. */
  const exclusiveUsers: Counts = new Map()
  const sharedUsers = new Map<string, Map<number, number>>()

  const drivers = createInterner()

  const users: Counts = new Map()
  for (const { volumes } of pods) for (const name of new Set(namesOf(volumes))) bump(users, name, 1)
  const isShared = (name: string): boolean => (users.get(name) ?? 0) > 1

  /** Volumes of one driver over the limit if these came too; undefined where they may come. */
  const overLimit = ({ limits, attached }: SiteVolumes, { driver, name, handles }: Attaching): string | undefined => {
    const limit = limits[name]
    if (limit === undefined) return undefined
    const present = attached[driver] ?? NO_COUNTS
    if (present.size + handles.length <= limit) return undefined
    let added = 0
    for (const handle of handles) if (!present.has(handle)) added++
    if (added === 0 || present.size + added <= limit) return undefined
    return `${present.size} volumes of ${name} are attached, ${added} more would pass the limit of ${limit}`
  }
  const isTaken = (claim: string): boolean => (exclusiveUsers.get(claim) ?? 0) > 0
  const usedElsewhere = (site: number, claim: string): boolean => {
    const at = sharedUsers.get(claim)
    return at !== undefined && at.size > 0 && !at.has(site)
  }

  return {
    useOf({ volumes }) {
      const { attachments, exclusiveClaims, sharedClaims, inTreeVolumes } = volumes
      if (attachments.length + exclusiveClaims.length + sharedClaims.length + inTreeVolumes.length === 0)
        return undefined
      const byDriver = [...new Set(attachments.map(({ driver }) => driver))].sort().map((name) => ({
        driver: drivers.idOf(name),
        name,
        handles: [...new Set(attachments.filter(({ driver }) => driver === name).map(({ handle }) => handle))],
      }))
      const shared = namesOf(volumes).filter(isShared)
      const privateCounts = byDriver.map(({ name, handles }) => [
        name,
        handles.filter((handle) => !isShared(volumeName(name, handle))).length,
      ])
      return {
        byDriver,
        exclusiveClaims,
        sharedClaims,
        inTreeVolumes,
        key: JSON.stringify([[...new Set(shared)].sort(), privateCounts]),
        looksAround: [...exclusiveClaims.map(exclusiveName), ...sharedClaims.map(sharedName)].some(isShared),
      }
    },
    open(site, limits) {
      sites[site] = { limits, attached: [], inTree: new Map() }
    },
    change(site, use, by) {
      const { attached, inTree } = sites[site]!
      for (const { driver, handles } of use.byDriver) {
        const present = (attached[driver] ??= new Map())
        for (const handle of handles) bump(present, handle, by)
      }
      for (const volume of use.inTreeVolumes) bump(inTree, volume, by)
      for (const claim of use.exclusiveClaims) exclusiveUsers.set(claim, (exclusiveUsers.get(claim) ?? 0) + by)
      for (const claim of use.sharedClaims) {
        const at = sharedUsers.get(claim) ?? new Map<number, number>()
        sharedUsers.set(claim, at)
        bump(at, site, by)
      }
    },
    admits(site, use) {
      const volumes = sites[site]!
      for (const attaching of use.byDriver) if (overLimit(volumes, attaching) !== undefined) return false
      for (const claim of use.exclusiveClaims) if (isTaken(claim)) return false
      for (const claim of use.sharedClaims) if (usedElsewhere(site, claim)) return false
      for (const volume of use.inTreeVolumes) if (volumes.inTree.has(volume)) return false
      return true
    },
    refusals(site, use) {
      const refusals: Refusal[] = []
      const refuse = (filter: FilterName, detail: string): void => {
        refusals.push({ kind: 'rule', filter, detail })
      }
      const volumes = sites[site]!
      for (const attaching of use.byDriver) {
        const over = overLimit(volumes, attaching)
        if (over !== undefined) refuse('NodeVolumeLimits', over)
      }
      for (const claim of use.exclusiveClaims) {
        if (isTaken(claim)) refuse('VolumeRestrictions', `claim ${claim} is ReadWriteOncePod and in use`)
      }
      for (const claim of use.sharedClaims) {
        if (usedElsewhere(site, claim)) {
          refuse('VolumeRestrictions', `claim ${claim} is ReadWriteOnce and in use on another node`)
        }
      }
      for (const volume of use.inTreeVolumes) {
        if (volumes.inTree.has(volume)) refuse('VolumeRestrictions', `volume ${volume} is mounted on the node already`)
      }
      return refusals
    },
  }
}

function bump<Key>(counts: Map<Key, number>, key: Key, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}

const volumeName = (driver: string, handle: string): string => `volume ${driver} ${handle}`
const exclusiveName = (claim: string): string => `exclusive ${claim}`
const sharedName = (claim: string): string => `shared ${claim}`

const namesOf = ({ attachments, exclusiveClaims, sharedClaims, inTreeVolumes }: VolumeRules): string[] => [
  ...attachments.map(({ driver, handle }) => volumeName(driver, handle)),
  ...exclusiveClaims.map(exclusiveName),
  ...sharedClaims.map(sharedName),
  ...inTreeVolumes.map((volume) => `in-tree ${volume}`),
]
