import { valueOf, VOLUME_ZONE_LABELS } from '../../domain/requirement.js'
import type { Expression, NodeSelectorTerm } from '../../domain/snapshot.js'
import type { Site } from './site.js'

/**
 * Sorts sites by what the rules can tell apart. A label that no rule looks at does not count, and of one that rules
 * compare with listed values all other values are one: a thousand host names are a single shape until some volume names
 * one of them.
 */
export type SiteShapes = {
  lookAt(key: string, values: readonly string[]): void
  lookAtTerm(term: NodeSelectorTerm): void
  lookAtVolumeZones(zoneLabels: readonly Expression[]): void
  /** From here on, looking at something new throws: it would tell apart sites that were sorted together. */
  seal(): void
  shapeOf(site: Site): number
  /** Some site of the shape. */
  exampleOf(shape: number): Site
}

/** Values that rules name; `ordered` where one compares numbers, so that every value may differ. */
type Interest = { readonly values: Set<string>; ordered: boolean }

export function createSiteShapes(): SiteShapes {
  const interests = new Map<string, Interest>()
  const names = new Set<string>()
  const ids = new Map<string, number>()
  const examples: Site[] = []
  /** Searches put the same sites on the board again and again. */
  const shapes = new WeakMap<Site, number>()

  let sealed = false

  /** Adds what is new. */
  const note = (seen: Set<string>, values: readonly string[]): void => {
    for (const value of values) {
      if (sealed && !seen.has(value))
        throw new Error(`a pod with a new node rule (${value}) came after the board was made`)
      seen.add(value)
    }
  }
  const interestIn = (key: string, ordered: boolean): Interest => {
    const interest = interests.get(key) ?? { values: new Set<string>(), ordered }
    if (sealed && !(interests.has(key) && (interest.ordered || !ordered))) {
      throw new Error(`a pod with a new rule about node label ${key} came after the board was made`)
    }
    interest.ordered ||= ordered
    interests.set(key, interest)
    return interest
  }
  const lookAt = (key: string, values: readonly string[]): void => note(interestIn(key, false).values, values)

  const describe = (site: Site): string => {
    const parts: string[] = [site.unschedulable ? 'cordoned' : '', names.has(site.name) ? site.name : '']
    for (const [key, interest] of interests) {
      const value = valueOf(site.labels, key)
      parts.push(
        value === undefined ? 'absent' : interest.ordered || interest.values.has(value) ? `=${value}` : 'other',
      )
    }
    for (const { key, value, effect } of site.taints) parts.push(key, value, effect)
    return parts.join('\n')
  }

  return {
    lookAt,
    lookAtTerm({ matchExpressions, matchFields }) {
      for (const { key, operator, values } of matchExpressions) {
        if (operator === 'Gt' || operator === 'Lt') interestIn(key, true)
        else lookAt(key, values)
      }
      for (const { values } of matchFields) note(names, values)
    },
    lookAtVolumeZones(zoneLabels) {
      if (zoneLabels.length === 0) return
      const values = zoneLabels.flatMap((expression) => expression.values)
      for (const key of [...VOLUME_ZONE_LABELS, ...zoneLabels.map((expression) => expression.key)]) lookAt(key, values)
    },
    seal() {
      sealed = true
    },
    shapeOf(site) {
      const before = shapes.get(site)
      if (before !== undefined) return before
      const key = describe(site)
      const shape = ids.get(key) ?? examples.push(site) - 1
      ids.set(key, shape)
      // A rule that is yet to come may tell apart what is one now.
      if (sealed) shapes.set(site, shape)
      return shape
    },
    exampleOf: (shape) => examples[shape]!,
  }
}
