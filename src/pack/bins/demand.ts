import type { Pod } from '../../domain/pod.js'
import { subtract, sum, type Resources } from '../../domain/resources.js'
import type { LiveNode } from '../problem.js'

function combined(a: Resources, b: Resources, choose: (a: number, b: number) => number): Resources {
  const pick = <Unit extends number>(x: Unit, y: Unit): Unit => choose(x, y) as Unit
  const extended: Record<string, number> = {}
  for (const name of [...Object.keys(a.extended), ...Object.keys(b.extended)])
    extended[name] = choose(a.extended[name] ?? 0, b.extended[name] ?? 0)
  return {
    cpu: pick(a.cpu, b.cpu),
    memory: pick(a.memory, b.memory),
    ephemeralStorage: pick(a.ephemeralStorage, b.ephemeralStorage),
    pods: pick(a.pods, b.pods),
    extended,
  }
}

/** The larger of both, resource by resource. */
export const mostOf = (a: Resources, b: Resources): Resources => combined(a, b, Math.max)

/** What a pod takes at least: one that stays counts as it is held, one that moves as its spec asks. */
export const leastHeld = ({ held, needed }: Pod): Resources => combined(held, needed, Math.min)

/** What a live node may carry: an over-committed one (static pods, a resize) may keep all that it has. */
export function mostOn({ node, residents, pods }: LiveNode): Resources {
  const free = subtract(node.allocatable, sum(residents.map(({ held }) => held)))
  return mostOf(free, sum(pods.map(({ held }) => held)))
}
