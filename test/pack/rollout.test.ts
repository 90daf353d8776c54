import { describe, expect, it } from 'vitest'
import type { Pod } from '../../src/domain/pod.js'
import { newSlot, type Slot } from '../../src/pack/draft.js'
import { Orders } from '../../src/pack/replay/orders.js'
import { ReplayScheduler } from '../../src/pack/replay/replay.js'
import { namespaces } from './arbitrary.js'
import { HOST, makeOption } from './make-problem.js'
import { makePod, resources, type PodParts } from './make.js'

const deployment = (name: string, replicas: number, cpu: number, parts: PodParts = {}): Pod[] =>
  Array.from({ length: replicas }, (_, index) =>
    makePod(`${name}-${index}`, { needed: resources(cpu, 10), workload: `shop/Deployment/${name}`, ...parts }),
  )
const nodes = (count: number, cpu: number): Slot[] =>
  Array.from({ length: count }, (_, index) => newSlot(makeOption('t', cpu, 1, { memoryMib: 1000 }), `n${index}`))
const left = (pods: readonly Pod[], slots: readonly Slot[], rollouts = 1): string[] =>
  new ReplayScheduler({ namespaces, pods }, pods, () => false, rollouts).leftOver(slots, 1).map(({ name }) => name)

describe('a rollout after a refill', () => {
  it('needs room for one more pod where none may be missing', () => {
    // Three replicas: one more may come, none may go before it has.
    expect(left(deployment('web', 3, 1000), nodes(1, 3000))).toEqual(['web-0'])
    expect(left(deployment('web', 3, 1000), nodes(1, 3000), 0)).toEqual([])
    expect(left(deployment('web', 3, 1000), nodes(1, 4000))).toEqual([])
  })

  it('gets by without where a quarter of the pods may be missing', () => {
    expect(left(deployment('web', 4, 1000), nodes(1, 4000))).toEqual([])
    expect(left(deployment('web', 9, 1000), nodes(3, 3000))).toEqual([])
  })

  it('needs a node more for pods that stand alone, as long as none may be missing', () => {
    const term = [{ topologyKey: HOST, labelSelector: { matchLabels: { app: 'web' } } }]
    const alone = {
      labels: { app: 'web' },
      spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: term } } },
    }
    expect(left(deployment('web', 3, 100, alone), nodes(3, 4000))).toEqual(['web-0'])
    expect(left(deployment('web', 3, 100, alone), nodes(4, 4000))).toEqual([])
    expect(left(deployment('web', 4, 100, alone), nodes(4, 4000))).toEqual([])
  })

  it('is not asked of what is no Deployment, nor of pods that wait for a volume', () => {
    const others = { workload: 'shop/StatefulSet/web' }
    expect(left(deployment('web', 3, 1000, others), nodes(1, 3000))).toEqual([])
    const claims = { volumes: { sharedClaims: ['shop/data'] } }
    expect(left(deployment('web', 1, 3000, claims), nodes(1, 3000))).toEqual([])
  })

  it('leaves the nodes as they were', () => {
    const pods = [...deployment('web', 3, 1000), ...deployment('api', 5, 300)]
    const scheduler = new ReplayScheduler({ namespaces, pods }, pods, () => false, 2)
    const slots = nodes(2, 4000)
    const first = [1, 2, 3].map((seed) => scheduler.leftOver(slots, seed))
    scheduler.leftOver(slots.slice(1), 4)
    expect([1, 2, 3].map((seed) => scheduler.leftOver(slots, seed))).toEqual(first)
  })
})

describe('orders', () => {
  it('ask the one that failed last first', () => {
    const asked: number[] = []
    const failing = new Set([3])
    const scheduler = {
      leftOver: (_: readonly Slot[], seed: number) => {
        asked.push(seed)
        return failing.has(seed) ? deployment('web', 1, 1) : []
      },
    }
    const orders = new Orders(scheduler, [1, 2, 3, 4])
    expect(orders.likeliestWork([], 2)).toBe(true)
    expect(orders.allWork([])).toBe(false)
    expect(orders.likeliestWork([], 1)).toBe(false)
    failing.clear()
    expect(orders.allWork([])).toBe(true)
    expect(asked).toEqual([1, 2, 1, 2, 3, 3, 3, 1, 2, 4])
  })
})
