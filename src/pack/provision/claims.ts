import type { NodeOption } from '../../domain/plan.js'
import type { Pod } from '../../domain/pod.js'
import { sum, type Resources } from '../../domain/resources.js'
import { acceptsPods, type Draft, type Slot } from '../draft.js'
import type { Market } from '../machines.js'
import { byText } from '../order.js'
import { holds, room } from '../shapes.js'

export type ClaimTools = {
  readonly draft: Draft
  readonly market: Market
  /** A node of the kind that is not among these. */
  readonly nodeOf: (option: NodeOption, inUse: ReadonlySet<Slot>) => Slot
  /** Of zones that are as good, which comes first; absent: by name. */
  readonly byZone?: (a: string, b: string) => number
  /** Does the pod want a spot node, where its machines come as one? */
  readonly wantsSpot: (pod: Pod) => boolean
}

/** A node that is being filled: what it has come to hold, and the machines of its zone that still hold all of it. */
export type Claim = { slot: Slot; types: readonly NodeOption[]; readonly pods: Pod[]; need: Resources }

/** By cpu, then memory, the largest first (`provisioning/scheduling/queue.go`). */
export const byCpuThenMemory = (pods: readonly Pod[]): Pod[] =>
  [...pods].sort((a, b) => b.needed.cpu - a.needed.cpu || b.needed.memory - a.needed.memory || byText(a.id, b.id))

const largest = (types: readonly NodeOption[]): NodeOption | undefined =>
  types.reduce<NodeOption | undefined>(
    (best, one) => (best === undefined || room(one).cpu > room(best).cpu ? one : best),
    undefined,
  )

/** Provisions nodes for one group as Karpenter does, on a draft whose rules all hold. */
export class Claims {
  readonly #draft: Draft
  readonly #market: Market
  readonly #nodeOf: ClaimTools['nodeOf']
  readonly #byZone: (a: string, b: string) => number
  readonly #wantsSpot: (pod: Pod) => boolean
  readonly #inUse = new Set<Slot>()
  /** By list of machines: the same ones as a set. */
  readonly #sets = new Map<readonly NodeOption[], ReadonlySet<NodeOption>>()

  constructor({ draft, market, nodeOf, byZone = byText, wantsSpot }: ClaimTools) {
    this.#byZone = byZone
    this.#draft = draft
    this.#market = market
    this.#nodeOf = nodeOf
    this.#wantsSpot = wantsSpot
  }

  /** Puts the pod on the first of these nodes that takes it. */
  onNode(pod: Pod, slots: readonly Slot[]): boolean {
    const slot = slots.find((one) => acceptsPods(one) && this.#draft.takes(one, pod))
    if (slot !== undefined) this.#draft.put(pod, slot)
    return slot !== undefined
  }

  /** Puts the pod on the claim if any machine that it could still become takes all of it. */
  onClaim(pod: Pod, claim: Claim): boolean {
    const allowed = this.#setOf(this.#market.that(pod))
    const need = sum([claim.need, pod.needed])
    const types = claim.types.filter((option) => allowed.has(option) && holds(room(option), need))
    if (types.length === 0) return false
    const mark = this.#draft.mark()
    const slot = this.#become(claim, types, need)
    if (slot === undefined || !this.#draft.takes(slot, pod)) {
      this.#draft.rollback(mark)
      return false
    }
    this.#draft.put(pod, slot)
    this.#adopt(claim, slot)
    claim.types = types
    claim.need = need
    claim.pods.push(pod)
    return true
  }

  /** A new claim in the first zone that takes the pod, those with the fewest claims first. */
  open(pod: Pod, claims: readonly Claim[]): Claim | undefined {
    const machines = this.#market.that(pod)
    const inZone = (zone: string): number => claims.filter(({ types }) => types[0]?.zone === zone).length
    const zones = [...new Set(machines.map(({ zone }) => zone))].sort(
      (a, b) => inZone(a) - inZone(b) || this.#byZone(a, b),
    )
    for (const zone of zones) {
      const here = machines.filter((option) => option.zone === zone)
      const spot = here.filter(({ capacityType }) => capacityType === 'spot')
      const types = spot.length > 0 && this.#wantsSpot(pod) ? spot : here.filter((option) => !spot.includes(option))
      const option = largest(types.length > 0 ? types : spot)
      if (option === undefined) continue
      const slot = this.#nodeOf(option, this.#inUse)
      this.#draft.open(slot)
      if (this.#draft.takes(slot, pod)) {
        this.#draft.put(pod, slot)
        this.#inUse.add(slot)
        return { slot, types: types.length > 0 ? types : spot, pods: [pod], need: pod.needed }
      }
      this.#draft.close(slot)
    }
    return undefined
  }

  /** Makes the claim a node of the cheapest machine that holds it, by the rules of its pods as well. */
  settle(claim: Claim): void {
    const byPrice = [...claim.types].sort((a, b) => a.price.rate - b.price.rate || byText(a.id, b.id))
    for (const option of byPrice) {
      if (!holds(room(option), claim.need)) continue
      const mark = this.#draft.mark()
      const slot = this.#move(claim, option)
      if (slot.pods.size === claim.pods.length) {
        this.#adopt(claim, slot)
        return
      }
      this.#draft.rollback(mark)
    }
  }

  #setOf(machines: readonly NodeOption[]): ReadonlySet<NodeOption> {
    const known = this.#sets.get(machines) ?? new Set(machines)
    this.#sets.set(machines, known)
    return known
  }

  /** The claim's node while it is open: the largest of the machines that it may become. */
  #become(claim: Claim, types: readonly NodeOption[], need: Resources): Slot | undefined {
    const { origin } = claim.slot
    if (origin.kind === 'new' && types.includes(origin.option)) return claim.slot
    const option = largest(types.filter((one) => holds(room(one), need)))
    if (option === undefined) return undefined
    const slot = this.#move(claim, option)
    return slot.pods.size === claim.pods.length ? slot : undefined
  }

  /** Moves the claim's pods to a node of another machine, as far as that takes them. */
  #move(claim: Claim, option: NodeOption): Slot {
    if (claim.slot.origin.kind === 'new' && claim.slot.origin.option === option) return claim.slot
    for (const pod of claim.pods) this.#draft.take(pod)
    this.#draft.close(claim.slot)
    const slot = this.#nodeOf(option, this.#inUse)
    this.#draft.open(slot)
    for (const pod of claim.pods) if (this.#draft.takes(slot, pod)) this.#draft.put(pod, slot)
    return slot
  }

  #adopt(claim: Claim, slot: Slot): void {
    this.#inUse.delete(claim.slot)
    this.#inUse.add(slot)
    claim.slot = slot
  }
}
