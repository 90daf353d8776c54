import type { InstanceType } from '../../domain/offering.js'
import type { Sample } from './live-node.js'
import { addressLimit, maxPodsIn, recommendedCap, type CniMode } from './max-pods.js'

/** The numbers that a type can show in a mode: what addresses allow, and that with AWS's cap. */
export function numbersIn(type: InstanceType, mode: CniMode, maxEni: number | undefined): readonly number[] {
  const raw = addressLimit(type, mode, { maxEni })
  const recommended = maxPodsIn(type, mode, { maxEni })
  const numbers = raw === undefined ? [] : [raw, Math.min(raw, recommendedCap(type))]
  return recommended === undefined ? numbers : [...numbers, recommended]
}

/** Samples of which some mode's formula gives the number; a managed group shows the smallest of its types. */
export function explained(samples: readonly Sample[], mode: CniMode, maxEni: number | undefined): readonly Sample[] {
  const byGroup = new Map<string, Set<InstanceType>>()
  for (const { node, type } of samples) byGroup.set(node.group, (byGroup.get(node.group) ?? new Set()).add(type))
  return samples.filter(({ node, type }) => {
    const pods: number = node.capacity.pods
    if (numbersIn(type, mode, maxEni).includes(pods)) return true
    if (node.owner !== 'eks-managed-node-group') return false
    const smallest = [...(byGroup.get(node.group) ?? [])].map((one) => Math.min(...numbersIn(one, mode, maxEni)))
    return pods === Math.min(...smallest)
  })
}

/** The number that all samples share, if they do. */
export function constantPods(samples: readonly Sample[]): number | undefined {
  const first = samples[0]?.node.capacity.pods
  return samples.every(({ node }) => node.capacity.pods === first) ? first : undefined
}
