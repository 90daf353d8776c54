import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readCapacityType } from '../../src/model/capacity-label.js'
import { clusterName, groupNames } from '../../src/model/group-name.js'
import { identify, operatingSystemOf, zoneIdOf } from '../../src/model/identity.js'
import { parseProviderId, regionOfZone } from '../../src/model/provider-id.js'
import { nodeObject, type Api } from '../helpers/objects.js'

const EC2 = parseProviderId('aws:///us-east-1a/i-0abc')
const node = (name: string, labels: Api, spec: Api = {}, rest: Api = {}) =>
  nodeObject({ metadata: { name, labels }, spec: { providerID: 'aws:///us-east-1a/i-0abc', ...spec }, ...rest })

describe('providerID', () => {
  it.each([
    ['aws:///us-east-1a/i-0abc1234def567890', 'ec2', 'i-0abc1234def567890', 'us-east-1a'],
    ['aws:////i-12345678', 'ec2', 'i-12345678', undefined],
    ['i-12345678', 'ec2', 'i-12345678', undefined],
    [
      'aws:///eu-central-1b/7f3c9a/fargate-ip-10-7-94-68.eu-central-1.compute.internal',
      'fargate',
      undefined,
      'eu-central-1b',
    ],
    ['aws:///us-east-1a/8e3f/fargate-10.0.1.2', 'fargate', undefined, 'us-east-1a'],
    ['eks-hybrid:///us-west-2/my-cluster/mi-0123', 'hybrid', 'mi-0123', undefined],
    ['aws:///us-west-2-lax-1a/i-0a', 'ec2', 'i-0a', 'us-west-2-lax-1a'],
    ['aws:///us-east-1a/foo', 'unknown', undefined, undefined],
    ['', 'unknown', undefined, undefined],
    ['kind://docker/k8rs/k8rs-worker', 'other', undefined, undefined],
    ['gce://project/us-central1-a/gke-pool-2', 'other', undefined, undefined],
  ])('%s', (text, kind, instanceId, zone) => {
    expect(parseProviderId(text)).toEqual({ kind, instanceId, zone })
  })

  it.each([
    ['us-east-1a', 'us-east-1'],
    ['us-west-2-lax-1a', 'us-west-2'],
    ['us-east-1-wl1-bos-wlz-1', 'us-east-1'],
    ['us-gov-west-1b', 'us-gov-west-1'],
    ['ap-southeast-7c', 'ap-southeast-7'],
    ['eusc-de-east-1a', 'eusc-de-east-1'],
    ['us-central1-a', undefined],
    ['us-east-1', undefined],
  ])('region of zone %s', (zone, region) => {
    expect(regionOfZone(zone)).toBe(region)
  })
})

describe('operating system', () => {
  it.each([
    ['Amazon Linux 2023.6.20250211', 'linux', 'al2023'],
    ['Amazon Linux 2', 'linux', 'al2'],
    ['Bottlerocket OS 1.32.0 (aws-k8s-1.31)', 'linux', 'bottlerocket'],
    ['Bottlerocket (EKS Auto) 2025.1.1 (aws-k8s-1.31-standard)', 'linux', 'auto-mode'],
    ['Ubuntu 22.04.5 LTS', 'linux', 'ubuntu'],
    ['Windows Server 2022 Datacenter', 'windows', 'windows'],
    ['Flatcar Container Linux by Kinvolk 3815.2.0', 'linux', 'flatcar'],
    ['Debian GNU/Linux 12 (bookworm)', 'linux', 'other'],
    ['Red Hat Enterprise Linux CoreOS 44.81 (Ootpa)', 'linux', 'other'],
  ])('%s', (image, system, os) => {
    expect(operatingSystemOf(image, system)).toBe(os)
  })
})

describe('owner, group and capacity type by labels', () => {
  const NODEGROUP = 'eks.amazonaws.com/nodegroup'
  it.each([
    [
      {
        'eks.amazonaws.com/compute-type': 'auto',
        'karpenter.sh/nodepool': 'general-purpose',
        'karpenter.sh/capacity-type': 'on-demand',
      },
      'eks-auto-mode',
      'general-purpose',
      'on-demand',
    ],
    [{ 'karpenter.sh/nodepool': 'default', 'karpenter.sh/capacity-type': 'spot' }, 'karpenter', 'default', 'spot'],
    [{ 'karpenter.sh/provisioner-name': 'p', 'karpenter.sh/capacity-type': 'spot' }, 'karpenter', 'p', 'spot'],
    [
      { [NODEGROUP]: 'ng', 'alpha.eksctl.io/nodegroup-name': 'ng', 'eks.amazonaws.com/capacityType': 'SPOT' },
      'eks-managed-node-group',
      'ng',
      'spot',
    ],
    [{ 'alpha.eksctl.io/nodegroup-name': 'ng', lifecycle: 'Ec2Spot' }, 'eksctl', 'ng', 'spot'],
    [{ 'kops.k8s.io/instancegroup': 'nodes-a' }, 'kops', 'nodes-a', undefined],
    [{}, 'self-managed', 'self-managed', undefined],
    [{ 'spotinst.io/node-lifecycle': 'od' }, 'spot-ocean', 'spot-ocean', 'on-demand'],
    [{ 'provisioner.cast.ai/managed-by': 'cast.ai', 'scheduling.cast.ai/spot': 'true' }, 'cast-ai', 'cast-ai', 'spot'],
    [{ 'node-lifecycle': 'on-demand' }, 'self-managed', 'self-managed', 'on-demand'],
    [{ 'node.example.com/lifecycle': 'spot' }, 'self-managed', 'self-managed', 'spot'],
    [{ lifecycle: 'production' }, 'self-managed', 'self-managed', undefined],
    [
      { [NODEGROUP]: 'gpu', 'eks.amazonaws.com/capacityType': 'CAPACITY_BLOCK' },
      'eks-managed-node-group',
      'gpu',
      'capacity-block',
    ],
    [{ 'karpenter.sh/nodepool': 'odcr', 'karpenter.sh/capacity-type': 'reserved' }, 'karpenter', 'odcr', 'reserved'],
    [
      {
        'karpenter.sh/nodepool': 'ml',
        'karpenter.sh/capacity-type': 'reserved',
        'karpenter.k8s.aws/capacity-reservation-type': 'capacity-block',
      },
      'karpenter',
      'ml',
      'capacity-block',
    ],
    [{ 'eks.amazonaws.com/compute-type': 'fargate' }, 'fargate', 'fargate', 'fargate'],
    [{ 'eks.amazonaws.com/compute-type': 'hybrid' }, 'hybrid', 'hybrid', 'hybrid'],
    [
      { 'node-role.kubernetes.io/control-plane': '', 'kops.k8s.io/instancegroup': 'm' },
      'kops',
      'control-plane',
      undefined,
    ],
    [
      { 'node-role.kubernetes.io/infra': '', 'node-role.kubernetes.io/worker': '' },
      'self-managed',
      'self-managed:infra',
      undefined,
    ],
  ])('%o', (labels, owner, group, capacityType) => {
    const one = node('n', labels)
    expect(identify(one)).toMatchObject({ owner, capacityType })
    expect(groupNames([one]).get('n')).toBe(group)
  })

  it('believes EC2 more than labels: no InstanceLifecycle means on-demand', () => {
    const asked = { lifecycle: undefined, capacityReservationId: undefined }
    expect(identify(node('n', {}), asked)).toMatchObject({ owner: 'self-managed', capacityType: 'on-demand' })
    const labels = { 'eks.amazonaws.com/capacityType': 'ON_DEMAND' }
    expect(readCapacityType(labels, EC2, { ...asked, lifecycle: 'spot' })).toEqual({
      capacityType: 'spot',
      evidence: 'EC2 InstanceLifecycle',
    })
    expect(readCapacityType({}, EC2, { ...asked, capacityReservationId: 'cr-1' }).capacityType).toBe('reserved')
    expect(readCapacityType({}, EC2, { ...asked, lifecycle: 'scheduled' }).capacityType).toBeUndefined()
  })

  it('says which label it read', () => {
    expect(identify(node('n', { 'eks.amazonaws.com/capacityType': 'SPOT' })).capacityTypeEvidence).toBe(
      'label eks.amazonaws.com/capacityType',
    )
    expect(identify(node('n', {})).capacityTypeEvidence).toBe('no label says it')
  })

  it('tells other clouds by their providerID, unless AWS components have labelled the node', () => {
    const gke = node('g', { 'cloud.google.com/gke-nodepool': 'pool-2' }, { providerID: 'gce://p/us-central1-a/g' })
    const kops = node('k', { 'kops.k8s.io/instancegroup': 'nodes' }, { providerID: 'gce://p/us-central1-a/k' })
    const fake = node('f', { 'eks.amazonaws.com/nodegroup': 'ng' }, { providerID: 'kwok://f' })
    expect([gke, kops, fake].map((one) => identify(one).owner)).toEqual([
      'other-cloud',
      'other-cloud',
      'eks-managed-node-group',
    ])
    expect([...groupNames([gke, kops, fake]).values()]).toEqual(['pool-2', 'other', 'ng'])
  })

  it('knows Fargate and hybrid nodes without their label, and gives them no instance type', () => {
    const fargate = node('f', {}, { providerID: 'aws:///us-east-1a/7f/fargate-ip-10-0-0-1.ec2.internal' })
    expect(identify(fargate)).toMatchObject({
      owner: 'fargate',
      capacityType: 'fargate',
      capacityTypeEvidence: 'providerID',
    })
    const hybrid = node(
      'h',
      { 'node.kubernetes.io/instance-type': 'hybrid' },
      { providerID: 'eks-hybrid:///us-west-2/c/mi-1' },
    )
    expect(identify(hybrid)).toMatchObject({ owner: 'hybrid', instanceType: undefined, instanceId: 'mi-1' })
  })
})

describe('places', () => {
  it('trusts labels before the providerID, and the region label before the zone', () => {
    const labels = { 'topology.kubernetes.io/zone': 'us-west-2-lax-1a', 'topology.k8s.aws/zone-id': 'usw2-lax1-az1' }
    expect(identify(node('n', labels))).toMatchObject({ zone: 'us-west-2-lax-1a', region: 'us-west-2' })
    expect(zoneIdOf(labels)).toBe('usw2-lax1-az1')
    expect(identify(node('n', {}))).toMatchObject({ zone: 'us-east-1a', region: 'us-east-1' })
    const old = {
      'failure-domain.beta.kubernetes.io/region': 'eu-west-1',
      'beta.kubernetes.io/instance-type': 'm4.large',
    }
    expect(identify(node('n', old))).toMatchObject({ region: 'eu-west-1', instanceType: 'm4.large' })
  })

  it('reads the architecture from labels, else from the kubelet', () => {
    const info = (architecture: string): Api => ({ status: { nodeInfo: { architecture } } })
    expect(identify(node('n', { 'kubernetes.io/arch': 'arm64' })).architecture).toBe('arm64')
    expect(identify(node('n', {}, {}, info('arm64'))).architecture).toBe('arm64')
    expect(identify(node('n', {}, {}, info('riscv64'))).architecture).toBeUndefined()
  })
})

describe('group names', () => {
  it('puts the owner before a name that two owners use, and only then', () => {
    const names = groupNames([
      node('a', { 'karpenter.sh/nodepool': 'default' }),
      node('b', { 'eks.amazonaws.com/nodegroup': 'default' }),
      node('c', { 'eks.amazonaws.com/nodegroup': 'batch' }),
    ])
    expect([...names.values()]).toEqual(['karpenter:default', 'eks-managed-node-group:default', 'batch'])
  })

  it('splits self-managed nodes by taint where they differ, leaving passing taints out', () => {
    const taint = { key: 'dedicated', value: 'db', effect: 'NoSchedule' }
    const cordon = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' }
    const [plain, tainted, cordoned] = [
      node('a', {}),
      node('b', {}, { taints: [taint] }),
      node('c', {}, { taints: [cordon], unschedulable: true }),
    ]
    expect([...groupNames([plain, tainted, cordoned]).values()]).toEqual([
      'self-managed',
      'self-managed:dedicated=db',
      'self-managed',
    ])
    expect([...groupNames([tainted]).values()]).toEqual(['self-managed'])
  })

  it('keeps Windows nodes apart', () => {
    const windows = { status: { nodeInfo: { osImage: 'Windows Server 2022 Datacenter', operatingSystem: 'windows' } } }
    expect(groupNames([node('w', {}, {}, windows)]).get('w')).toBe('self-managed:windows')
  })

  it('takes the cluster name that most nodes say', () => {
    const named = (name: string, cluster: string) => node(name, { 'alpha.eksctl.io/cluster-name': cluster })
    expect(clusterName([named('a', 'old'), named('b', 'shop'), named('c', 'shop')])).toBe('shop')
    expect(clusterName([node('a', { 'kops.k8s.io/cluster': 'k.example.com' })])).toBe('k.example.com')
    expect(clusterName([node('a', {}, { providerID: 'eks-hybrid:///us-west-2/edge/mi-1' })])).toBe('edge')
    expect(clusterName([node('a', {})])).toBeUndefined()
  })
})

describe('closed nodes', () => {
  const tainted = (key: string, effect = 'NoSchedule') => node('n', {}, { taints: [{ key, effect }] })
  const ready = (status: string) => node('n', {}, {}, { status: { conditions: [{ type: 'Ready', status }] } })
  it.each([
    ['ready', node('n', {}), undefined],
    ['cordon', node('n', {}, { unschedulable: true }), 'cordoned'],
    ['NotReady', ready('False'), 'not ready'],
    ['lost', ready('Unknown'), 'unreachable'],
    ['Karpenter v1', tainted('karpenter.sh/disrupted'), 'being disrupted'],
    ['Karpenter v1beta1', tainted('karpenter.sh/disruption'), 'being disrupted'],
    ['unreachable taint', tainted('node.kubernetes.io/unreachable', 'NoExecute'), 'unreachable'],
    ['Cluster Autoscaler', tainted('ToBeDeletedByClusterAutoscaler'), 'being removed by the Cluster Autoscaler'],
    ['only a candidate', tainted('DeletionCandidateOfClusterAutoscaler', 'PreferNoSchedule'), undefined],
    ['spot interruption', tainted('aws-node-termination-handler/spot-itn'), 'being interrupted'],
    ['start-up', tainted('ebs.csi.aws.com/agent-not-ready', 'NoExecute'), 'starting'],
    ['pressure', tainted('node.kubernetes.io/memory-pressure'), undefined],
    ['deleted', nodeObject({ metadata: { name: 'n', deletionTimestamp: '2026-08-20T09:00:00Z' } }), 'being deleted'],
  ])('%s', (_, one, reason) => {
    expect(identify(one).closed).toBe(reason)
  })
})

const CLUSTERS = '../shared/data/clusters'
const absent = !existsSync(CLUSTERS)
describe.skipIf(absent)(absent ? 'skipped: ../shared is absent' : 'clusters in ../shared', () => {
  const read = (file: string) => {
    const raw = readFileSync(`${CLUSTERS}/${file}`)
    const list = JSON.parse((file.endsWith('.gz') ? gunzipSync(raw) : raw).toString()) as { items: Api[] }
    return list.items.filter((item) => item['kind'] === 'Node').map(nodeObject)
  }

  it('puts every node of the medium cluster into the group that its README tells of', () => {
    const all = read('medium.json.gz')
    const counts = new Map<string, number>()
    for (const group of groupNames(all).values()) counts.set(group, (counts.get(group) ?? 0) + 1)
    expect(Object.fromEntries(counts)).toEqual({
      arm: 21,
      default: 72,
      fargate: 19,
      general: 56,
      'general-spot': 64,
      'gpu-a10g': 2,
      'gpu-t4': 6,
      gpu: 3,
      graviton: 13,
      kafka: 6,
      'self-managed': 5,
      'spark-graviton': 3,
      'spark-graviton-od': 2,
      'spark-od': 2,
      'spark-r': 3,
      'stateful-a': 6,
      'stateful-b': 6,
      'stateful-c': 5,
      system: 6,
    })
    const closed = all.map((one) => identify(one).closed).filter((reason) => reason !== undefined)
    expect(closed.sort()).toEqual(['being disrupted', 'cordoned', 'cordoned', 'not ready', 'unreachable'])
  })

  it('reads the real ones', () => {
    expect(new Set(groupNames(read('real/openshift-aws-6nodes.json.gz')).values())).toEqual(
      new Set(['control-plane', 'self-managed']),
    )
    expect(new Set(groupNames(read('real/gke-kubevious-91pods.json.gz')).values())).toEqual(new Set(['pool-2']))
    expect(clusterName(read('small.json.gz'))).toBe('shop-prod')
  })
})
