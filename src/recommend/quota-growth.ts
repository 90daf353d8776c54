import type { Plan } from '../domain/plan.js'
import type { Pod } from '../domain/pod.js'
import { milliValueOf, parseQuantity, valueOf } from '../domain/quantity.js'
import { subtract } from '../domain/resources.js'
import type { Finding, QuantityMap, ResourceQuotaObject } from '../domain/snapshot.js'
import { GIBIBYTE } from '../domain/units.js'
import { requestedOn } from './figures.js'
import type { Growth } from './growth.js'

/** Millicores and bytes; undefined: nothing bounds it. */
type Amount = { readonly cpu: number | undefined; readonly memory: number | undefined }

const read = (text: string | undefined, of: (quantity: bigint) => number): number | undefined => {
  const quantity = text === undefined ? undefined : parseQuantity(text)
  return quantity === undefined ? undefined : of(quantity)
}

const amountOf = (quantities: QuantityMap): Amount => ({
  cpu: read(quantities['requests.cpu'] ?? quantities['cpu'], milliValueOf),
  memory: read(quantities['requests.memory'] ?? quantities['memory'], valueOf),
})

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b)

/** Further requests that the quota allows; what it counts itself is taken before what its pods add up to. */
function leftIn({ hard, used }: ResourceQuotaObject, requested: Amount): Amount {
  const [most, counted] = [amountOf(hard), amountOf(used)]
  const left = (name: keyof Amount): number | undefined => {
    const [of, taken] = [most[name], counted[name] ?? requested[name]]
    return of === undefined ? undefined : Math.max(0, of - (taken ?? 0))
  }
  return { cpu: left('cpu'), memory: left('memory') }
}

/** Of several quotas of a namespace all bind. One that counts some of the pods only bounds no namespace. */
function leftByNamespace(
  quotas: readonly ResourceQuotaObject[],
  pods: readonly Pod[],
): readonly (readonly [namespace: string, left: Amount])[] {
  const requested = new Map<string, { cpu: number; memory: number }>()
  for (const { namespace, needed } of pods) {
    const sum = requested.get(namespace) ?? { cpu: 0, memory: 0 }
    requested.set(namespace, { cpu: sum.cpu + needed.cpu, memory: sum.memory + needed.memory })
  }
  const left = new Map<string, Amount>()
  for (const quota of quotas) {
    if (quota.scoped) continue
    const { namespace } = quota.metadata
    const one = leftIn(quota, requested.get(namespace) ?? { cpu: 0, memory: 0 })
    const known = left.get(namespace)
    left.set(namespace, { cpu: least(one.cpu, known?.cpu), memory: least(one.memory, known?.memory) })
  }
  return [...left].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** What the plan's open nodes have left, all together: no pod can be spread over them, so less than it fits. */
function roomIn({ nodes }: Plan): { readonly cpu: number; readonly memory: number } {
  let [cpu, memory] = [0, 0]
  for (const node of nodes) {
    if (!node.packed || node.unschedulable) continue
    const left = subtract(node.allocatable, requestedOn(node))
    cpu += Math.max(0, left.cpu)
    memory += Math.max(0, left.memory)
  }
  return { cpu, memory }
}

const cores = (cpu: number): string => `${Math.round(cpu / 100) / 10} CPU`
const gib = (memory: number): string => `${Math.round((memory / GIBIBYTE) * 10) / 10} GiB`
const words = ({ cpu, memory }: Amount): string =>
  [...(cpu ? [cores(cpu)] : []), ...(memory ? [gib(memory)] : [])].join(' and ')

/**
 * Namespaces that their quotas let grow. Plans hold today's pods: what a namespace may request beyond them finds the room
 * that the plan leaves, or needs new nodes.
 */
export function quotaGrowth(
  plan: Plan | undefined,
  pods: readonly Pod[],
  quotas: readonly ResourceQuotaObject[],
): Growth {
  if (plan === undefined || quotas.length === 0) return { notes: [], findings: [] }
  const growing = leftByNamespace(quotas, pods).filter(([, { cpu, memory }]) => (cpu ?? 0) > 0 || (memory ?? 0) > 0)
  if (growing.length === 0) return { notes: [], findings: [] }
  const room = roomIn(plan)
  const total = (name: keyof Amount): number => growing.reduce((sum, [, left]) => sum + (left[name] ?? 0), 0)
  const count = `${growing.length} namespace${growing.length === 1 ? '' : 's'}`
  return {
    notes: [
      `Plans hold today's pods: quotas let ${count} request ${words({ cpu: total('cpu'), memory: total('memory') })} more; the recommended plan has room for ${cores(room.cpu)} and ${gib(room.memory)} on all its nodes together.`,
    ],
    findings: growing.flatMap(([namespace, left]): readonly Finding[] =>
      (left.cpu ?? 0) <= room.cpu && (left.memory ?? 0) <= room.memory
        ? []
        : [
            {
              code: 'quota-beyond-plan',
              subject: namespace,
              detail: `namespace ${namespace} may still request ${words(left)} within its quota; the plan has room for ${cores(room.cpu)} and ${gib(room.memory)} on all its nodes together, so more nodes must come then`,
            },
          ],
    ),
  }
}
