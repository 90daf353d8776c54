import type { Fault, Tenant, World } from './world.js'

type User = { readonly tenant: Tenant; readonly node: string }

/**
 * Claims that several pods use. ReadWriteOncePod (plugin VolumeRestrictions): one pod only, wherever it is. ReadWriteOnce:
 * the scheduler lets a second node try, where the volume then cannot be attached.
 */
export function claimFaults({ hosts, isJudged }: World): Fault[] {
  const exclusive = new Map<string, User[]>()
  const shared = new Map<string, User[]>()
  const note = (users: Map<string, User[]>, claim: string, user: User): void => {
    const known = users.get(claim)
    if (known === undefined) users.set(claim, [user])
    else known.push(user)
  }
  for (const { name: node, tenants } of hosts)
    for (const tenant of tenants) {
      const { exclusiveClaims, sharedClaims } = tenant.pod.volumes
      for (const claim of new Set(exclusiveClaims)) note(exclusive, claim, { tenant, node })
      for (const claim of new Set(sharedClaims)) note(shared, claim, { tenant, node })
    }

  const faults: Fault[] = []
  const blame = (users: readonly User[], rule: Fault['rule'], about: string, detail: string): void => {
    for (const { tenant, node } of users)
      if (isJudged(tenant)) faults.push({ pod: tenant.pod.id, node, rule, about, detail })
  }
  for (const [claim, users] of exclusive)
    if (users.length > 1)
      blame(users, 'VolumeRestrictions', claim, `claim ${claim} is ReadWriteOncePod and has ${users.length} users`)
  for (const [claim, users] of shared) {
    const nodes = [...new Set(users.map(({ node }) => node))].sort()
    if (nodes.length > 1)
      blame(
        users,
        'SharedClaim',
        claim,
        `claim ${claim} is ReadWriteOnce and used on ${nodes.length} nodes: ${nodes.join(', ')}`,
      )
  }
  return faults
}
