import { describe, expect, it } from 'vitest'
import type { Goal } from '../../src/domain/goal.js'
import type { Pod } from '../../src/domain/pod.js'
import { bytes, podSlots } from '../../src/domain/units.js'
import type { Limits } from '../../src/pack/problem.js'
import { HOST, makeOption, nodeOf, NO_LIMITS, packed, ZONE, type ClusterParts } from './make-problem.js'
import { makePod, resources, type PodParts } from './make.js'

const MACHINE = makeOption('m5.xlarge', 4000, 192_000, { memoryMib: 16_384 })
const CHEAPEST: Goal = { kind: 'cheapest', policy: { kind: 'as-is' } }
const pod = (parts: PodParts): Pod => makePod('late', parts)
/** A node with all its CPU in use, and one with nothing to do but what may not be moved. */
const FULL = nodeOf(MACHINE, 'n0', [makePod('all', { needed: resources(4000, 100) })])
const ROOMY = nodeOf(MACHINE, 'n1', [makePod('web', { labels: { app: 'web' }, needed: resources(100, 100) })])

type Asked = Partial<ClusterParts> & { readonly today?: boolean }
const why = (one: Pod, { nodes = [FULL], options = [MACHINE], today = false, ...rest }: Asked = {}): string => {
  const planner = packed({ nodes, options, pending: [one], ...rest }).planner()
  const { plan } = today ? planner.today(CHEAPEST) : planner.plan(CHEAPEST)
  const left = plan.unplaced.find((each) => each.pod === one)
  return left === undefined ? 'it has a place' : left.reason
}

describe('why a pod is left over', () => {
  it('is what room for it would cost, on the cheapest machine that could hold it', () => {
    const dear = makeOption('m5.large', 4000, 200_000)
    const small = makeOption('m5.small', 100, 10_000)
    expect(why(pod({ needed: resources(1000, 1000) }), { nodes: [ROOMY] })).toBe('it has a place')
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
      'no node of the plan takes it; nearest is a: taint dedicated=db:NoSchedule is not tolerated; no machine on offer has a price',
    )
    expect(why(one, { options: [] })).toBe('no node of the plan has room; no machine on offer has a price')
    expect(why(one, { nodes: [], options: [] })).toBe('the cluster has no node that a plan could put it on')
  })

  it('is a rule about other pods where that is what refuses it, and offers no machine that would be refused as well', () => {
    const apart = (topologyKey: string) =>
      pod({
        needed: resources(100, 100),
        spec: {
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { topologyKey, labelSelector: { matchLabels: { app: 'web' } } },
              ],
            },
          },
        },
      })
    const inZone =
      'no node of the plan takes it; nearest is n1: topology.kubernetes.io/zone a has 1 pod to keep away from: app=web in namespace default'
    expect(why(apart(ZONE), { nodes: [ROOMY] })).toBe(`${inZone}; no machine on offer would take it either`)
    const elsewhere = makeOption('m5.xlarge', 4000, 200_000, { zone: 'b', memoryMib: 16_384 })
    expect(why(apart(ZONE), { nodes: [ROOMY], options: [MACHINE, elsewhere] })).toBe(
      `${inZone}; one more m5.xlarge in group would cost $146.00 a month`,
    )
    expect(why(apart(HOST), { nodes: [ROOMY] })).toBe(
      'no node of the plan takes it; nearest is n1: kubernetes.io/hostname n1 has 1 pod to keep away from: app=web in namespace default; one more m5.xlarge in group would cost $140.16 a month',
    )
  })

  it('offers no machine beyond the limit of its group', () => {
    const limits = { ...NO_LIMITS, groupLimits: new Map([['group', new Map([['nodes', 1]])]]) }
    expect(why(pod({ needed: resources(1000, 1000) }), { facts: { limits } })).toBe(
      'no node of the plan has room; no machine on offer would take it either',
    )
  })

  it('is not for want of a node where the scheduler would put it on one', () => {
    const one = pod({ needed: resources(100, 100) })
    expect(why(one, { nodes: [ROOMY], today: true })).toBe('left to the scheduler: n1 has room for it')
    const limits = { ...NO_LIMITS, headroom: 0.5 }
    const half = nodeOf(MACHINE, 'n0', [makePod('half', { needed: resources(2000, 100) })])
    expect(why(one, { nodes: [half], facts: { limits } })).toBe('n0 has room for it, but --headroom keeps it out')
    const atMost = (more: Partial<Limits>, small = one): string =>
      why(small, { nodes: [ROOMY], options: [], facts: { limits: { ...NO_LIMITS, ...more } } })
    const small = pod({ labels: { app: 'web' }, workload: 'default/Deployment/web', needed: resources(40, 40) })
    expect(atMost({ maxZoneShare: 0.5 }, small)).toBe('n1 has room for it, but --max-zone-share keeps it out')
    expect(atMost({ maxNodeShare: 0.5 })).toBe('n1 has room for it, but --max-node-share keeps it out')
    const spot = nodeOf({ ...MACHINE, capacityType: 'spot' }, 'n0')
    expect(why(one, { nodes: [spot], today: true, facts: { spotFit: () => false } })).toBe(
      'the scheduler would put it on n0, which its workload is not fit for',
    )
  })
})
