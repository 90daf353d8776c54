import type { InstanceType } from '../../domain/offering.js'
import type { KubeletSettings, QuantityMap } from '../../domain/snapshot.js'
import { parseQuantity } from '../../domain/quantity.js'
import { MEBIBYTE } from '../../domain/units.js'
import { evaluateExpression } from './expression.js'

/** Kubelet settings of a node class as numbers for one type: millicores and bytes. Absent means not set. */
export type ReservedSettings = {
  readonly cpu?: number
  readonly memory?: number
  readonly ephemeralStorage?: number
}

export type SettingsResult = { readonly reserved: ReservedSettings; readonly failures: readonly string[] }

/** A quantity in its base unit (cores, bytes), or undefined where the text is none or is negative. */
export function quantity(text: string): number | undefined {
  const nano = parseQuantity(text.trim())
  return nano === undefined || nano < 0n ? undefined : Number(nano) / 1e9
}

/** What an expression's bare number stands for: millicores for CPU, MiB for memory and disk. */
const EXPRESSION_UNIT: Readonly<Record<string, number>> = { cpu: 1e-3 }

/**
 * `kubeReserved` or `systemReserved` of a type. An entry that is no quantity is a CEL expression, which sees the
 * resolved max pods; one that fails or is negative is dropped, as Karpenter does, and named.
 */
export function reservedSettings(entries: QuantityMap, type: InstanceType, maxPods: number): SettingsResult {
  const failures: string[] = []
  const value = (name: string): number | undefined => {
    const text = entries[name]
    if (text === undefined || text === '') return undefined
    const plain = quantity(text)
    if (plain !== undefined) return plain
    const result = evaluateExpression('karpenter', text, type, maxPods, 0)
    if (result.kind === 'value') return result.value * (EXPRESSION_UNIT[name] ?? MEBIBYTE)
    failures.push(`reserved ${name} expression failed for ${type.name} (${result.why}); it is left out`)
    return undefined
  }
  const cpu = value('cpu')
  const memory = value('memory')
  const disk = value('ephemeral-storage')
  return {
    reserved: {
      ...(cpu === undefined ? {} : { cpu: Math.ceil(cpu * 1000 - 1e-6) }),
      ...(memory === undefined ? {} : { memory: Math.ceil(memory) }),
      ...(disk === undefined ? {} : { ephemeralStorage: Math.ceil(disk) }),
    },
    failures,
  }
}

/** A hard eviction threshold of the kubelet settings, as written; the default where it is not set. */
export const evictionThreshold = (
  kubelet: KubeletSettings | undefined,
  signal: 'memory.available' | 'nodefs.available',
): string => {
  const written = kubelet?.evictionHard[signal]
  return written === undefined || written === '' ? (signal === 'memory.available' ? '100Mi' : '10%') : written
}
