import { describe, expect, it } from 'vitest'
import type { Pod, Workload } from '../../src/domain/pod.js'
import type { Resources } from '../../src/domain/resources.js'
import { growthBeyond } from '../../src/recommend/growth.js'
import { makeNode, makePlan, newNode } from '../pack/make-plan.js'
import { makePod, makeSite, resources } from '../pack/make.js'
import { podSlots } from '../../src/domain/units.js'

const KEY = 'default/Deployment/web'
const webPods = (count: number, needed: Resources = resources(1000, 1024)): Pod[] =>
  Array.from({ length: count }, (_, index) => makePod(`web-${index}`, { workload: KEY, needed, nodeName: 'n0' }))
const web = (pods: readonly Pod[], parts: Partial<Workload> = {}): Workload => ({
  key: KEY,
  namespace: 'default',
  kind: 'Deployment',
  name: 'web',
  replicas: pods.length,
  minReplicas: 1,
  pods,
  ...parts,
})
/** Nodes of 4 CPUs, 16 GiB and 110 pods. */
const node = (name: string, pods: readonly Pod[], parts: Partial<ReturnType<typeof makeNode>> = {}) => ({
  ...newNode(makeSite(name), { pods }),
  group: parts.group ?? 'group',
  unschedulable: parts.unschedulable ?? false,
})

describe('room for what autoscalers may add', () => {
  it('is enough, so that only the sum is said', () => {
    const pods = webPods(2)
    const { notes, findings } = growthBeyond(makePlan([node('n0', pods)]), [web(pods, { maxReplicas: 4 })])
    expect(notes).toEqual(["Plans hold today's replicas: autoscalers may add 2 pods (2 CPU, 2 GiB) to 1 workload."])
    expect(findings).toEqual([])
  })

  it('is short, with what is asked for and what there is', () => {
    const pods = webPods(2)
    expect(growthBeyond(makePlan([node('n0', pods)]), [web(pods, { maxReplicas: 10 })]).findings).toEqual([
      {
        code: 'autoscaler-beyond-plan',
        subject: KEY,
        detail:
          'its autoscaler may add 8 pods (8 CPU and 8 GiB) up to 10; the plan leaves room for 2 of them in their node group, so more nodes must come then',
      },
    ])
  })

  it('counts every resource of the largest pod, and pod slots', () => {
    const grows = (needed: Resources, maxReplicas: number, allocatable?: Resources) => {
      const pods = webPods(1, needed)
      const one = node('n0', pods)
      const plan = makePlan([{ ...one, allocatable: allocatable ?? one.allocatable }])
      return growthBeyond(plan, [web(pods, { maxReplicas })]).findings.map(
        ({ detail }) => /room for (\w+) of them/.exec(detail)?.[1],
      )
    }
    expect(grows(resources(1, 4096), 5)).toEqual(['3'])
    expect(grows(resources(1, 4096), 4)).toEqual([])
    expect(grows(resources(1, 1), 3, resources(4000, 4096, { pods: podSlots(2) }))).toEqual(['1'])
    const gpu = { extended: { 'nvidia.com/gpu': 1 } }
    expect(grows(resources(1, 1, gpu), 3, resources(4000, 4096, { pods: podSlots(9), ...gpu }))).toEqual(['none'])
    const [small, large] = [webPods(1, resources(10, 10)), webPods(1, resources(3000, 10))]
    const pods = [...small, ...large]
    const { findings } = growthBeyond(makePlan([node('n0', pods)]), [web(pods, { maxReplicas: 3 })])
    expect(findings[0]?.detail).toContain('may add 1 pod (3 CPU and 0 GiB) up to 3; the plan leaves room for none')
  })

  it('is that of nodes which take pods, in the node groups where its pods are', () => {
    const pods = webPods(4)
    const workloads = [web(pods, { maxReplicas: 6 })]
    const full = node('n0', pods)
    const count = (...others: ReturnType<typeof node>[]) =>
      growthBeyond(makePlan([full, ...others]), workloads).findings.length
    expect(count(node('n1', []))).toBe(0)
    expect(count(node('n1', [], { group: 'other' }))).toBe(1)
    expect(count(node('n1', [], { unschedulable: true }))).toBe(1)
    expect(count({ ...node('n1', []), packed: false })).toBe(1)
  })

  it('is not asked about where nothing may grow', () => {
    const pods = webPods(2)
    const plan = makePlan([node('n0', pods)])
    for (const parts of [{}, { maxReplicas: 2 }, { maxReplicas: 5, replicas: 5 }, { maxReplicas: 9, pods: [] }])
      expect(growthBeyond(plan, [web(pods, parts)])).toEqual({ notes: [], findings: [] })
  })
})
