import type { Taint } from '../../src/domain/snapshot.js'
import { createBoard, type Site } from '../../src/pack/board/board.js'
import { resourcesOf } from '../../src/model/requests.js'
import { sceneOf, type RawCase, type Scene } from './case.js'
import { search, type Found, type Option } from './search.js'

/** Every node that could be bought, cheapest first. */
function optionsOf(raw: RawCase, scene: Scene): Option[] {
  const { labels = {}, taints = [], csiAttachLimit } = raw.template ?? {}
  const limits =
    csiAttachLimit === undefined ? {} : Object.fromEntries(scene.drivers.map((name) => [name, csiAttachLimit]))
  const options = (raw.offerings ?? []).flatMap((offering) =>
    offering.zones.flatMap((zone) =>
      offering.capacityTypes.map((capacityType): Option => {
        const { name, cpu, memory, pods, extended, arch, hourlyUsd } = offering
        const makeSite = (hostname: string): Site => ({
          name: hostname,
          labels: {
            'kubernetes.io/hostname': hostname,
            'topology.kubernetes.io/zone': zone,
            'karpenter.sh/capacity-type': capacityType,
            'kubernetes.io/arch': arch,
            'node.kubernetes.io/instance-type': name,
            ...labels,
          },
          taints: taints.map(({ key, value, effect }): Taint => ({
            key: String(key),
            value: String(value ?? ''),
            effect: String(effect),
          })),
          unschedulable: false,
          allocatable: resourcesOf({ cpu, memory, pods, ...extended }).resources,
          attachLimits: limits,
        })
        return { id: `${name}/${zone}/${capacityType}`, instanceType: name, zone, price: hourlyUsd, makeSite }
      }),
    ),
  )
  return withoutTwins(raw, options).sort((a, b) => a.price - b.price || (a.id < b.id ? -1 : 1))
}

/** Leaves one of the options that differ only in zone or capacity type where nothing in the case speaks of these. */
function withoutTwins(raw: RawCase, options: readonly Option[]): Option[] {
  const { offerings: _, ...rest } = raw
  const text = JSON.stringify(rest)
  const told = ['topology.kubernetes.io/zone', 'karpenter.sh/capacity-type'].filter((key) => text.includes(key))
  const kinds = new Set<string>()
  return options.filter(({ instanceType, price, zone, makeSite }) => {
    const { labels } = makeSite('')
    const expected = raw.expect.zones === undefined ? '' : zone
    const kind = JSON.stringify([instanceType, price, expected, ...told.map((key) => labels[key])])
    return !kinds.has(kind) && kinds.add(kind) !== undefined
  })
}

/** What differs from the expectation; empty: the case passes. */
export function checkProvision(raw: RawCase): string[] {
  const scene = sceneOf(raw)
  const options = optionsOf(raw, scene)
  const board = createBoard({
    namespaces: scene.namespaces,
    pods: [...scene.bound, ...scene.pending, ...scene.daemons],
  })
  const nodes = scene.sites.map((site) => board.addSite(site))
  // A node that could be bought is a domain before it is there: it has all labels, and room for nothing.
  for (const option of options) {
    board.addSite({ ...option.makeSite(`possible ${option.id}`), allocatable: resourcesOf({}).resources })
  }
  const indexOf = (name: string): number => nodes[scene.sites.findIndex((site) => site.name === name)]!
  for (const pod of scene.bound) board.place(pod, indexOf(pod.nodeName), 'held')
  for (const index of nodes) {
    for (const daemon of scene.daemons) if (board.fits(daemon, index)) board.place(daemon, index, 'needed')
  }
  const found = search({ board, nodes, options, pending: scene.pending, daemons: scene.daemons })
  return differences(raw, scene, found)
}

function differences(raw: RawCase, scene: Scene, found: Found): string[] {
  const { expect } = raw
  const told: string[] = []
  const same = (what: string, got: unknown, want: unknown): void => {
    if (want !== undefined && JSON.stringify(got) !== JSON.stringify(want)) {
      told.push(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(want)}`)
    }
  }
  const siteOf = new Map<string, Site>()
  for (const [pod, site] of found.placed) siteOf.set(pod.name, site)
  const left = scene.pending.filter((pod) => !found.placed.has(pod)).map((pod) => pod.name)
  const hostOf = (name: string): string | undefined => siteOf.get(name)?.name
  same('scheduled', found.placed.size, expect.scheduled)
  same('new nodes', found.bought.length, expect.minNewNodes)
  same('unschedulable', left.sort(), expect.unschedulable && [...expect.unschedulable].sort())
  if (expect.maxNewNodes !== undefined && found.bought.length > expect.maxNewNodes) told.push('too many new nodes')
  for (const [key, acceptable] of Object.entries(expect.domainCounts ?? {})) {
    const counts = countsBy(key, scene, found)
    if (!acceptable.some((one) => JSON.stringify(one) === JSON.stringify(counts))) same(key, counts, acceptable)
  }
  const zones = [...found.placed.values()].map((site) => site.labels['topology.kubernetes.io/zone'] ?? '')
  for (const zone of new Set(zones)) if (expect.zones && !expect.zones.includes(zone)) told.push(`zone ${zone} is used`)
  for (const group of expect.together ?? []) {
    const hosts = new Set(group.map(hostOf))
    if (hosts.size > 1 || hosts.has(undefined)) told.push(`${group.join(' and ')} are not together`)
  }
  for (const group of expect.apart ?? []) {
    const hosts = group.map(hostOf).filter((host) => host !== undefined)
    if (new Set(hosts).size < group.length) told.push(`${group.join(' and ')} are not apart`)
  }
  if (expect.instanceType !== undefined) {
    const types = new Set(found.bought.map((option) => option.instanceType))
    same('instance types', [...types].sort(), [expect.instanceType])
  }
  return told
}

/** Pods per value of a topology key, ascending, without those that have none. */
function countsBy(key: string, { bound, sites }: Scene, { placed }: Found): number[] {
  const counts = new Map<string, number>()
  const add = (site: Site | undefined): void => {
    const value = site?.labels[key]
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  for (const pod of bound) add(sites.find((site) => site.name === pod.nodeName))
  for (const site of placed.values()) add(site)
  return [...counts.values()].sort((a, b) => a - b)
}
