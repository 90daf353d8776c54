import { describe, expect, it } from 'vitest'
import type { Pod } from '../../src/domain/pod.js'
import { bytes, podSlots } from '../../src/domain/units.js'
import { whyLeftOver } from '../../src/pack/left-over.js'
import { OptionFit } from '../../src/pack/option-fit.js'
import { makeOption, nodeOf, packed, ZONE, type ClusterParts } from './make-problem.js'
import { makePod, resources, type PodParts } from './make.js'

const MACHINE = makeOption('m5.xlarge', 4000, 192_000, { memoryMib: 16_384 })
const pod = (parts: PodParts): Pod => makePod('late', parts)
const why = (
  one: Pod,
  { nodes = [nodeOf(MACHINE, 'n0')], options = [MACHINE], ...rest }: Partial<ClusterParts> = {},
): string => {
  const { problem } = packed({ nodes, options, pending: [one], ...rest }).state
  return whyLeftOver(one, problem, new OptionFit(problem.interests))
}

describe('why a pod is left over', () => {
  it('is what room for it would cost, on the cheapest machine that could hold it', () => {
    const dear = makeOption('m5.large', 4000, 200_000)
    const small = makeOption('m5.small', 100, 10_000)
    // 0.192 × 730 hours.
    expect(why(pod({ needed: resources(1000, 1000) }), { options: [dear, MACHINE, small] })).toBe(
      'no node of the plan has room; one more m5.xlarge in group would cost $140.16 a month',
    )
  })

  it('is what its volume says first of all', () => {
    expect(why(pod({ volumes: { problems: ['claim default/data is missing'] } }))).toBe('claim default/data is missing')
  })

  it.each<[string, Pod, string]>([
    ['cpu', pod({ needed: resources(5500, 100) }), 'asks for 5.5 cores of cpu, 1.5 cores more than there is'],
    ['memory', pod({ needed: resources(100, 17_408) }), 'asks for 17.00 GiB of memory, 1.00 GiB more than there is'],
    [
      'disk',
      pod({ needed: resources(1, 1, { ephemeralStorage: bytes(1e11 + 2 ** 30) }) }),
      'asks for 94.13 GiB of ephemeral-storage, 1.00 GiB more than there is',
    ],
    [
      'a device',
      pod({ needed: resources(1, 1, { extended: { 'nvidia.com/gpu': 2 } }) }),
      'asks for 2 of nvidia.com/gpu, 2 more than there is',
    ],
    [
      'a rule',
      pod({ needed: resources(1, 1), spec: { nodeSelector: { disk: 'ssd' } } }),
      'node selector wants disk=ssd, the node has no such label',
    ],
  ])('is the nearest miss, with its numbers: %s', (_, one, text) => {
    expect(why(one)).toBe(`fits no machine on offer; nearest is m5.xlarge in group: ${text}`)
  })

  it('looks at rules before room, then at what is missing by the least', () => {
    const other = makeOption('other', 4000, 1, { zone: 'b', memoryMib: 16_384 })
    const larger = makeOption('larger', 5000, 900_000, { memoryMib: 16_384 })
    const bound = pod({ needed: resources(5500, 100), spec: { nodeSelector: { [ZONE]: 'a' } } })
    expect(why(bound, { options: [other, MACHINE, larger] })).toBe(
      'fits no machine on offer; nearest is larger in group: asks for 5.5 cores of cpu, 0.5 cores more than there is',
    )
    const slots = makeOption('full', 4000, 1, { slots: 0 })
    expect(why(pod({ needed: resources(1, 1, { pods: podSlots(1) }) }), { options: [slots] })).toBe(
      'fits no machine on offer; nearest is full in group: asks for 1 of pods, 1 more than there is',
    )
  })

  it('says so where machines would do but for the fitness of its workload', () => {
    const spot = makeOption('m5.xlarge', 4000, 60_000, { capacityType: 'spot' })
    expect(why(pod({ needed: resources(1, 1) }), { options: [spot], facts: { spotFit: () => false } })).toBe(
      'fits no machine on offer; nearest is m5.xlarge in group: its workload is not fit for any machine on offer',
    )
  })

  it('is about the nodes that run where nothing is on offer', () => {
    const tainted = nodeOf(MACHINE, 'a', [], { taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] })
    const cordoned = { ...tainted, name: 'b', unschedulable: true }
    const one = pod({ needed: resources(1, 1) })
    expect(why(one, { nodes: [cordoned, tainted], options: [] })).toBe(
      'no node takes it; nearest is a: taint dedicated=db:NoSchedule is not tolerated',
    )
    expect(why(one, { options: [] })).toBe('no node has room for it, and no machine on offer has a price')
    expect(why(one, { nodes: [], options: [] })).toBe('the cluster has no node that a plan could put it on')
  })
})
