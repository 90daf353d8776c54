import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCatalog } from '../src/collect/catalog-file.js'
import type { PriceCatalog } from '../src/domain/catalog.js'
import type { Plan } from '../src/domain/plan.js'
import type { Analysis, Scenario } from '../src/domain/recommendation.js'
import type { Snapshot } from '../src/domain/snapshot.js'
import { analyse } from '../src/pipeline.js'
import type { Settings } from '../src/problem.js'
import { reportOf } from '../src/report/files.js'
import { ROOT } from './helpers/command.js'
import { snapshotOf, type Api } from './helpers/objects.js'
import { parseRows } from './report/parse-csv.js'
import { SETTINGS as ANYTHING } from './helpers/settings.js'

const SETTINGS: Settings = { ...ANYTHING, wantedType: (name) => /^m5\.(x?large|2xlarge)$/.test(name) }

let catalog: PriceCatalog
beforeAll(async () => {
  catalog = await readCatalog(join(ROOT, 'data', 'catalog.json.gz'))
})

const run = (snapshot: Snapshot, settings: Partial<Settings> = {}): Analysis =>
  analyse(snapshot, catalog, { ...SETTINGS, ...settings }, () => {})
function outcomeOf(analysis: Analysis, id: Scenario['id']) {
  const outcome = analysis.scenarios.find((scenario) => scenario.id === id)?.outcome
  if (outcome?.kind !== 'planned') throw new Error(`${id} is not planned`)
  return outcome
}

const HOST = 'kubernetes.io/hostname'
const owner = (name: string): Api => ({ kind: 'ReplicaSet', name, uid: `uid-${name}`, controller: true })

/** Four m5.xlarge with one replica each of web and api; `capacity`: SPOT or ON_DEMAND; `spec` is added to web. */
const cluster = (capacity: string, spec: Api = {}): Api[] => [
  ...[0, 1, 2, 3].map((index) => ({
    kind: 'Node',
    metadata: {
      name: `node-${index}`,
      labels: {
        'eks.amazonaws.com/nodegroup': 'web',
        'eks.amazonaws.com/capacityType': index < 2 ? capacity : 'ON_DEMAND',
        'node.kubernetes.io/instance-type': 'm5.xlarge',
        'topology.kubernetes.io/region': 'us-east-1',
        'topology.kubernetes.io/zone': 'us-east-1a',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/os': 'linux',
        [HOST]: `node-${index}`,
      },
    },
    spec: { providerID: `aws:///us-east-1a/i-${index}` },
    status: {
      capacity: { cpu: '4', memory: '15896988Ki', pods: '58', 'ephemeral-storage': '20959212Ki' },
      allocatable: { cpu: '3920m', memory: '14880156Ki', pods: '58', 'ephemeral-storage': '18242267924' },
    },
  })),
  ...[0, 1, 2, 3].flatMap((index) =>
    ['web', 'api'].map((name) => ({
      kind: 'Pod',
      metadata: {
        name: `${name}-${index}`,
        namespace: 'shop',
        labels: { app: name },
        ownerReferences: [owner(name)],
      },
      spec: {
        nodeName: `node-${index}`,
        containers: [{ name: 'app', resources: { requests: { cpu: '500m', memory: '256Mi' } } }],
        ...(name === 'web' ? spec : {}),
      },
    })),
  ),
  ...['web', 'api'].map((name) => ({
    kind: 'ReplicaSet',
    metadata: { name, namespace: 'shop', uid: `uid-${name}` },
    spec: { replicas: 4 },
  })),
]

describe('preferences', () => {
  const selector = { labelSelector: { matchLabels: { app: 'web' } } }
  const apart = {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 50, podAffinityTerm: { ...selector, topologyKey: HOST } },
        ],
      },
    },
  }

  it('are counted against today in every scenario', () => {
    const analysis = run(snapshotOf(cluster('ON_DEMAND', apart)))
    expect(outcomeOf(analysis, 'current').preferences).toEqual({
      heldToday: 4,
      givenUp: 0,
      givenUpWeight: 0,
      gained: 0,
      lost: [],
    })
    const { plan, preferences } = outcomeOf(analysis, 'cheapest-on-demand')
    const crowded = plan.nodes.flatMap(({ pods }) => {
      const web = pods.filter(({ labels }) => labels['app'] === 'web')
      return web.length > 1 ? web : []
    })
    expect(crowded.length).toBeGreaterThan(0)
    expect(preferences).toMatchObject({
      heldToday: 4,
      givenUp: crowded.length,
      givenUpWeight: 50 * crowded.length,
      lost: [{ workload: 'shop/ReplicaSet/web', kind: 'pod anti-affinity', count: crowded.length }],
    })
    expect(reportOf(analysis, ['md']).files.get('report.md')).toContain('## Preferences given up')
  })

  it('change no plan, whatever they are', () => {
    const nodesOf = ({ plan }: { readonly plan: Plan }): unknown =>
      plan.nodes.map(({ name, pods }) => [name, pods.map(({ id }) => id)])
    const [plain, wishful] = [run(snapshotOf(cluster('ON_DEMAND'))), run(snapshotOf(cluster('ON_DEMAND', apart)))]
    for (const id of ['repack', 'cheapest-on-demand', 'recommended'] as const)
      expect(nodesOf(outcomeOf(wishful, id))).toEqual(nodesOf(outcomeOf(plain, id)))
  })
})

describe('--spot-eligible and --spot-ineligible', () => {
  const spotRow = (analysis: Analysis, workload: string): Readonly<Record<string, string>> | undefined =>
    parseRows(reportOf(analysis, ['csv']).files.get('workloads.csv') ?? '').find((row) => row['workload'] === workload)
  const onSpot = ({ plan }: { readonly plan: Plan }, app: string): readonly string[] =>
    plan.nodes.flatMap(({ name, capacityType, action, pods }) =>
      capacityType === 'spot' && pods.some(({ labels }) => labels['app'] === app) ? [`${action} ${name}`] : [],
    )

  it('say who is put on spot, and who decided', () => {
    const words = { eligible: ['shop/*'], ineligible: ['shop/replicaset/api', 'pay/*'] }
    const analysis = run(snapshotOf(cluster('ON_DEMAND')), { spotWords: words, maxSpot: 1 })
    expect(spotRow(analysis, 'web')).toMatchObject({ spot_eligible: 'true', spot_reason: 'set by --spot-eligible' })
    expect(spotRow(analysis, 'api')).toMatchObject({ spot_eligible: 'false', spot_reason: 'set by --spot-ineligible' })
    expect(onSpot(outcomeOf(analysis, 'recommended'), 'api')).toEqual([])
    expect(analysis.findings.filter(({ code }) => code === 'spot-pattern-unmatched')).toEqual([
      expect.objectContaining({ subject: 'pay/*' }),
    ])
    const everything = run(snapshotOf(cluster('ON_DEMAND')), { spotWords: { eligible: ['shop/*'], ineligible: [] } })
    expect(onSpot(outcomeOf(everything, 'spot-max'), 'api')).not.toEqual([])
  })

  it('put what runs on spot against its owner on no new spot node, and say so', () => {
    const words = { eligible: [], ineligible: ['shop/api'] }
    const analysis = run(snapshotOf(cluster('SPOT')), { spotWords: words })
    for (const { id, outcome } of analysis.scenarios) {
      if (outcome.kind !== 'planned') continue
      expect(
        onSpot(outcome, 'api').filter((node) => node.startsWith('new')),
        id,
      ).toEqual([])
      expect(outcome.plan.unplaced, id).toEqual([])
      // A pod may stay where it is, so the bound must not take it for one that has to leave spot.
      if (outcome.feasible) expect(outcome.lowerBound?.rate, id).toBeLessThanOrEqual(outcome.plan.cost.rate)
    }
    expect(outcomeOf(analysis, 'recommended').plan.cost.rate).toBeLessThanOrEqual(analysis.currentCost.rate)
    expect(analysis.findings).toContainEqual(
      expect.objectContaining({ code: 'refused-on-spot', subject: 'shop/ReplicaSet/api' }),
    )
  })
})
