import type { Pod } from '../../domain/pod.js'
import { matchesNodeTerm, tolerates } from '../../domain/requirement.js'
import type { PodSpec } from '../../domain/snapshot.js'
import type { Site } from '../board/site.js'
import { wider } from './wider.js'

const MOST_POINTS = 100
/** Weights of the plugins in the default profile. */
const NODE_AFFINITY = 2
const TAINTS = 3

/** What pods of one template make of each node, by row. */
export type Likes = {
  readonly spec: PodSpec
  /** Weights of the preferred terms that the node meets, in sum; no row has ever had more than `mostMet`. */
  met: Int32Array
  mostMet: number
  /** Its taints with the effect PreferNoSchedule that the pods do not tolerate. */
  avoided: Int32Array
  mostAvoided: number
  /** Rows opened up to here have been looked at. */
  looked: number
  /** Nodes that were asked about last, and whether they differ in anything. */
  rows: Int32Array | undefined
  differ: boolean
}

/**
 * The scores of NodeAffinity (preferred terms) and TaintToleration (PreferNoSchedule): they do not change as nodes fill up,
 * but count by what else the pod could have (nodeaffinity/node_affinity.go, tainttoleration/taint_toleration.go).
 */
export class ReplayLikes {
  readonly #likes = new Map<PodSpec, Likes>()
  readonly #sites: Site[] = []
  /** Rows in the order in which they were opened; the same ones again for other nodes. */
  readonly #opened: number[] = []
  #isTainted = false

  open(row: number, site: Site): void {
    this.#sites[row] = site
    this.#opened.push(row)
    if (site.taints.some(({ effect }) => effect === 'PreferNoSchedule')) this.#isTainted = true
  }

  of({ spec }: Pod): Likes {
    const known = this.#likes.get(spec)
    if (known !== undefined) return known
    const made: Likes = {
      spec,
      met: NONE,
      mostMet: 0,
      avoided: NONE,
      mostAvoided: 0,
      looked: 0,
      rows: undefined,
      differ: false,
    }
    this.#likes.set(spec, made)
    return made
  }

  /** Does anything speak for one of these nodes rather than another? */
  matters(likes: Likes, rows: Int32Array): boolean {
    if (!this.#isTainted && (likes.spec.preferences?.nodes.length ?? 0) === 0) return false
    if (likes.looked === this.#opened.length && likes.rows === rows) return likes.differ
    this.#look(likes)
    likes.rows = rows
    likes.differ = differ(likes.met, rows) || differ(likes.avoided, rows)
    return likes.differ
  }

  /** Adds to the points of the first `count` rows, by what else could be chosen; after `matters`. */
  score(likes: Likes, rows: Int32Array, count: number, points: Int32Array): void {
    const { met, mostMet, avoided, mostAvoided } = likes
    if (mostMet > 0) addShares(met, rows, count, points, { of: 0, weight: NODE_AFFINITY })
    if (mostAvoided > 0) addShares(avoided, rows, count, points, { of: TAINTS * MOST_POINTS, weight: -TAINTS })
  }

  #look(likes: Likes): void {
    const opened = this.#opened
    if (likes.met.length < this.#sites.length) {
      likes.met = wider(likes.met, 2 * this.#sites.length)
      likes.avoided = wider(likes.avoided, 2 * this.#sites.length)
    }
    const { nodes = [] } = likes.spec.preferences ?? {}
    const { tolerations } = likes.spec
    for (; likes.looked < opened.length; likes.looked += 1) {
      const row = opened[likes.looked]!
      const site = this.#sites[row]!
      const met = nodes.reduce((sum, { weight, term }) => sum + (matchesNodeTerm(term, site) ? weight : 0), 0)
      const avoided = site.taints.filter(
        (taint) => taint.effect === 'PreferNoSchedule' && !tolerations.some((each) => tolerates(each, taint)),
      ).length
      likes.met[row] = met
      likes.avoided[row] = avoided
      likes.mostMet = Math.max(likes.mostMet, met)
      likes.mostAvoided = Math.max(likes.mostAvoided, avoided)
    }
  }
}

const NONE = new Int32Array()

const differ = (figures: Int32Array, rows: Int32Array): boolean =>
  rows.some((row) => figures[row] !== figures[rows[0]!])

/**
 * Adds `of` and `weight` times 0 to 100 to the points of the first `count` rows, as the scheduler brings figures to one scale
 * (helper.DefaultNormalizeScore); nothing where all figures are 0. Most are 0 or the greatest: those need no division.
 */
function addShares(
  figures: Int32Array,
  rows: Int32Array,
  count: number,
  points: Int32Array,
  { of, weight }: { readonly of: number; readonly weight: number },
): void {
  let most = 0
  for (let at = 0; at < count; at += 1) {
    const figure = figures[rows[at]!]!
    if (figure > most) most = figure
  }
  if (most === 0) return
  const whole = of + weight * MOST_POINTS
  for (let at = 0; at < count; at += 1) {
    const figure = figures[rows[at]!]!
    points[at]! += figure === 0 ? of : figure === most ? whole : of + weight * Math.floor((MOST_POINTS * figure) / most)
  }
}
