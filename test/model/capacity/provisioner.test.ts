import { describe, expect, it } from 'vitest'
import type { KubeletSettings } from '../../../src/domain/snapshot.js'
import { evaluateExpression } from '../../../src/model/capacity/expression.js'
import { appliedMaxPods, usableMaxPods, type Provisioner } from '../../../src/model/capacity/provisioner.js'
import { typeNamed } from './types.js'

const kubelet = (more: Partial<KubeletSettings>): KubeletSettings => ({
  maxPods: undefined,
  podsPerCore: undefined,
  kubeReserved: {},
  systemReserved: {},
  evictionHard: {},
  ...more,
})

const managed: Provisioner = { owner: 'eks-managed-node-group', os: 'al2023', cni: 'secondary-ip' }
const karpenter: Provisioner = { owner: 'karpenter', os: 'al2023', cni: 'secondary-ip' }
const own: Provisioner = { owner: 'self-managed', os: 'al2023', cni: 'secondary-ip' }
const kops: Provisioner = { owner: 'kops', os: 'ubuntu', cni: 'secondary-ip' }
const small = [typeNamed('t3.small'), typeNamed('m5.large')]

describe('max pods as provisioners apply them', () => {
  it.each<[string, string, Provisioner, number]>([
    ['managed group', 'm5.4xlarge', managed, 110],
    ['managed group', 'm5.8xlarge', managed, 234],
    ['managed group', 'm5.metal', managed, 250],
    ['managed group', 'm5.12xlarge', managed, 234],
    ['managed group', 'p4d.24xlarge', managed, 250],
    ['managed group of two types', 't3.small', { ...managed, groupTypes: small }, 11],
    ['managed group of two types', 'm5.large', { ...managed, groupTypes: small }, 11],
    ['managed group with prefixes', 'm5.large', { ...managed, cni: 'prefix-delegation' }, 110],
    ['managed group with prefixes on xen', 'm4.large', { ...managed, cni: 'prefix-delegation' }, 20],
    ['managed group ignores maxPods', 'm5.large', { ...managed, kubelet: kubelet({ maxPods: 5 }) }, 29],
    ['managed group with its own AMI', 'm5.4xlarge', { ...managed, ownImage: true }, 234],
    ['Karpenter', 't3.large', karpenter, 35],
    ['Karpenter knows no prefixes', 't3.large', { ...karpenter, cni: 'prefix-delegation' }, 35],
    ['Karpenter RESERVED_ENIS 1', 't3.large', { ...karpenter, reservedEnis: 1 }, 24],
    ['Karpenter RESERVED_ENIS huge', 't3.large', { ...karpenter, reservedEnis: 1_000_000 }, 0],
    ['Karpenter Windows', 't3.large', { ...karpenter, os: 'windows' }, 110],
    ['Karpenter maxPods', 't3.large', { ...karpenter, kubelet: kubelet({ maxPods: 10 }) }, 10],
    ['Karpenter podsPerCore', 't3.large', { ...karpenter, kubelet: kubelet({ podsPerCore: 4 }) }, 8],
    [
      'Bottlerocket ignores podsPerCore',
      't3.large',
      { ...karpenter, os: 'bottlerocket', kubelet: kubelet({ podsPerCore: 4 }) },
      35,
    ],
    [
      'Karpenter expression',
      't3.large',
      { ...karpenter, kubelet: kubelet({ maxPodsExpression: 'min(max_pods, vcpus * 8)' }) },
      16,
    ],
    ['nodeadm', 'm5.4xlarge', own, 234],
    ['nodeadm expression', 'm5.xlarge', { ...own, maxPodsExpression: '(default_enis-1)*(ips_per_eni-1)+2' }, 44],
    ['nodeadm expression that fails', 'm5.xlarge', { ...own, maxPodsExpression: '99 - fake' }, 58],
    ['nodeadm expression below 1', 'm5.xlarge', { ...own, maxPodsExpression: 'max_pods - 58' }, 58],
    [
      'nodeadm maxPods over expression',
      'm5.xlarge',
      { ...own, maxPodsExpression: '60', kubelet: kubelet({ maxPods: 1 }) },
      1,
    ],
    ['Bottlerocket', 'm5.xlarge', { ...own, os: 'bottlerocket' }, 58],
    ['Bottlerocket max-pods', 'm5.xlarge', { ...own, os: 'bottlerocket', kubelet: kubelet({ maxPods: 90 }) }, 90],
    ['kOps', 'p5.48xlarge', kops, 110],
    ['kOps small', 't3.medium', kops, 17],
    ['kOps, other CNI', 't3.medium', { ...kops, cni: 'overlay' }, 110],
    ['kOps maxPods', 't3.medium', { ...kops, kubelet: kubelet({ maxPods: 60 }) }, 60],
    ['Auto Mode', 'm5.4xlarge', { owner: 'eks-auto-mode', os: 'auto-mode', cni: 'auto-mode' }, 110],
    ['Fargate', 'm5.large', { owner: 'fargate', os: 'al2', cni: 'secondary-ip' }, 1],
    ['hybrid', 'm5.large', { owner: 'hybrid', os: 'ubuntu', cni: 'overlay' }, 110],
  ])('%s: %s', (_name, type, provisioner, expected) => {
    expect(appliedMaxPods(typeNamed(type), provisioner).maxPods).toBe(expected)
  })

  it.each<[string, Provisioner, number | undefined]>([
    ['Karpenter AL2023 with maxPods 10', { ...karpenter, kubelet: kubelet({ maxPods: 10 }) }, 35],
    [
      'Karpenter Bottlerocket with maxPods 10',
      { ...karpenter, os: 'bottlerocket', kubelet: kubelet({ maxPods: 10 }) },
      10,
    ],
    ['Karpenter AL2023, RESERVED_ENIS 1', { ...karpenter, reservedEnis: 1 }, 35],
    ['Karpenter Bottlerocket, RESERVED_ENIS 1', { ...karpenter, os: 'bottlerocket', reservedEnis: 1 }, 24],
    ['Karpenter Windows, RESERVED_ENIS 1', { ...karpenter, os: 'windows', reservedEnis: 1 }, 110],
    ['nodeadm expression 60 and maxPods 1', { ...own, maxPodsExpression: '60', kubelet: kubelet({ maxPods: 1 }) }, 60],
    ['kOps', kops, undefined],
  ])('reserves memory for the right number: %s', (_name, provisioner, n) => {
    expect(appliedMaxPods(typeNamed('t3.large'), provisioner).reservedFor).toBe(n)
  })

  it('says what a failed expression was replaced by', () => {
    const { fallback } = appliedMaxPods(typeNamed('m5.xlarge'), { ...own, maxPodsExpression: '1 +' })
    expect(fallback).toMatch(/^max pods expression failed for m5\.xlarge \(.+\); 58 is used in its place$/)
    expect(appliedMaxPods(typeNamed('m5.xlarge'), own).fallback).toBeUndefined()
  })

  it('counts only pods that can get an address', () => {
    const told = { ...karpenter, kubelet: kubelet({ maxPods: 110 }) }
    expect(usableMaxPods(typeNamed('m5.large'), told).maxPods).toBe(29)
    expect(usableMaxPods(typeNamed('m5.large'), { ...told, cni: 'prefix-delegation' }).maxPods).toBe(110)
    expect(usableMaxPods(typeNamed('m5.large'), { ...karpenter, cni: 'custom-networking' }).maxPods).toBe(20)
    expect(usableMaxPods(typeNamed('m4.large'), { ...karpenter, cni: 'ipv6' }).maxPods).toBe(0)
  })
})

describe('expressions', () => {
  const medium = typeNamed('t3.medium')
  it.each([
    ['nodeadm', '417', 17, 417],
    ['nodeadm', '(default_enis * (ips_per_eni - 1)) + 2', 17, 17],
    ['nodeadm', '(default_enis * ((ips_per_eni - 1) * 16)) + 2', 17, 242],
    ['nodeadm', 'max_pods < 30 ? max_pods : 30', 35, 30],
    ['nodeadm', '(vcpus * 10) < max_pods ? (vcpus * 10) : max_pods', 58, 20],
    ['nodeadm', '(physical_memory_mib / 1024) > 3 ? 110 : max_pods', 58, 110],
    ['karpenter', 'max(max_pods, 20) + int(double(memory_mib) * 0.01)', 17, 60],
    ['karpenter', 'min(max_pods, 1.5)', 17, 1],
    ['karpenter', 'instance_type == "t3.medium" ? 7 : 8', 17, 7],
  ] as const)('%s: %s with max_pods %i is %i', (dialect, text, maxPods, value) => {
    expect(evaluateExpression(dialect, text, medium, maxPods, 1)).toEqual({ kind: 'value', value })
  })

  it.each([
    ['nodeadm', 'default_enis + fake_variable'],
    ['nodeadm', 'max_pods - 17'],
    ['nodeadm', 'max_pods - 30'],
    ['nodeadm', 'true'],
    ['nodeadm', '"17"'],
    ['nodeadm', 'max_pods / 0'],
    ['nodeadm', '2147483648'],
    ['nodeadm', 'min(max_pods, 5)'],
    ['nodeadm', ''],
    ['karpenter', 'double(max_pods) / 0.0'],
  ] as const)('%s: %s fails', (dialect, text) => {
    const result = evaluateExpression(dialect, text, medium, 17, 1)
    expect(result.kind).toBe('failed')
    expect(result).not.toHaveProperty('why', '')
  })
})
