import fc from 'fast-check'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseQuantity, milliValueOf, valueOf } from '../../src/domain/quantity.js'
import { add, NO_RESOURCES, shortfalls, subtract, type Resources } from '../../src/domain/resources.js'
import type { PodObject } from '../../src/domain/snapshot.js'
import { bytes, MEBIBYTE, milliCpu, podSlots } from '../../src/domain/units.js'
import { heldResources, neededResources, resourcesOf, type Requested } from '../../src/model/requests.js'
import { podObject, podSpec, type Api } from '../helpers/objects.js'

const resources = (requested: Requested): Resources => {
  if (requested.kind === 'unreadable') return expect.fail(requested.why)
  return requested.resources
}
const cpuAndMib = ({ cpu, memory }: Resources): string => `${cpu}/${memory / MEBIBYTE}`

/** `100/50` is 100m of CPU and 50 MiB of memory. */
const amounts = (text: string): Api => {
  const [cpu, memory] = text.split('/')
  return { cpu: `${cpu}m`, memory: `${memory}Mi` }
}

/** `s 50/50, i 500/10; a 100/100`: containers in order; a = app, i = init, s = side-car. */
function specOf(text: string, extra: Api = {}): Api {
  const parts = text.split(/[,;] /).map((part, index) => {
    const [letter, request = ''] = part.split(' ')
    const always = letter === 's' ? { restartPolicy: 'Always' } : {}
    return { letter, container: { name: `c${index}`, resources: { requests: amounts(request) }, ...always } }
  })
  const pick = (app: boolean): Api[] =>
    parts.filter(({ letter }) => (letter === 'a') === app).map(({ container }) => container)
  return { containers: pick(true), initContainers: pick(false), ...extra }
}

const NEWEST = 36

describe('neededResources', () => {
  it.each([
    ['a 100/100, a 200/50', '300/150'],
    ['i 500/10; a 100/100', '500/100'],
    ['i 100/10; i 300/400; a 200/100', '300/400'],
    ['s 50/50; a 100/100', '150/150'],
    ['s 50/50, i 500/10; a 100/100', '550/150'],
    ['i 500/10, s 50/50; a 100/100', '500/150'],
    ['s 100/100, i 200/200, s 300/300; a 100/100', '500/500'],
    ['s 100/0, s 100/0, i 900/0, s 100/0; a 200/0', '1100/0'],
  ])('adds up %s', (text, expected) => {
    const found = resources(neededResources(podSpec(specOf(text)), NEWEST))
    expect(cpuAndMib(found)).toBe(expected)
    expect(found.pods).toBe(1)
  })

  it.each<readonly [string, Api, string]>([
    ['a 100/100', { overhead: amounts('250/120') }, '350/220'],
    ['a 100/100, a 100/100', { resources: { requests: { cpu: '500m' } } }, '500/200'],
    ['a 100/100', { resources: { requests: amounts('300/300') }, overhead: amounts('50/50') }, '350/350'],
  ])('adds up %s with %j', (text, extra, expected) => {
    expect(cpuAndMib(resources(neededResources(podSpec(specOf(text, extra)), NEWEST)))).toBe(expected)
  })

  it('takes the limit where a request is missing, and only there', () => {
    const container = { resources: { limits: amounts('200/300'), requests: { cpu: '50m' } } }
    expect(cpuAndMib(resources(neededResources(podSpec({ containers: [container] }), NEWEST)))).toBe('50/300')
    const limitsOnly = { resources: { limits: amounts('200/300') } }
    expect(cpuAndMib(resources(neededResources(podSpec({ containers: [limitsOnly] }), NEWEST)))).toBe('200/300')
  })

  it('counts one pod slot for a pod that asks for nothing', () => {
    const nothing = neededResources(podSpec({ containers: [{}] }), NEWEST)
    expect(resources(nothing)).toEqual({ ...NO_RESOURCES, pods: podSlots(1) })
  })

  it('looks at side-cars from 1.29 and at pod-level requests from 1.32 on', () => {
    const sidecars = podSpec(specOf('s 50/50; a 100/100'))
    expect(cpuAndMib(resources(neededResources(sidecars, 28)))).toBe('100/100')
    expect(cpuAndMib(resources(neededResources(sidecars, 29)))).toBe('150/150')
    expect(cpuAndMib(resources(neededResources(sidecars, undefined)))).toBe('150/150')
    const podLevel = podSpec(specOf('a 100/100', { resources: { requests: amounts('300/300') } }))
    expect(cpuAndMib(resources(neededResources(podLevel, 31)))).toBe('100/100')
    expect(cpuAndMib(resources(neededResources(podLevel, 32)))).toBe('300/300')
  })

  it.each([
    ['three times 0.1m of CPU, each stored as 1m', 'cpu', ['0.1m', '0.1m', '0.1m'], 3],
    ['a byte and a half twice', 'memory', ['1500m', '1500m'], 3],
    ['a tenth of a byte', 'memory', ['100m'], 1],
    ['two halves of a huge page', 'hugepages-2Mi', ['500m', '500m'], 1],
  ])('rounds %s up once', (_, name, requests, expected) => {
    const containers = requests.map((request) => ({ resources: { requests: { [name]: request } } }))
    const found = resources(neededResources(podSpec({ containers }), NEWEST))
    expect({ cpu: found.cpu, memory: found.memory, ...found.extended }[name]).toBe(expected)
  })

  it('keeps every scalar that the scheduler counts and no other name', () => {
    const requests = {
      'ephemeral-storage': '1Gi',
      'nvidia.com/gpu': '2',
      'vpc.amazonaws.com/pod-eni': '1',
      'hugepages-2Mi': '4Mi',
      'attachable-volumes-aws-ebs': '1',
      'example.com/none': '0',
      'requests.nvidia.com/gpu': '9',
      pods: '7',
      storage: '1Gi',
    }
    const found = resources(neededResources(podSpec({ containers: [{ resources: { requests } }] }), NEWEST))
    expect(found).toEqual({
      cpu: 0,
      memory: 0,
      ephemeralStorage: 2 ** 30,
      pods: 1,
      extended: {
        'nvidia.com/gpu': 2,
        'vpc.amazonaws.com/pod-eni': 1,
        'hugepages-2Mi': 4 * MEBIBYTE,
        'attachable-volumes-aws-ebs': 1,
      },
    })
  })

  it('replaces huge pages by pod-level requests, but no extended resource', () => {
    const requests = { 'hugepages-2Mi': '2Mi', 'nvidia.com/gpu': '1' }
    const podLevel = { requests: { 'hugepages-2Mi': '6Mi', 'nvidia.com/gpu': '5' } }
    const spec = podSpec({ containers: [{ resources: { requests } }], resources: podLevel })
    const { extended } = resources(neededResources(spec, NEWEST))
    expect(extended).toEqual({ 'hugepages-2Mi': 6 * MEBIBYTE, 'nvidia.com/gpu': 1 })
  })

  it.each([
    ['lots', 'container web: cpu "lots" is no amount'],
    ['-1', 'container web: cpu "-1" is no amount'],
  ])('names the container and the text of a request of %s, and adds up the rest', (cpu, why) => {
    const web = { name: 'web', resources: { requests: { cpu, memory: '1Mi' } } }
    const other = { name: 'other', resources: { requests: amounts('100/100') } }
    const found = neededResources(podSpec({ containers: [web, other] }), NEWEST)
    expect(found).toMatchObject({ kind: 'unreadable', why, atLeast: { cpu: 100, memory: 101 * MEBIBYTE, pods: 1 } })
  })

  it('answers for equal specs with one object', () => {
    const spec = podSpec(specOf('a 100/100'))
    expect(neededResources(spec, 34)).toBe(neededResources(spec, 35))
  })

  const container = fc.record({ cpu: fc.nat(4000), memory: fc.nat(4000) })
  const asApi = ({ cpu, memory }: { cpu: number; memory: number }): Api => ({
    resources: { requests: amounts(`${cpu}/${memory}`) },
  })

  it('does not depend on the order of app containers', () => {
    fc.assert(
      fc.property(fc.array(container), fc.array(container), (apps, inits) => {
        const initContainers = inits.map(asApi)
        const of = (list: typeof apps): Requested =>
          neededResources(podSpec({ containers: list.map(asApi), initContainers }), NEWEST)
        expect(of(apps)).toEqual(of([...apps].reverse()))
      }),
    )
  })

  it('never needs less with one more container of any kind', () => {
    const kinds = fc.array(fc.tuple(container, fc.boolean()))
    fc.assert(
      fc.property(fc.array(container), kinds, container, fc.boolean(), (apps, inits, extra, sidecar) => {
        const init = ([one, always]: readonly [typeof extra, boolean]): Api =>
          always ? { ...asApi(one), restartPolicy: 'Always' } : asApi(one)
        const of = (a: typeof apps, i: readonly (readonly [typeof extra, boolean])[]): Resources =>
          resources(neededResources(podSpec({ containers: a.map(asApi), initContainers: i.map(init) }), NEWEST))
        const before = of(apps, inits)
        for (const after of [of([...apps, extra], inits), of(apps, [...inits, [extra, sidecar]])])
          expect(shortfalls(after, before)).toEqual([])
      }),
    )
  })
})

describe('heldResources', () => {
  type Resize = {
    readonly nodeName?: string
    readonly spec: string
    readonly status?: string
    readonly reason?: string
  }
  const resized = ({ nodeName = 'n1', spec, status, reason }: Resize): PodObject => {
    const given =
      status === undefined ? {} : { resources: { requests: { cpu: status } }, allocatedResources: { cpu: status } }
    const conditions = reason === undefined ? [] : [{ type: 'PodResizePending', status: 'True', reason }]
    return podObject({
      spec: { nodeName, containers: [{ name: 'app', resources: { requests: { cpu: spec } } }] },
      status: { conditions, containerStatuses: [{ name: 'app', ...given }] },
    })
  }
  const cpu = (pod: PodObject, minor: number): number => resources(heldResources(pod, minor)).cpu

  it('holds what the kubelet gave while the spec asks for less', () => {
    expect(cpu(resized({ spec: '200m', status: '300m' }), NEWEST)).toBe(300)
    expect(cpu(resized({ spec: '200m' }), NEWEST)).toBe(200)
  })

  it('drops a spec that the node can never give, and keeps a deferred one', () => {
    expect(cpu(resized({ spec: '800m', status: '300m', reason: 'Infeasible' }), NEWEST)).toBe(300)
    expect(cpu(resized({ spec: '800m', status: '300m', reason: 'Deferred' }), NEWEST)).toBe(800)
    expect(cpu(resized({ spec: '800m', status: '300m' }), NEWEST)).toBe(800)
  })

  it('does not look at the status before 1.33, nor without a node', () => {
    expect(cpu(resized({ spec: '200m', status: '300m' }), 32)).toBe(200)
    expect(cpu(resized({ spec: '200m', status: '300m' }), 33)).toBe(300)
    expect(cpu(resized({ nodeName: '', spec: '200m', status: '300m' }), NEWEST)).toBe(200)
  })

  it('does not look at an allocation that nothing runs with yet', () => {
    const containers = [{ name: 'app', resources: { requests: { cpu: '200m' } } }]
    const containerStatuses = [{ name: 'app', allocatedResources: { cpu: '300m' } }]
    expect(cpu(podObject({ spec: { nodeName: 'n1', containers }, status: { containerStatuses } }), NEWEST)).toBe(200)
  })

  it('follows side-cars, not init containers', () => {
    const one = (name: string, extra: Api = {}): Api => ({ name, resources: { requests: { cpu: '100m' } }, ...extra })
    const status = (name: string): Api => ({ name, resources: { requests: { cpu: '900m' } } })
    const spec = {
      nodeName: 'n1',
      containers: [one('a')],
      initContainers: [one('s', { restartPolicy: 'Always' }), one('i')],
    }
    const initContainerStatuses = [status('s'), status('i')]
    expect(cpu(podObject({ spec, status: { initContainerStatuses } }), NEWEST)).toBe(1000)
  })

  it('follows pod-level allocations from 1.36 on', () => {
    const containers = [{ resources: { requests: { cpu: '100m' } } }]
    const pod = (reason: string, asked: string): PodObject =>
      podObject({
        spec: { nodeName: 'n1', containers, resources: { requests: { cpu: asked } } },
        status: { allocatedResources: { cpu: '500m' }, conditions: [{ type: 'PodResizePending', reason }] },
      })
    expect(cpu(pod('', '400m'), 35)).toBe(400)
    expect(cpu(pod('', '400m'), 36)).toBe(500)
    expect(cpu(pod('Deferred', '900m'), 36)).toBe(900)
    expect(cpu(pod('Infeasible', '900m'), 36)).toBe(500)
  })

  it('needs its spec on another node all the same', () => {
    const pod = resized({ spec: '200m', status: '300m' })
    expect(resources(neededResources(pod.spec, NEWEST)).cpu).toBe(200)
  })

  it('says which status could not be read', () => {
    const found = heldResources(resized({ spec: '200m', status: '3 cores' }), NEWEST)
    expect(found).toMatchObject({ kind: 'unreadable', why: 'status of container app: cpu "3 cores" is no amount' })
  })
})

describe('resourcesOf', () => {
  it("reads a node's allocatable, rounded up", () => {
    const node = { cpu: '1930m', memory: '7134168Ki', pods: '29', 'ephemeral-storage': '1500m', 'nvidia.com/gpu': '1' }
    expect(resourcesOf(node)).toEqual({
      resources: {
        cpu: 1930,
        memory: 7134168 * 1024,
        pods: 29,
        ephemeralStorage: 2,
        extended: { 'nvidia.com/gpu': 1 },
      },
      flaws: [],
    })
  })

  it('leaves out what is missing or unreadable, and says so', () => {
    const { resources: found, flaws } = resourcesOf({ cpu: 'four', pods: '' })
    expect(found).toEqual(NO_RESOURCES)
    expect(flaws).toEqual(['node: cpu "four" is no amount', 'node: memory is missing', 'node: pods "" is no amount'])
  })

  it('leaves room for exactly the rest', () => {
    const { resources: allocatable } = resourcesOf({ cpu: '1930m', memory: '1Gi', pods: '10' })
    const free = subtract(allocatable, add(NO_RESOURCES, { ...NO_RESOURCES, cpu: milliCpu(1830) }))
    const wants = (cpu: string): Resources =>
      resources(neededResources(podSpec({ containers: [{ resources: { requests: { cpu } } }] }), NEWEST))
    expect(shortfalls(free, wants('100m'))).toEqual([])
    expect(shortfalls(free, wants('101m'))).toEqual([{ resource: 'cpu', by: 1 }])
    const overCommitted = subtract(free, { ...NO_RESOURCES, memory: bytes(2 ** 30 + 1) })
    expect(shortfalls(overCommitted, wants('100m'))).toEqual([])
  })
})

const CASES = new URL('../../../shared/data/cases/requests.json', import.meta.url)
const present = existsSync(CASES)
type Case = { readonly id: string; readonly pod: Api; readonly expect: Readonly<Record<string, string>> }

describe.skipIf(!present)(present ? 'request cases' : 'request cases (skipped: ../shared is absent)', () => {
  const { cases } = present ? (JSON.parse(readFileSync(CASES, 'utf8')) as { cases: readonly Case[] }) : { cases: [] }
  it('are there', () => expect(cases.length).toBeGreaterThan(0))
  it.each(cases)('$id', ({ pod, expect: wanted }) => {
    const found = resources(neededResources(podObject(pod).spec, NEWEST))
    const flat: Readonly<Record<string, number>> = { cpu: found.cpu, memory: found.memory, ...found.extended }
    expect(Object.keys(wanted).length).toBeGreaterThan(0)
    for (const [name, text] of Object.entries(wanted)) {
      const nano = parseQuantity(text) ?? -1n
      expect(flat[name] ?? 0).toBe(name === 'cpu' ? milliValueOf(nano) : valueOf(nano))
    }
  })
})
