import type { PlanNode } from '../../domain/plan.js'
import { SPREAD_WEIGHT } from '../../domain/preferences.js'
import { valueOf } from '../../domain/requirement.js'
import type { SpreadWish } from './wishes.js'

/** Pods of a domain that a matcher selects, and the weights with which pods there ask for or against them. */
type Domain = {
  pods: number
  near: number
  apart: number
  /** The same of pods that the matcher selects themselves. */
  ownNear: number
  ownApart: number
}

/** Domains of nodes by host, by small numbers; `NOWHERE` where a node is in none. */
type DomainMap = { readonly at: Int32Array; readonly count: number }
const NOWHERE = -1

/**
 * Which host is in which domain, worked out once for all that ask alike: in a large cluster thousands of workloads ask
 * about thousands of hosts, and what each of them keeps must not grow with these.
 */
export class DomainMaps {
  readonly #nodes: readonly PlanNode[]
  readonly #known = new Map<string, DomainMap>()

  constructor(nodes: readonly PlanNode[]) {
    this.#nodes = nodes
  }

  ofKey(key: string): DomainMap {
    return this.#remember(key, () => {
      const domains = new Map<string, number>()
      return {
        at: Int32Array.from(this.#nodes, ({ labels }) => numberOf(domains, valueOf(labels, key))),
        count: domains.size,
      }
    })
  }

  /** Nodes whose pods do not count are in no domain. */
  ofSpread({ key, scope }: SpreadWish): DomainMap {
    return this.#remember(`${scope.id} ${key}`, () => {
      const domains = new Map<string, number>()
      const forms = this.#nodes.map(scope.forms)
      const values = this.#nodes.map(({ labels }) => valueOf(labels, key))
      for (const [host, value] of values.entries()) if (forms[host] === true) numberOf(domains, value)
      const at = Int32Array.from(this.#nodes, (node, host) => {
        const domain = domains.get(values[host] ?? '') ?? NOWHERE
        return forms[host] === true || (domain !== NOWHERE && scope.counts(node)) ? domain : NOWHERE
      })
      return { at, count: domains.size }
    })
  }

  #remember(question: string, answer: () => DomainMap): DomainMap {
    const known = this.#known.get(question) ?? answer()
    this.#known.set(question, known)
    return known
  }
}

function numberOf(domains: Map<string, number>, value: string | undefined): number {
  if (value === undefined) return NOWHERE
  const known = domains.get(value) ?? domains.size
  domains.set(value, known)
  return known
}

export class Tally {
  readonly #map: DomainMap
  /** Only those with pods or with wishes about them. */
  readonly #domains = new Map<number, Domain>()

  constructor(map: DomainMap) {
    this.#map = map
  }

  domainAt(host: number): number {
    return this.#map.at[host]!
  }

  /** Undefined where the node lacks the label. */
  podsAt(host: number): number | undefined {
    const number = this.domainAt(host)
    return number === NOWHERE ? undefined : (this.#domains.get(number)?.pods ?? 0)
  }

  /** Undefined where the node lacks the label; what is made of it must be changed, or forgotten. */
  at(host: number): Domain | undefined {
    const number = this.domainAt(host)
    if (number === NOWHERE) return undefined
    const known = this.#domains.get(number)
    if (known !== undefined) return known
    const made: Domain = { pods: 0, near: 0, apart: 0, ownNear: 0, ownApart: 0 }
    this.#domains.set(number, made)
    return made
  }

  forgetEmpty(host: number): void {
    const number = this.domainAt(host)
    const domain = this.#domains.get(number)
    if (domain === undefined || domain.pods !== 0) return
    if (domain.near === 0 && domain.apart === 0 && domain.ownNear === 0 && domain.ownApart === 0)
      this.#domains.delete(number)
  }

  enter(host: number): void {
    const domain = this.at(host)
    if (domain !== undefined) domain.pods += 1
  }
}

export class Spread {
  readonly maxSkew: number
  readonly workloads = new Set<string>()
  readonly #map: DomainMap
  /** By domain, where there are any. */
  readonly #pods = new Map<number, number>()
  /** How many domains have so many pods: only these few numbers decide about the skew. */
  readonly #domainsWith = new Map<number, number>()

  constructor({ maxSkew }: SpreadWish, map: DomainMap) {
    this.maxSkew = maxSkew
    this.#map = map
    this.#domainsWith.set(0, map.count)
  }

  get weight(): number {
    return SPREAD_WEIGHT * this.workloads.size
  }

  /** Infinite where no node makes a domain. */
  get skew(): number {
    if (this.#map.count === 0) return Infinity
    const counts = [...this.#domainsWith.keys()]
    return Math.max(...counts) - Math.min(...counts)
  }

  bump(host: number, by: 1 | -1): void {
    const domain = this.#map.at[host]!
    if (domain === NOWHERE) return
    const before = this.#pods.get(domain) ?? 0
    if (before + by === 0) this.#pods.delete(domain)
    else this.#pods.set(domain, before + by)
    this.#domainsWith.set(before + by, (this.#domainsWith.get(before + by) ?? 0) + 1)
    const rest = this.#domainsWith.get(before)! - 1
    if (rest === 0) this.#domainsWith.delete(before)
    else this.#domainsWith.set(before, rest)
  }
}
