import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCatalog } from '../src/collect/catalog-file.js'
import type { PriceCatalog } from '../src/domain/catalog.js'
import type { Analysis } from '../src/domain/recommendation.js'
import { analyse } from '../src/pipeline.js'
import type { Settings } from '../src/problem.js'
import { reportOf } from '../src/report/files.js'
import { ROOT } from './helpers/command.js'
import { snapshotOf, type Api } from './helpers/objects.js'
import { SETTINGS as ANYTHING } from './helpers/settings.js'

const SETTINGS: Settings = { ...ANYTHING, wantedType: (name) => /^m5\.(x?large|2xlarge)$/.test(name) }

const ZONE = 'topology.kubernetes.io/zone'
const HOST = 'kubernetes.io/hostname'
const zoneOf = (index: number): string => (index % 2 === 0 ? 'us-east-1a' : 'us-east-1b')

const app = (name: string, nodeName: string, spec: Api = {}): Api => ({
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'shop',
    labels: { app: name },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'web', uid: 'uid-web', controller: true }],
  },
  spec: {
    ...(nodeName === '' ? {} : { nodeName }),
    containers: [{ name: 'app', resources: { requests: { cpu: '500m', memory: '256Mi' } } }],
    ...spec,
  },
})

/** Four m5.xlarge in two zones with two small pods each: half of them would do. A claim that is bound, and its volume. */
const CLUSTER: readonly Api[] = [
  ...[0, 1, 2, 3].map((index) => ({
    kind: 'Node',
    metadata: {
      name: `node-${index}`,
      labels: {
        'eks.amazonaws.com/nodegroup': 'web',
        'eks.amazonaws.com/capacityType': 'ON_DEMAND',
        'node.kubernetes.io/instance-type': 'm5.xlarge',
        'topology.kubernetes.io/region': 'us-east-1',
        [ZONE]: zoneOf(index),
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/os': 'linux',
        [HOST]: `node-${index}`,
      },
    },
    spec: { providerID: `aws:///${zoneOf(index)}/i-${index}` },
    status: {
      capacity: { cpu: '4', memory: '15896988Ki', pods: '58', 'ephemeral-storage': '20959212Ki' },
      allocatable: { cpu: '3920m', memory: '14880156Ki', pods: '58', 'ephemeral-storage': '18242267924' },
    },
  })),
  ...[0, 1, 2, 3].flatMap((index) => [app(`a-${index}`, `node-${index}`), app(`b-${index}`, `node-${index}`)]),
  { kind: 'ReplicaSet', metadata: { name: 'web', namespace: 'shop', uid: 'uid-web' }, spec: { replicas: 8 } },
  {
    kind: 'StorageClass',
    metadata: { name: 'at-once' },
    provisioner: 'ebs.csi.aws.com',
    volumeBindingMode: 'Immediate',
  },
  claim('unbound', { storageClassName: 'at-once' }, 'Pending'),
  claim('gone-volume', { volumeName: 'pv-gone' }, 'Bound'),
  claim('far', { volumeName: 'pv-far' }, 'Bound'),
  {
    kind: 'PersistentVolume',
    metadata: { name: 'pv-far' },
    spec: {
      csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-far' },
      accessModes: ['ReadWriteOnce'],
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values: ['us-east-1z'] }] }],
        },
      },
    },
  },
]

function claim(name: string, spec: Api, phase: string): Api {
  return {
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'shop' },
    spec: { accessModes: ['ReadWriteOnce'], ...spec },
    status: { phase },
  }
}

const uses = (claimName: string): Api => ({ volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] })
const onNodes = (...matchExpressions: Api[]): Api => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
  },
})
const where = (key: string, operator: string, ...values: string[]): Api => ({ key, operator, values })
const term = (labelSelector: Api, topologyKey = HOST): Api => ({
  requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector, topologyKey }],
})
const spread = (labelSelector: Api): Api => ({
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule', labelSelector }],
})
const LABEL = { matchLabels: { app: 'a-0' } }

const CASES: readonly [what: string, spec: Api, words: readonly RegExp[]][] = [
  [
    'a pod larger than any machine',
    { containers: [{ name: 'app', resources: { requests: { cpu: '900', memory: '1Gi' } } }] },
    [/asks for 900 cores of cpu, 89\d\.?\d* cores more than there is/],
  ],
  ['a node selector that no node meets', { nodeSelector: { disk: 'ssd' } }, [/disk=ssd/]],
  [
    'a node affinity with an operator that nobody knows',
    onNodes(where(ZONE, 'Near', 'us-east-1a')),
    [/Near/, /not known/],
  ],
  ['Gt with a text', onNodes(where('cores', 'Gt', 'many')), [/cores/, /needs one integer/]],
  [
    'an empty list of node terms',
    { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } } },
    [/an empty list/],
  ],
  [
    'a node affinity that contradicts itself',
    onNodes(where(ZONE, 'In', 'us-east-1a'), where(ZONE, 'NotIn', 'us-east-1a')),
    [/topology\.kubernetes\.io\/zone In \[us-east-1a\]/, /NotIn \[us-east-1a\]/],
  ],
  [
    'a node selector against a node affinity',
    { nodeSelector: { [ZONE]: 'us-east-1a' }, ...onNodes(where(ZONE, 'In', 'us-east-1b')) },
    [/us-east-1[ab]/],
  ],
  [
    'near and apart from the same pods',
    { affinity: { podAffinity: term(LABEL), podAntiAffinity: term(LABEL) } },
    [/app=a-0/],
  ],
  [
    'near pods that do not exist',
    { affinity: { podAffinity: term({ matchLabels: { app: 'nobody' } }) } },
    [/app=nobody/],
  ],
  [
    'an anti-affinity whose selector has an unknown operator',
    { affinity: { podAntiAffinity: term({ matchExpressions: [where('app', 'Like', 'a')] }) } },
    [/app: operator Like is not known/],
  ],
  [
    'a spread whose selector lacks its values',
    spread({ matchExpressions: [where('app', 'In')] }),
    [/app: In needs values/],
  ],
  ['a claim that does not exist', uses('nothing'), [/claim shop\/nothing does not exist/]],
  ['a claim that is not bound', uses('unbound'), [/claim shop\/unbound is not bound/]],
  ['a claim whose volume is gone', uses('gone-volume'), [/volume pv-gone of claim shop\/gone-volume does not exist/]],
  ['a volume in a zone that is no more', uses('far'), [/us-east-1z/]],
]

let catalog: PriceCatalog
beforeAll(async () => {
  catalog = await readCatalog(join(ROOT, 'data', 'catalog.json.gz'))
})

const run = (...more: Api[]): Analysis => analyse(snapshotOf([...CLUSTER, ...more]), catalog, SETTINGS, () => {})
function recommended(analysis: Analysis) {
  const outcome = analysis.scenarios.find(({ id }) => id === 'recommended')?.outcome
  if (outcome?.kind !== 'planned') throw new Error('nothing is recommended')
  return outcome
}

describe('a pod that cannot be placed', () => {
  it.each(CASES)('%s: it is listed with the reason, and the rest is planned', (_, spec, words) => {
    const analysis = run(app('odd', '', spec))
    const { plan, feasible } = recommended(analysis)
    expect(feasible).toBe(true)
    expect(plan.unplaced.map(({ pod, running }) => [pod.id, running])).toEqual([['shop/odd', false]])
    for (const word of words) expect(plan.unplaced[0]?.reason).toMatch(word)
    expect(plan.nodes.flatMap(({ pods }) => pods)).toHaveLength(8)
    expect(plan.cost.rate).toBeLessThan(analysis.currentCost.rate)
    const markdown = reportOf(analysis, new Set(['md'])).files.get('report.md')
    expect(markdown).toMatch(/^\| shop\/odd +\| pending +\| /m)
  })

  it.each(CASES.slice(1))('%s, of a running pod: it stays where it is, and the rest is planned', (_, spec) => {
    const analysis = run(app('odd', 'node-0', spec))
    const { plan, feasible, lowerBound } = recommended(analysis)
    expect(feasible).toBe(true)
    expect(plan.unplaced).toEqual([])
    expect(plan.nodes.find(({ pods }) => pods.some(({ id }) => id === 'shop/odd'))?.name).toBe('node-0')
    expect(plan.cost.rate).toBeLessThan(analysis.currentCost.rate)
    expect(lowerBound?.rate).toBeLessThanOrEqual(plan.cost.rate)
  })

  it('all of them together', () => {
    const odd = CASES.map(([, spec], index) => app(`odd-${index}`, '', spec))
    const { plan, feasible } = recommended(run(...odd))
    expect(feasible).toBe(true)
    expect(plan.unplaced).toHaveLength(CASES.length)
    for (const { pod, reason } of plan.unplaced)
      for (const word of CASES[Number(pod.name.slice(4))]?.[2] ?? []) expect(reason).toMatch(word)
  })
})
