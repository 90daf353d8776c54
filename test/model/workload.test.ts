import { describe, expect, it } from 'vitest'
import { buildPod, podPriorities } from '../../src/model/pod.js'
import { storageIndex } from '../../src/model/volumes.js'
import { workloadIndex, type WorkloadIndex } from '../../src/model/workload.js'
import { autoscalerObject, controllerObject, podObject, type Api } from '../helpers/objects.js'

const ref = (kind: string, name: string): Api => ({ kind, name, uid: `${kind}-${name}`, controller: true })
const controller = (kind: string, name: string, owner?: Api, spec: Api = {}) =>
  controllerObject({ kind, metadata: { name, ownerReferences: owner ? [owner] : [] }, spec })
const owned = (name: string, owner?: Api, labels: Api = {}, more: Api = {}) =>
  podObject({ metadata: { name, labels, ownerReferences: owner ? [owner] : [], ...more }, spec: { nodeName: 'n1' } })

describe('keyOf', () => {
  const driver = owned('pi-driver', ref('SparkApplication', 'pi'))
  const { keyOf } = workloadIndex(
    [
      controller('Deployment', 'web', undefined, { replicas: 3 }),
      controller('ReplicaSet', 'web-abc', ref('Deployment', 'web')),
      controller('ReplicaSet', 'canary-abc', ref('Rollout', 'canary')),
      controller('ReplicaSet', 'alone'),
      controller('CronJob', 'backup'),
      controller('Job', 'backup-29000000', ref('CronJob', 'backup')),
      controller('Job', 'once'),
      controller('StatefulSet', 'db', ref('Postgres', 'db')),
      controller('ReplicaSet', 'ring-a', ref('ReplicaSet', 'ring-b')),
      controller('ReplicaSet', 'ring-b', ref('ReplicaSet', 'ring-a')),
    ],
    [driver],
  )

  it.each([
    ['a ReplicaSet to its Deployment', owned('p', ref('ReplicaSet', 'web-abc')), 'default/Deployment/web'],
    ['a ReplicaSet to its Rollout', owned('p', ref('ReplicaSet', 'canary-abc')), 'default/Rollout/canary'],
    ['a ReplicaSet that nobody owns to itself', owned('p', ref('ReplicaSet', 'alone')), 'default/ReplicaSet/alone'],
    ['a Job to its CronJob', owned('p', ref('Job', 'backup-29000000')), 'default/CronJob/backup'],
    ['a missing Job to the CronJob of its name', owned('p', ref('Job', 'backup-29000060')), 'default/CronJob/backup'],
    ['a missing Job of no CronJob to itself', owned('p', ref('Job', 'report-29000060')), 'default/Job/report-29000060'],
    ['a Job to itself', owned('p', ref('Job', 'once')), 'default/Job/once'],
    ['a StatefulSet to itself, whoever made it', owned('p', ref('StatefulSet', 'db')), 'default/StatefulSet/db'],
    ['an unknown kind to itself', owned('p', ref('StrimziPodSet', 'kafka')), 'default/StrimziPodSet/kafka'],
    ['an executor to the owner of its driver', owned('p', ref('Pod', 'pi-driver')), 'default/SparkApplication/pi'],
    ['a driver that is gone to itself', owned('p', ref('Pod', 'gone')), 'default/Pod/gone'],
    ['a bare pod to itself', owned('p'), 'default/Pod/p'],
    [
      'a missing ReplicaSet to the Deployment in its name',
      owned('p', ref('ReplicaSet', 'api-v2-5d4f'), { 'pod-template-hash': '5d4f' }),
      'default/Deployment/api-v2',
    ],
    [
      'a missing ReplicaSet to the Rollout in its name',
      owned('p', ref('ReplicaSet', 'api-5d4f'), { 'rollouts-pod-template-hash': '5d4f' }),
      'default/Rollout/api',
    ],
    ['a missing ReplicaSet without hash to itself', owned('p', ref('ReplicaSet', 'x-y')), 'default/ReplicaSet/x-y'],
    [
      'a static pod to one workload over all nodes',
      owned('kube-proxy-n1', ref('Node', 'n1'), {}, { annotations: { 'kubernetes.io/config.mirror': 'h' } }),
      'default/StaticPod/kube-proxy',
    ],
    ['a ring of owners to one of them', owned('p', ref('ReplicaSet', 'ring-a')), 'default/ReplicaSet/ring-a'],
  ])('brings %s', (_, pod, key) => expect(keyOf(pod)).toBe(key))
})

describe('workloads', () => {
  const build = (index: WorkloadIndex, names: readonly (readonly [name: string, owner: Api])[]) =>
    names.map(([name, owner]) =>
      buildPod(owned(name, owner), {
        clusterMinor: 34,
        storage: storageIndex({ volumes: [], claims: [], storageClasses: [] }),
        workloadOf: index.keyOf,
        nodeIsFargate: () => false,
        priorityOf: podPriorities([]),
      }),
    )
  const autoscaler = (kind: string, name: string, minReplicas: number) =>
    autoscalerObject({
      metadata: { name: `${name}-${minReplicas}` },
      spec: { minReplicas, maxReplicas: 9, scaleTargetRef: { kind, name } },
    })

  it('group pods, with replicas of the controller and the fewest that an autoscaler leaves', () => {
    const index = workloadIndex(
      [
        controller('Deployment', 'web', undefined, { replicas: 3 }),
        controller('ReplicaSet', 'web-1', ref('Deployment', 'web'), { replicas: 2 }),
        controller('ReplicaSet', 'web-2', ref('Deployment', 'web'), { replicas: 1 }),
        controller('Deployment', 'idle', undefined, { replicas: 0 }),
      ],
      [],
    )
    const pods = build(index, [
      ['web-2-b', ref('ReplicaSet', 'web-2')],
      ['web-1-a', ref('ReplicaSet', 'web-1')],
      ['kafka-0', ref('StrimziPodSet', 'kafka')],
    ])
    const autoscalers = [autoscaler('Deployment', 'web', 4), autoscaler('Deployment', 'web', 2)]
    const found = index.workloads(pods, autoscalers).map(({ pods: members, ...rest }) => ({
      ...rest,
      pods: members.map(({ name }) => name),
    }))
    expect(found).toEqual([
      {
        key: 'default/Deployment/web',
        namespace: 'default',
        kind: 'Deployment',
        name: 'web',
        replicas: 3,
        minReplicas: 2,
        maxReplicas: 9,
        pods: ['web-1-a', 'web-2-b'],
      },
      {
        key: 'default/StrimziPodSet/kafka',
        namespace: 'default',
        kind: 'StrimziPodSet',
        name: 'kafka',
        replicas: undefined,
        minReplicas: undefined,
        pods: ['kafka-0'],
      },
    ])
    expect(index.workloads([...pods].reverse(), autoscalers)).toEqual(index.workloads(pods, autoscalers))
  })
})
