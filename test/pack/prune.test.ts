import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NodeOption } from '../../src/domain/plan.js'
import { bytes, podSlots } from '../../src/domain/units.js'
import { interestsOf } from '../../src/pack/interests.js'
import { mayHold } from './may-hold.js'
import { makeOption, ZONE } from './make-problem.js'
import { makePod, resources } from './make.js'
import { remainingOf } from './remaining.js'

const kept = (options: readonly NodeOption[], keys: readonly string[] = [], inUse: readonly string[] = []): string[] =>
  remainingOf(options, new Map(keys.map((key) => [key, undefined])), { inUse }).map(({ instanceType }) => instanceType)

describe('machines that another one beats', () => {
  const plain = makeOption('plain', 2000, 100)

  it('go, whatever their order; of equals the first by name stays', () => {
    const better = makeOption('better', 4000, 100)
    const twin = makeOption('a-twin', 2000, 100)
    expect(kept([plain, better])).toEqual(['better'])
    expect(kept([better, plain])).toEqual(['better'])
    expect(kept([plain, twin])).toEqual(['a-twin'])
  })

  it('stay where a live node is of their type', () => {
    expect(kept([plain, makeOption('better', 4000, 90)], [], ['plain'])).toEqual(['better', 'plain'])
  })

  it.each<[string, NodeOption]>([
    ['is dearer', makeOption('other', 4000, 101)],
    ['has less memory', makeOption('other', 4000, 100, { memoryMib: 3999 })],
    ['has fewer pod slots', makeOption('other', 4000, 100, { slots: 109 })],
    ['is in another zone', makeOption('other', 4000, 90, { zone: 'b' })],
    ['may be interrupted', makeOption('other', 4000, 30, { capacityType: 'spot' })],
    ['has another architecture', makeOption('other', 4000, 90, { architecture: 'arm64' })],
    ['attaches fewer volumes', makeOption('other', 4000, 90, { attachLimits: { ebs: 3 } })],
    [
      'spends it on its own pods',
      makeOption('other', 4000, 90, { overheadPods: [makePod('agent', { needed: resources(2001, 0) })] }),
    ],
  ])('stay where the rival %s', (_, rival) => {
    expect(kept([plain, rival])).toContain('plain')
  })

  it('stay where the rival counts for more of what is limited over all nodes', () => {
    const spot = { capacityType: 'spot' } as const
    const [small, large] = [makeOption('small', 2000, 100, spot), makeOption('large', 4000, 90, spot)]
    expect(kept([small, large])).toEqual(['large', 'small'])
    expect(kept([small, makeOption('equal', 2000, 90, spot)])).toEqual(['equal'])
    const better = makeOption('better', 4000, 90)
    const within = (limit: Readonly<Record<string, number>>) =>
      remainingOf([plain, better], new Map(), { limit: new Map(Object.entries(limit)) }).length
    expect([within({ cpu: 9000 }), within({ nodes: 3 }), within({ memory: 1 })]).toEqual([2, 1, 2])
  })

  it('stay in all of their zones, if they are the best in one', () => {
    const inB = { zone: 'b', labels: { [ZONE]: 'b' } }
    const options = [plain, makeOption('plain', 2000, 100, inB), makeOption('better', 4000, 90)]
    expect(kept(options)).toEqual(['better', 'plain', 'plain'])
    expect(kept([...options, makeOption('better', 4000, 90, inB)])).toEqual(['better', 'better'])
  })

  it('go where a rule names another value of the label in which they differ', () => {
    const [slow, fast] = ['hdd', 'ssd'].map((disk, index) =>
      makeOption(disk, 2000, 100 - index, { labels: { [ZONE]: 'a', disk } }),
    )
    const left = (wanted: string): readonly string[] =>
      remainingOf([slow!, fast!], interestsOf([makePod('p', { spec: { nodeSelector: { disk: wanted } } })])).map(
        ({ instanceType }) => instanceType,
      )
    expect(left('tape')).toEqual(['ssd'])
    expect(left('ssd')).toEqual(['hdd', 'ssd'])
  })

  it('stay where the rival lacks their devices, or a label that a rule looks at differs', () => {
    const size = resources(2000, 4000, {
      pods: podSlots(110),
      extended: { 'nvidia.com/gpu': 1 },
      ephemeralStorage: bytes(1),
    })
    expect(kept([{ ...plain, allocatable: size }, makeOption('other', 4000, 50)])).toContain('plain')
    const rival = makeOption('other', 4000, 90, { labels: { [ZONE]: 'a', disk: 'hdd' } })
    expect(kept([plain, rival], ['disk'])).toContain('plain')
    expect(kept([plain, rival], [ZONE])).toEqual(['other'])
  })
})

const anyOption = fc.record({
  milliCpu: fc.integer({ min: 1, max: 4 }),
  memoryMib: fc.integer({ min: 1, max: 4 }),
  slots: fc.integer({ min: 1, max: 3 }),
  rate: fc.integer({ min: 1, max: 6 }),
  zone: fc.constantFrom('a', 'a', 'b'),
  disk: fc.constantFrom('ssd', 'hdd'),
  capacityType: fc.constantFrom('on-demand' as const, 'on-demand' as const, 'spot' as const),
  gpus: fc.constantFrom(0, 0, 0, 1),
})
const anyPod = fc.record({
  cpu: fc.nat({ max: 4 }),
  memory: fc.nat({ max: 4 }),
  pods: fc.integer({ min: 1, max: 3 }),
  gpus: fc.constantFrom(0, 0, 0, 1),
  selector: fc.constantFrom({}, {}, { [ZONE]: 'b' }, { disk: 'ssd' }),
  mayBeInterrupted: fc.boolean(),
})

it('are needed by nobody: what holds a set of pods on one node costs the same without them', () => {
  let removed = 0
  fc.assert(
    fc.property(
      fc.array(anyOption, { minLength: 2, maxLength: 12, size: 'max' }),
      fc.array(anyPod, { minLength: 1, maxLength: 12 }),
      (shapes, sets) => {
        const options = shapes.map(({ milliCpu, rate, disk, gpus, ...parts }, index) => {
          const labels = { [ZONE]: parts.zone, disk }
          const option = makeOption(`t${index}`, milliCpu, rate, { ...parts, labels })
          const extended = gpus === 0 ? {} : { gpu: gpus }
          return { ...option, allocatable: { ...option.allocatable, extended } }
        })
        // Each stands for a set of pods on one node: what they ask for together, and the rules of them all.
        const pods = sets.map(({ cpu, memory, pods: slots, gpus, selector }, index) =>
          makePod(`p${index}`, {
            needed: resources(cpu, memory, { pods: podSlots(slots), extended: gpus === 0 ? {} : { gpu: gpus } }),
            spec: { nodeSelector: selector },
          }),
        )
        const remaining = remainingOf(options, interestsOf(pods))
        removed += options.length - remaining.length
        expect(remaining.every((option) => options.includes(option))).toBe(true)
        pods.forEach((pod, index) => {
          const suits: Parameters<typeof mayHold>[2] = (_, { capacityType }) =>
            capacityType !== 'spot' || sets[index]?.mayBeInterrupted === true
          const cheapest = (all: readonly NodeOption[]): number =>
            Math.min(...all.filter((option) => mayHold(option, pod, suits)).map(({ price }) => price.rate))
          expect(cheapest(remaining)).toBe(cheapest(options))
        })
      },
    ),
    { numRuns: 300 },
  )
  expect(removed).toBeGreaterThan(100)
})
