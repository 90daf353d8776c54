import { describe, expect, it } from 'vitest'
import { readPodUsage } from '../../src/collect/read-limits.js'
import type { Pod, Workload } from '../../src/domain/pod.js'
import { podSlots } from '../../src/domain/units.js'
import { usageFindings } from '../../src/recommend/usage.js'
import { makePlan, newNode } from '../pack/make-plan.js'
import { makePod, makeSite, resources } from '../pack/make.js'

const sample = (name: string, ...containers: readonly (readonly [cpu: string, memory: string])[]) =>
  readPodUsage({
    kind: 'PodMetrics',
    metadata: { name, namespace: 'shop', creationTimestamp: '2026-08-20T09:30:00Z', labels: { app: 'web' } },
    timestamp: '2026-08-20T09:29:52Z',
    window: '16.587s',
    containers: containers.map(([cpu, memory], index) => ({ name: `c${index}`, usage: { cpu, memory } })),
  })
const pod = (name: string, cpu: number, mib: number, parts: Partial<Pod> = {}): Pod => {
  const { spec: _spec, volumes: _volumes, ...rest } = parts
  return makePod(name, { namespace: 'shop', needed: resources(cpu, mib), ...rest })
}
const workload = (...pods: readonly Pod[]): Workload => ({
  key: 'shop/Deployment/web',
  namespace: 'shop',
  kind: 'Deployment',
  name: 'web',
  replicas: pods.length,
  minReplicas: undefined,
  pods,
})
const node = (pods: readonly Pod[], residentPods: readonly Pod[] = []) =>
  newNode(makeSite('n0', {}, { allocatable: resources(2000, 4096, { pods: podSlots(29) }) }), { pods, residentPods })

describe('memory above requests', () => {
  it('is named by workload, over all its containers and pods', () => {
    const [a, b] = [pod('a', 100, 128), pod('b', 100, 128)]
    const samples = [sample('a', ['9022867n', '150000Ki'], ['1m', '50Mi']), sample('b', ['5m', '100Mi'])]
    expect(usageFindings(undefined, [workload(a, b)], samples)).toEqual([])
    const more = [sample('a', ['9022867n', '300000Ki'], ['1m', '50Mi']), sample('b', ['5m', '100Mi'])]
    expect(usageFindings(undefined, [workload(a, b)], more)).toEqual([
      {
        code: 'usage-above-requests',
        subject: 'shop/Deployment/web',
        detail:
          'its pods used 443 MiB of memory when asked, of 256 MiB requested: plans count the requests, so raise them before nodes get fuller',
      },
    ])
  })

  it('is compared over the pods that have a sample and stay', () => {
    const pods = [pod('a', 100, 128), pod('b', 100, 128, { terminating: true }), pod('c', 100, 128)]
    const samples = [sample('a', ['5m', '180Mi']), sample('b', ['5m', '9Gi'])]
    expect(usageFindings(undefined, [workload(...pods)], samples)).toEqual([])
    expect(usageFindings(undefined, [workload(pod('a', 0, 0))], [sample('a', ['1', 'unknown'])])).toEqual([])
  })
})

describe('a node of the plan', () => {
  const samples = [sample('a', ['1500m', '3Gi']), sample('b', ['100m', '1Gi'])]
  const findings = (...given: Parameters<typeof node>) =>
    usageFindings(makePlan([node(...given)]), [], samples).map(({ code, subject, detail }) => [code, subject, detail])

  it('that would hold more than it has is named, with pods that have no sample by their requests', () => {
    const pods = [pod('a', 100, 100), pod('b', 100, 100)]
    expect(findings(pods)).toEqual([])
    expect(findings(pods, [pod('daemon', 500, 64)])).toEqual([
      [
        'plan-short-by-usage',
        'n0',
        'by what its pods used when asked they need 4160 MiB of memory, and it has 4096 MiB; 2.1 CPU, and it has 2.0: their requests are too low for so full a node',
      ],
    ])
  })

  it('is not judged without a sample, nor where no plan packs it', () => {
    const pods = [pod('a', 100, 100), pod('b', 100, 9999)]
    const plan = makePlan([node(pods)])
    expect(usageFindings(plan, [workload(...pods)], [])).toEqual([])
    expect(usageFindings(makePlan([{ ...node(pods), packed: false }]), [], [sample('b', ['9', '9Gi'])])).toEqual([])
  })
})
