import type { InstanceType } from '../../domain/offering.js'
import { numbersIn } from './cni-numbers.js'
import { liveNodes, typeNames, type Sample } from './live-node.js'
import { autoModeMaxPods, maxPodsIn, recommendedCap, secondaryIp, type CniMode } from './max-pods.js'
import { appliedMaxPods, usableMaxPods, type AppliedMaxPods, type Provisioner } from './provisioner.js'

/**
 * The pod number of a group's types, learned from its live nodes. The provisioner's own rule stands where it gives what
 * every live node shows; else the smallest answer of all rules that do; else the smallest number seen.
 */
export type PodsRule = { readonly of: (type: InstanceType) => AppliedMaxPods }

/** Live nodes of one type may differ while a setting rolls out: the smallest number counts. */
function smallestByType(samples: readonly Sample[]): ReadonlyMap<InstanceType, number> {
  const smallest = new Map<InstanceType, number>()
  for (const { node, type } of samples) {
    const pods: number = Math.min(node.allocatable.pods, node.capacity.pods)
    smallest.set(type, Math.min(smallest.get(type) ?? pods, pods))
  }
  return smallest
}

type Explanation = { readonly name: string; readonly of: (type: InstanceType) => number }

const MODES: readonly CniMode[] = ['secondary-ip', 'custom-networking', 'prefix-delegation', 'custom-networking-prefix']

/** Rules that a provisioner may follow beside its own, in words for the report. */
function otherRules(of: Provisioner, seen: ReadonlyMap<InstanceType, number>): readonly Explanation[] {
  const { maxEni } = of
  const observed = [...seen]
  // Karpenter and kOps never compute a prefix number: there it is a constant that somebody wrote.
  const modes = of.owner === 'karpenter' || of.owner === 'kops' ? MODES.slice(0, 2) : MODES
  const formulas = modes.flatMap((mode): Explanation[] => {
    const addresses = (type: InstanceType): number => numbersIn(type, mode, maxEni)[0] ?? 0
    const capped = (type: InstanceType): number => Math.min(addresses(type), recommendedCap(type))
    const plain = [
      { name: `${mode} formula`, of: (type: InstanceType) => maxPodsIn(type, mode, { maxEni }) ?? 0 },
      { name: `${mode} addresses`, of: addresses },
    ]
    return of.owner === 'karpenter' ? plain : [...plain, { name: `${mode} addresses, capped`, of: capped }]
  })
  const reserved = [1, 2, 3].map((reservedEnis): Explanation => ({
    name: `${reservedEnis} reserved interface${reservedEnis === 1 ? '' : 's'}`,
    of: (type) => secondaryIp(type, { maxEni, reservedEnis }),
  }))
  const first = observed[0]
  if (first === undefined) return []
  const constant = first[1]
  const offset = first[1] - autoModeMaxPods(first[0])
  const perCore = first[1] / first[0].vcpus
  const learned: Explanation[] = []
  if (seen.size > 1) learned.push({ name: `constant ${constant}`, of: () => constant })
  if (new Set(observed.map(([type]) => type.vcpus)).size > 1 && Number.isInteger(perCore)) {
    learned.push({ name: `${perCore} pods per core`, of: (type) => perCore * type.vcpus })
  }
  if (of.owner === 'eks-auto-mode') {
    learned.push({ name: `Auto Mode less ${-offset}`, of: (type) => Math.max(autoModeMaxPods(type) + offset, 0) })
  }
  return [...formulas, ...(of.owner === 'karpenter' ? reserved : []), ...learned]
}

/** A managed group of several types has one number: that of its smallest type, which a new type can only lower. */
const groupTypesOf = (of: Provisioner, samples: readonly Sample[]): readonly InstanceType[] => {
  const types = [...new Set([...(of.groupTypes ?? []), ...samples.map(({ type }) => type)])]
  return types.length > 1 ? types : []
}

/** A number above EKS's cap: the launch template names an image of its own, so EKS computes nothing for the group. */
export const showsOwnImage = (samples: readonly Sample[]): boolean =>
  samples.some(({ node, type }) => node.owner === 'eks-managed-node-group' && node.capacity.pods > recommendedCap(type))

export function podsRule(of: Provisioner, samples: readonly Sample[]): PodsRule {
  const managed = of.owner === 'eks-managed-node-group'
  const provisioner: Provisioner = managed
    ? { ...of, groupTypes: groupTypesOf(of, samples), ownImage: of.ownImage === true || showsOwnImage(samples) }
    : of
  const seen = smallestByType(samples)
  if (seen.size === 0) return { of: (type) => usableMaxPods(type, provisioner) }
  const fits = (rule: (type: InstanceType) => number): boolean => [...seen].every(([type, pods]) => rule(type) === pods)
  const proof = `as ${liveNodes(samples.length)} (${typeNames(samples)}) show`
  if (fits((type) => appliedMaxPods(type, provisioner).maxPods)) {
    const of = (type: InstanceType): AppliedMaxPods => {
      const applied = usableMaxPods(type, provisioner)
      return { ...applied, basis: `${applied.basis}, ${proof}` }
    }
    return { of }
  }
  const fitting = otherRules(provisioner, seen).filter((rule) => fits(rule.of))
  const only = seen.size === 1 ? [...seen.values()] : []
  // One type alone always shows a constant: that counts only where no formula gives it.
  if (fitting.length === 0) fitting.push(...only.map((pods) => ({ name: `constant ${pods}`, of: () => pods })))
  const floor = Math.min(...seen.values())
  const mustStayBelow = managed && provisioner.ownImage !== true
  return {
    of: (type) => {
      const usual = usableMaxPods(type, provisioner)
      const answers = fitting.map((rule) => ({ name: rule.name, pods: rule.of(type) })).sort((a, b) => a.pods - b.pods)
      const least = answers[0]
      const learned =
        least === undefined
          ? {
              pods: Math.min(usual.maxPods, floor),
              why: `no rule gives what ${liveNodes(samples.length)} show: the least of them`,
            }
          : { pods: least.pods, why: `${least.name}, ${proof}` }
      const pods = mustStayBelow ? Math.min(learned.pods, recommendedCap(type)) : learned.pods
      const addresses = numbersIn(type, provisioner.cni, provisioner.maxEni)[0]
      const maxPods = provisioner.os === 'windows' ? pods : Math.min(pods, addresses ?? pods)
      const reservedFor =
        usual.reservedFor === undefined ? undefined : usual.reservedFor === usual.maxPods ? pods : usual.reservedFor
      return { maxPods, reservedFor, basis: learned.why, fallback: usual.fallback }
    },
  }
}
