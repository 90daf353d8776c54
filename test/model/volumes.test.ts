import { describe, expect, it } from 'vitest'
import type { VolumeRules } from '../../src/domain/pod.js'
import { unmetVolumeZones } from '../../src/domain/requirement.js'
import { NO_VOLUME_RULES, storageIndex, volumeRules, type StorageIndex } from '../../src/model/volumes.js'
import {
  persistentVolumeClaimObject,
  persistentVolumeObject,
  podObject,
  storageClassObject,
  type Api,
} from '../helpers/objects.js'

const ZONE = 'topology.kubernetes.io/zone'
const zoneTerms = (...zones: string[]): Api => ({
  nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values: zones }] }],
})
const inZones = (...values: string[]) => [
  { matchExpressions: [{ key: ZONE, operator: 'In', values }], matchFields: [] },
]

const claim = (name: string, spec: Api = {}, more: Api = {}) =>
  persistentVolumeClaimObject({
    ...more,
    metadata: { name, ...(more['metadata'] as Api | undefined) },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'gp3', ...spec },
  })
const volume = (name: string, spec: Api = {}, labels: Api = {}) =>
  persistentVolumeObject({
    metadata: { name, labels },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'gp3',
      csi: { driver: 'ebs.csi.aws.com', volumeHandle: `vol-${name}` },
      ...spec,
    },
  })
const gp3 = (more: Api = {}) =>
  storageClassObject({
    metadata: { name: 'gp3' },
    provisioner: 'ebs.csi.aws.com',
    volumeBindingMode: 'WaitForFirstConsumer',
    ...more,
  })

const index = (parts: Partial<Parameters<typeof storageIndex>[0]>): StorageIndex =>
  storageIndex({ volumes: [], claims: [], storageClasses: [], ...parts })

const mount = (claimName: string): Api => ({ name: claimName, persistentVolumeClaim: { claimName } })
const rules = (storage: StorageIndex, ...volumes: Api[]): VolumeRules =>
  volumeRules(podObject({ metadata: { name: 'p' }, spec: { volumes } }), storage)

describe('volumeRules of bound claims', () => {
  it('takes node affinity, attachment and co-location from a zonal EBS volume', () => {
    const storage = index({
      claims: [claim('data', { volumeName: 'pv' })],
      volumes: [volume('pv', { nodeAffinity: { required: zoneTerms('us-east-1c') } })],
    })
    expect(rules(storage, mount('data'))).toEqual({
      ...NO_VOLUME_RULES,
      nodeTerms: [inZones('us-east-1c')],
      attachments: [{ driver: 'ebs.csi.aws.com', handle: 'vol-pv' }],
      sharedClaims: ['default/data'],
    })
  })

  it('reads zone and region labels of volumes, sets of zones and beta names included', () => {
    const labels = { [ZONE]: 'us-east-1a__us-east-1b', 'failure-domain.beta.kubernetes.io/region': 'us-east-1' }
    const storage = index({ claims: [claim('data', { volumeName: 'pv' })], volumes: [volume('pv', {}, labels)] })
    const { zoneLabels } = rules(storage, mount('data'))
    expect([...zoneLabels].sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      { key: 'failure-domain.beta.kubernetes.io/region', operator: 'In', values: ['us-east-1'] },
      { key: ZONE, operator: 'In', values: ['us-east-1a', 'us-east-1b'] },
    ])
    const node = { 'topology.kubernetes.io/region': 'us-east-1' }
    expect(unmetVolumeZones(zoneLabels, { ...node, [ZONE]: 'us-east-1b' })).toEqual([])
    expect(unmetVolumeZones(zoneLabels, { ...node, [ZONE]: 'us-east-1c' })).toHaveLength(1)
  })

  it('does not take a set with a hole for a zone', () => {
    const storage = index({
      claims: [claim('data', { volumeName: 'pv' })],
      volumes: [volume('pv', {}, { [ZONE]: 'us-east-1a__' })],
    })
    expect(rules(storage, mount('data')).zoneLabels).toEqual([])
  })

  it.each([
    [['ReadWriteOnce'], { sharedClaims: ['default/data'], exclusiveClaims: [] }],
    [['ReadWriteOncePod'], { sharedClaims: [], exclusiveClaims: ['default/data'] }],
    [['ReadWriteMany'], { sharedClaims: [], exclusiveClaims: [] }],
    [['ReadWriteOnce', 'ReadOnlyMany'], { sharedClaims: [], exclusiveClaims: [] }],
  ])('holds pods of a claim with %j together or apart', (accessModes, expected) => {
    const storage = index({ claims: [claim('data', { volumeName: 'pv', accessModes })], volumes: [volume('pv')] })
    expect(rules(storage, mount('data'))).toMatchObject(expected)
  })

  it('counts a claim once, however often the pod mounts it', () => {
    const storage = index({ claims: [claim('data', { volumeName: 'pv' })], volumes: [volume('pv')] })
    expect(rules(storage, mount('data'), mount('data'))).toEqual(rules(storage, mount('data')))
  })

  it('asks nothing of the node for a file system', () => {
    const efs = { csi: { driver: 'efs.csi.aws.com', volumeHandle: 'fs-1' } }
    const storage = index({
      claims: [claim('data', { volumeName: 'pv', accessModes: ['ReadWriteMany'] })],
      volumes: [volume('pv', efs)],
    })
    expect(rules(storage, mount('data'))).toEqual({
      ...NO_VOLUME_RULES,
      attachments: [{ driver: 'efs.csi.aws.com', handle: 'fs-1' }],
    })
  })

  it('finds the claim of a generic ephemeral volume by the names of pod and volume', () => {
    const storage = index({ claims: [claim('p-scratch', { volumeName: 'pv' })], volumes: [volume('pv')] })
    const found = rules(storage, { name: 'scratch', ephemeral: {} })
    expect(found).toMatchObject({ sharedClaims: ['default/p-scratch'], problems: [] })
  })

  it('counts in-tree EBS volumes for the CSI driver', () => {
    const inTree = { csi: undefined, awsElasticBlockStore: { volumeID: 'aws://us-east-1a/vol-7' } }
    const storage = index({ claims: [claim('data', { volumeName: 'pv' })], volumes: [volume('pv', inTree)] })
    expect(rules(storage, mount('data')).attachments).toEqual([{ driver: 'ebs.csi.aws.com', handle: 'vol-7' }])
    const inline = { name: 'disk', awsElasticBlockStore: { volumeID: 'aws://us-east-1a/vol-7', readOnly: true } }
    expect(rules(storage, inline, mount('data'))).toMatchObject({
      inTreeVolumes: ['vol-7'],
      attachments: [{ driver: 'ebs.csi.aws.com', handle: 'vol-7' }],
    })
  })
})

describe('volumeRules of claims that are not bound', () => {
  it('follows the allowed topologies of a class that waits for its first consumer', () => {
    const allowedTopologies = [{ matchLabelExpressions: [{ key: ZONE, values: ['us-east-1c'] }] }]
    const storage = index({ claims: [claim('data')], storageClasses: [gp3({ allowedTopologies })] })
    expect(rules(storage, mount('data'))).toEqual({
      ...NO_VOLUME_RULES,
      nodeTerms: [inZones('us-east-1c')],
      attachments: [{ driver: 'ebs.csi.aws.com', handle: 'default/data' }],
      sharedClaims: ['default/data'],
    })
  })

  it('counts the attachment of an in-tree class for the CSI driver', () => {
    const storage = index({ claims: [claim('data')], storageClasses: [gp3({ provisioner: 'kubernetes.io/aws-ebs' })] })
    expect(rules(storage, mount('data')).attachments).toEqual([{ driver: 'ebs.csi.aws.com', handle: 'default/data' }])
  })

  it('stays with the node that the scheduler has chosen for the claim', () => {
    const annotations = { 'volume.kubernetes.io/selected-node': 'n7' }
    const storage = index({ claims: [claim('data', {}, { metadata: { annotations } })], storageClasses: [gp3()] })
    const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['n7'] }]
    expect(rules(storage, mount('data')).nodeTerms).toEqual([[{ matchExpressions: [], matchFields }]])
  })

  const local = (name: string, node: string) =>
    volume(name, {
      csi: undefined,
      local: { path: '/mnt' },
      storageClassName: 'local',
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
          ],
        },
      },
    })
  const localClass = storageClassObject({
    metadata: { name: 'local' },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  })

  it('goes where a free local volume is', () => {
    const storage = index({
      claims: [claim('data', { storageClassName: 'local' }), claim('other', { volumeName: 'pv-1' })],
      volumes: [local('pv-1', 'n1'), local('pv-2', 'n2'), local('pv-3', 'n3')],
      storageClasses: [localClass],
    })
    const { nodeTerms, problems } = rules(storage, mount('data'))
    expect(problems).toEqual([])
    expect(nodeTerms.map((terms) => terms.map((term) => term.matchExpressions[0]?.values[0]))).toEqual([['n2', 'n3']])
  })

  it('says that no local volume is free', () => {
    const storage = index({
      claims: [claim('data', { storageClassName: 'local' }), claim('other', { volumeName: 'pv-1' })],
      volumes: [local('pv-1', 'n1')],
      storageClasses: [localClass],
    })
    expect(rules(storage, mount('data')).problems).toEqual([
      'claim default/data is not bound, and no volume of class local is free',
    ])
  })
})

describe('problems of volumeRules', () => {
  const other = claim('other', { volumeName: 'pv' })
  const problems = (parts: Parameters<typeof index>[0]): readonly string[] =>
    rules(index(parts), mount('data')).problems

  it.each<readonly [string, Parameters<typeof index>[0]]>([
    ['claim default/data does not exist', { claims: [other] }],
    [
      'claim default/data is being deleted',
      {
        claims: [claim('data', { volumeName: 'pv' }, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })],
        volumes: [volume('pv')],
      },
    ],
    [
      'claim default/data has lost its volume gone',
      { claims: [claim('data', { volumeName: 'gone' }, { status: { phase: 'Lost' } })] },
    ],
    [
      'volume gone of claim default/data does not exist',
      { claims: [claim('data', { volumeName: 'gone' })], volumes: [volume('pv')] },
    ],
    [
      'claim default/data is not bound and names no storage class',
      { claims: [claim('data', { storageClassName: '' })] },
    ],
    [
      'claim default/data is not bound, and its storage class fast does not exist',
      { claims: [claim('data', { storageClassName: 'fast' })], storageClasses: [gp3()] },
    ],
    [
      'claim default/data is not bound, though its storage class gp3 binds at once',
      { claims: [claim('data')], storageClasses: [gp3({ volumeBindingMode: 'Immediate' })] },
    ],
  ])('say: %s', (text, parts) => expect(problems(parts)).toEqual([text]))

  it('are none where the kind was not asked for', () => {
    expect(problems({})).toEqual([])
    expect(problems({ claims: [claim('data', { volumeName: 'pv' })] })).toEqual([])
    expect(problems({ claims: [claim('data')] })).toEqual([])
  })
})

describe('local data', () => {
  it('is on disk, not in memory', () => {
    const storage = index({
      claims: [claim('data', { volumeName: 'pv' })],
      volumes: [volume('pv', { csi: undefined, local: { path: '/mnt' } })],
    })
    const found = rules(
      storage,
      { name: 'cache', emptyDir: {} },
      { name: 'shm', emptyDir: { medium: 'Memory' } },
      { name: 'docker', hostPath: { path: '/var/lib/docker' } },
      mount('data'),
    )
    expect([...found.localData].sort()).toEqual([
      'emptyDir cache',
      'hostPath docker (/var/lib/docker)',
      'local volume pv (claim default/data)',
    ])
    expect(found.attachments).toEqual([])
  })

  it('does not come from secrets and config maps', () => {
    expect(rules(index({}), { name: 'token', projected: {} })).toEqual(NO_VOLUME_RULES)
  })
})
