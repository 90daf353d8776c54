import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCatalog } from '../src/collect/catalog-file.js'
import type { PriceCatalog } from '../src/domain/catalog.js'
import type { Analysis, Scenario } from '../src/domain/recommendation.js'
import { shortfalls } from '../src/domain/resources.js'
import type { Snapshot } from '../src/domain/snapshot.js'
import { analyse } from '../src/pipeline.js'
import type { Settings } from '../src/problem.js'
import { ROOT } from './helpers/command.js'
import { snapshotOf, type Api } from './helpers/objects.js'
import { snapshotOfPart, TWO_GROUPS } from './helpers/part-of-sample.js'
import { SETTINGS as ANYTHING } from './helpers/settings.js'

const SETTINGS: Settings = { ...ANYTHING, wantedType: (name) => /^m5\.(x?large|2xlarge)$/.test(name) }

const ZONES = ['us-east-1a', 'us-east-1b', 'us-east-1c']
const owner = (kind: string, name: string): Api => ({ kind, name, uid: `uid-${name}`, controller: true })

/** Six m5.xlarge over three zones, each with one replica of web and of api; `tied`: a volume keeps web in its zone. */
function cluster(tied = false): Api[] {
  const names = [0, 1, 2, 3, 4, 5]
  const zoneOf = (index: number): string => ZONES[index % 3] ?? ''
  const nodes = names.map((index) => ({
    kind: 'Node',
    metadata: {
      name: `node-${index}`,
      labels: {
        'eks.amazonaws.com/nodegroup': 'web',
        'eks.amazonaws.com/capacityType': 'ON_DEMAND',
        'node.kubernetes.io/instance-type': 'm5.xlarge',
        'topology.kubernetes.io/region': 'us-east-1',
        'topology.kubernetes.io/zone': zoneOf(index),
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/os': 'linux',
        'kubernetes.io/hostname': `node-${index}`,
      },
    },
    spec: { providerID: `aws:///${zoneOf(index)}/i-${index}` },
    status: {
      capacity: { cpu: '4', memory: '15896988Ki', pods: '58', 'ephemeral-storage': '20959212Ki' },
      allocatable: { cpu: '3920m', memory: '14880156Ki', pods: '58', 'ephemeral-storage': '18242267924' },
    },
  }))
  const pods = names.flatMap((index) =>
    ['web', 'api'].map((name) => ({
      kind: 'Pod',
      metadata: { name: `${name}-${index}`, namespace: 'shop', ownerReferences: [owner('ReplicaSet', name)] },
      spec: {
        nodeName: `node-${index}`,
        containers: [{ name: 'app', resources: { requests: { cpu: '500m', memory: '256Mi' } } }],
        ...(tied && name === 'web'
          ? { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: `data-${index}` } }] }
          : {}),
      },
    })),
  )
  const volumes = names.flatMap((index) => [
    {
      kind: 'PersistentVolumeClaim',
      metadata: { name: `data-${index}`, namespace: 'shop' },
      spec: { accessModes: ['ReadWriteOnce'], volumeName: `pv-${index}` },
      status: { phase: 'Bound' },
    },
    {
      kind: 'PersistentVolume',
      metadata: { name: `pv-${index}` },
      spec: {
        csi: { driver: 'ebs.csi.aws.com', volumeHandle: `vol-${index}` },
        accessModes: ['ReadWriteOnce'],
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              {
                matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [zoneOf(index)] }],
              },
            ],
          },
        },
      },
    },
  ])
  const sets = ['web', 'api'].map((name) => ({
    kind: 'ReplicaSet',
    metadata: { name, namespace: 'shop', uid: `uid-${name}` },
    spec: { replicas: 6 },
  }))
  return [...nodes, ...pods, ...sets, ...(tied ? volumes : [])]
}

let catalog: PriceCatalog
beforeAll(async () => {
  catalog = await readCatalog(join(ROOT, 'data', 'catalog.json.gz'))
})

const run = (snapshot: Snapshot, settings: Partial<Settings> = {}): Analysis =>
  analyse(snapshot, catalog, { ...SETTINGS, ...settings }, () => {})
const outcomeOf = (analysis: Analysis, id: Scenario['id']) => {
  const outcome = analysis.scenarios.find((scenario) => scenario.id === id)?.outcome
  if (outcome?.kind !== 'planned') throw new Error(`${id} is not planned`)
  return outcome
}

describe('a cluster of six nodes over three zones', () => {
  it('survives either loss today, and says what a tight plan gives up', () => {
    const analysis = run(snapshotOf(cluster()))
    const today = outcomeOf(analysis, 'current')
    expect(today.survival).toMatchObject({
      node: { kind: 'survives', tried: 6, heaviest: { pods: 2 } },
      zone: { kind: 'survives', tried: 3, heaviest: { pods: 4 } },
    })
    expect(today.blast).toMatchObject({
      largestZoneShare: 1 / 3,
      onNode: { replicas: 1, of: 6 },
      inZone: { replicas: 2, of: 6 },
    })
    const cheapest = outcomeOf(analysis, 'cheapest-on-demand')
    expect(cheapest.plan.nodes.length).toBeLessThan(6)
    expect(cheapest.survival?.node.kind).toBe('fails')
    const { notes } = analysis.scenarios.find(({ id }) => id === 'cheapest-on-demand') ?? { notes: [] }
    expect(notes.join('; ')).toMatch(/^2 workloads would have more replicas on one node than today/)
  })

  it('does not survive the loss of a zone that holds volumes', () => {
    const { survival } = outcomeOf(run(snapshotOf(cluster(true))), 'current')
    expect(survival).toMatchObject({
      node: { kind: 'survives' },
      zone: {
        kind: 'fails',
        failing: 3,
        of: 3,
        worst: { name: 'us-east-1a', pods: 4, homeless: [{ why: 'zone-volume', pods: 2 }] },
      },
    })
  })

  it.each<[string, Partial<Settings>]>([
    ['--max-zone-share', { maxZoneShare: 0.5 }],
    ['--max-node-replica-share', { maxNodeReplicaShare: 0.34 }],
    ['--max-zone-replica-share', { maxZoneReplicaShare: 0.34 }],
  ])('keeps to %s in every plan and says so', (_, limits) => {
    const analysis = run(snapshotOf(cluster()), limits)
    for (const { id, outcome } of analysis.scenarios) {
      if (outcome.kind !== 'planned') continue
      const { largestZoneShare = 0, onNode, inZone } = outcome.blast ?? {}
      const share = (one: typeof onNode): number => (one === undefined ? 0 : one.replicas / one.of)
      expect(outcome.feasible, id).toBe(true)
      expect(largestZoneShare).toBeLessThanOrEqual(limits.maxZoneShare ?? 1)
      expect(share(onNode)).toBeLessThanOrEqual(limits.maxNodeReplicaShare ?? 1)
      expect(share(inZone)).toBeLessThanOrEqual(limits.maxZoneReplicaShare ?? 1)
    }
    expect(outcomeOf(analysis, 'recommended').plan.cost.rate).toBeLessThan(analysis.currentCost.rate)
    expect(analysis.assumptions.find((text) => text.startsWith('Guard rails'))).toMatch(/no (zone|node) more than/)
  })
})

describe('rails over all nodes', () => {
  it('keep nodes in every zone of every plan, and say so', () => {
    const free = outcomeOf(run(snapshotOf(cluster())), 'cheapest-on-demand').plan
    const zonesOf = ({ nodes }: typeof free): string[] => nodes.map(({ zone = '' }) => zone).sort()
    expect(new Set(zonesOf(free)).size).toBeLessThan(3)
    const analysis = run(snapshotOf(cluster()), { minNodesPerZone: 1 })
    for (const { id, outcome } of analysis.scenarios) {
      if (outcome.kind !== 'planned') continue
      expect(outcome.feasible, id).toBe(true)
      expect([...new Set(zonesOf(outcome.plan))], id).toEqual(['us-east-1a', 'us-east-1b', 'us-east-1c'])
    }
    expect(analysis.assumptions.find((text) => text.startsWith('Guard rails'))).toContain('at least 1 in each zone')
  })

  it('name what they find wrong where nothing mends it', () => {
    const analysis = run(snapshotOf(cluster()), { minNodesPerZone: 3 })
    const { notes } = analysis.scenarios.find(({ id }) => id === 'repack') ?? { notes: [] }
    expect(notes.join('; ')).toContain('zone us-east-1a has 2 nodes, fewer than the 3 asked for')
  })

  it('add no node that could not run its own DaemonSets', () => {
    const snapshot = snapshotOfPart()
    // A t3.nano would be the cheapest node to add.
    const wantedType = (name: string): boolean => /^(t3\.|m5\.(x?large|2xlarge)$)/.test(name)
    for (const limits of [{ minNodesPerZone: 8 }, { minNodes: 40 }]) {
      const { plan, feasible } = outcomeOf(run(snapshot, { ...limits, wantedType }), 'fewer-larger')
      expect(feasible).toBe(true)
      for (const { resident, allocatable } of plan.nodes) expect(shortfalls(allocatable, resident)).toEqual([])
    }
  })
})

describe('a part of the sample cluster', () => {
  it('has dearer plans where limits are set', () => {
    const snapshot = snapshotOfPart(TWO_GROUPS)
    const free = run(snapshot, { wantedType: () => true, maxNodeShare: undefined })
    const limited = run(snapshot, { wantedType: () => true, maxNodeShare: undefined, maxNodeReplicaShare: 0.5 })
    const share = ({ blast }: ReturnType<typeof outcomeOf>): number =>
      (blast?.onNode?.replicas ?? 0) / (blast?.onNode?.of ?? 1)
    expect(share(outcomeOf(free, 'recommended'))).toBe(1)
    expect(share(outcomeOf(limited, 'recommended'))).toBeLessThan(1)
    expect(outcomeOf(limited, 'recommended').plan.cost.rate).toBeGreaterThan(
      outcomeOf(free, 'recommended').plan.cost.rate,
    )
  })
})
