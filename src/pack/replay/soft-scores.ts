import type { SoftRules, SoftSpread } from './soft-terms.js'
import type { WeightedTerm } from '../board/tally-book.js'

const MOST_POINTS = 100
/** Weights of the plugins in the default profile. */
const INTER_POD_AFFINITY = 2
const SPREAD = 2

/**
 * The scores of InterPodAffinity (interpodaffinity/scoring.go) and of PodTopologySpread with a pod's own ScheduleAnyway
 * constraints (podtopologyspread/scoring.go). Both count by what else the pod could have.
 */
export class SoftScores {
  #figures = new Float64Array(64)
  /** By domain: the question in which it was seen last. */
  readonly #seen: number[] = []
  #question = 0

  /** Adds to the points of the first `count` rows. */
  score({ pulls, spread }: SoftRules, rows: Int32Array, count: number, points: Int32Array): void {
    if (this.#figures.length < count) this.#figures = new Float64Array(2 * count)
    if (pulls.length > 0) this.#draw(pulls, rows, count, points)
    if (spread.length > 0) this.#spread(spread, rows, count, points)
  }

  #draw(pulls: readonly WeightedTerm[], rows: Int32Array, count: number, points: Int32Array): void {
    const sums = this.#figures
    let least = Infinity
    let most = -Infinity
    for (let at = 0; at < count; at += 1) {
      let sum = 0
      for (const { tally, weight } of pulls) sum += weight * tally.at(rows[at]!)
      sums[at] = sum
      if (sum < least) least = sum
      if (sum > most) most = sum
    }
    if (most === least) return
    for (let at = 0; at < count; at += 1)
      points[at]! += INTER_POD_AFFINITY * Math.floor(MOST_POINTS * ((sums[at]! - least) / (most - least)))
  }

  /** Nodes that lack a label of a constraint get no points: they are crowded beyond number. */
  #spread(spread: readonly SoftSpread[], rows: Int32Array, count: number, points: Int32Array): void {
    const crowds = this.#figures
    for (let at = 0; at < count; at += 1) crowds[at] = 0
    for (const { tally } of spread)
      for (let at = 0; at < count; at += 1) if (tally.key.at[rows[at]!]! < 0) crowds[at] = NaN
    for (const { tally, maxSkew } of spread) {
      const perDomain = Math.log(this.#domainsOf(tally, rows, count) + 2)
      for (let at = 0; at < count; at += 1) crowds[at]! += tally.at(rows[at]!) * perDomain + (maxSkew - 1)
    }
    let least = Infinity
    let most = 0
    for (let at = 0; at < count; at += 1) {
      const crowd = (crowds[at] = Math.round(crowds[at]!))
      if (crowd < least) least = crowd
      if (crowd > most) most = crowd
    }
    for (let at = 0; at < count; at += 1) {
      const crowd = crowds[at]!
      if (Number.isNaN(crowd)) continue
      points[at]! += SPREAD * (most === 0 ? MOST_POINTS : Math.floor((MOST_POINTS * (most + least - crowd)) / most))
    }
  }

  /** In how many of the topology's domains the nodes are, without those that lack a label. */
  #domainsOf({ key }: SoftSpread['tally'], rows: Int32Array, count: number): number {
    const seen = this.#seen
    const question = (this.#question += 1)
    let domains = 0
    for (let at = 0; at < count; at += 1) {
      const value = key.at[rows[at]!]!
      if (Number.isNaN(this.#figures[at]) || seen[value] === question) continue
      while (seen.length <= value) seen.push(0)
      seen[value] = question
      domains += 1
    }
    return domains
  }
}
