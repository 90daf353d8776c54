import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allocatableOf,
  eksReservedCpu,
  eksReservedMemoryMib,
  evictionBytes,
  karpenterMemoryMib,
  type Withheld,
} from '../../../src/model/capacity/allocatable.js'
import { quantity, reservedSettings } from '../../../src/model/capacity/kubelet-settings.js'
import { appliedMaxPods } from '../../../src/model/capacity/provisioner.js'
import { ruledWithheld } from '../../../src/model/capacity/reservations.js'
import { typeNamed } from './types.js'

const KI = 1024
const MI = 1024 ** 2
const GI = 1024 ** 3

const eks = (vcpus: number, n: number | undefined): Withheld => ({
  reservedCpu: eksReservedCpu(vcpus, 'al2023'),
  reservedMemory: n === undefined ? 0 : eksReservedMemoryMib(n) * MI,
  reservedDisk: GI,
  memoryThreshold: '100Mi',
  diskThreshold: '10%',
})
const none: Withheld = { ...eks(0, undefined), reservedCpu: 0, reservedDisk: 0 }

describe('kube-reserved', () => {
  it.each([
    [1, 60],
    [2, 70],
    [3, 75],
    [4, 80],
    [5, 82],
    [6, 85],
    [8, 90],
    [16, 110],
    [32, 150],
    [36, 160],
    [48, 190],
    [64, 230],
    [72, 250],
    [96, 310],
    [128, 390],
    [192, 550],
    [448, 1190],
  ])('%i vCPUs reserve %im', (vcpus, reserved) => {
    expect(eksReservedCpu(vcpus, 'al2023')).toBe(reserved)
    expect(eksReservedCpu(vcpus, 'bottlerocket')).toBe(reserved)
  })

  it.each([
    [4, 299],
    [8, 343],
    [11, 376],
    [17, 442],
    [29, 574],
    [35, 640],
    [44, 739],
    [58, 893],
    [60, 915],
    [100, 1355],
    [110, 1465],
    [234, 2829],
    [250, 3005],
    [737, 8362],
  ])('%i pods reserve %i MiB', (n, mib) => {
    expect(eksReservedMemoryMib(n)).toBe(mib)
  })
})

describe('allocatable of real nodes', () => {
  it.each([
    ['m5.large AL2', 2, 7824344, 29, 7134168, 1930],
    ['m5.large', 2, 7910360, 29, 7220184, 1930],
    ['t4g.small', 2, 1895736, 11, 1408312, 1930],
    ['t4g.medium', 2, 3932504, 17, 3377496, 1930],
    ['t4g.xlarge', 4, 16152844, 58, 15136012, 3920],
    ['192 vCPUs, AL2', 192, 387900104, 737, 379235016, 191450],
    ['192 vCPUs, Bottlerocket that does not know the type', 192, 387880460, undefined, 387778060, 191450],
  ])('%s (%i vCPUs, %iKi, N %s) leaves %iKi and %im', (_name, vcpus, memoryKi, n, leftKi, leftCpu) => {
    const capacity = { cpu: vcpus * 1000, memory: memoryKi * KI, ephemeralStorage: 20 * GI }
    const left = allocatableOf(capacity, eks(vcpus, n))
    expect(left).toMatchObject({ cpu: leftCpu, memory: leftKi * KI })
  })

  it('kOps reserves nothing', () => {
    const left = allocatableOf({ cpu: 2000, memory: 7910360 * KI, ephemeralStorage: 0 }, none)
    expect(left).toMatchObject({ cpu: 2000, memory: 7807960 * KI })
  })

  it.each([
    [83873772, 76224326324],
    [20959212, 18242267924],
    [20624592, 17933882132],
  ])('a disk of %iKi leaves %i bytes', (kib, left) => {
    const capacity = { cpu: 2000, memory: GI, ephemeralStorage: kib * KI }
    expect(allocatableOf(capacity, eks(2, 11)).ephemeralStorage).toBe(left)
  })

  it('takes huge pages from memory, and never falls below 0', () => {
    const capacity = { cpu: 50, memory: 600 * MI, ephemeralStorage: 0 }
    expect(allocatableOf(capacity, none, 200 * MI).memory).toBe(300 * MI)
    expect(allocatableOf(capacity, eks(2, 29))).toEqual({ cpu: 0, memory: 0, ephemeralStorage: 0 })
  })
})

describe('eviction thresholds', () => {
  it.each([
    [85886742528, '10%', Math.trunc(85886742528 * 0.10000000149011612)],
    [8_000_000_000, '5%', Math.trunc(8_000_000_000 * 0.05000000074505806)],
    [8_000_000_000, '0%', 0],
    [8_000_000_000, '100Mi', 100 * MI],
    [8_000_000_000, '1Gi', GI],
    [8_000_000_000, '500M', 500_000_000],
  ])('of %i bytes, %s is %i', (capacity, threshold, value) => {
    expect(evictionBytes(capacity, threshold)).toBe(value)
  })

  it('reads no threshold from nonsense', () => {
    expect(evictionBytes(1000, 'lots')).toBeUndefined()
    expect(evictionBytes(1000, '10 %')).toBeUndefined()
  })
})

describe("Karpenter's estimate", () => {
  it.each([
    ['a1.medium', 1392, 940, 8],
    ['t4g.small', 1359, 1930, 11],
    ['t3.medium', 3246, 1930, 17],
    ['c5.large', 3114, 1930, 29],
    ['t3.large', 6837, 1930, 35],
    ['m5.large', 6903, 1930, 29],
    ['m6g.large', 6844, 1930, 29],
    ['m8i.large', 6573, 1930, 59],
    ['m5.xlarge', 14162, 3920, 58],
    ['r6i.large', 14481, 1930, 29],
    ['m6i.4xlarge', 57691, 15890, 234],
    ['m5.24xlarge', 355262, 95690, 737],
    ['i4i.32xlarge', 961470, 127610, 737],
    ['p5.48xlarge', 1938410, 191450, 100],
  ])('%s: %iMi, %im, %i pods', (name, memoryMib, cpu, pods) => {
    const type = typeNamed(name)
    const applied = appliedMaxPods(type, { owner: 'karpenter', os: 'al2023', cni: 'secondary-ip' })
    const { withheld } = ruledWithheld({ owner: 'karpenter', os: 'al2023' }, type, applied)
    const capacity = {
      cpu: type.vcpus * 1000,
      memory: karpenterMemoryMib(type.memoryMib, type.architectures.includes('arm64')) * MI,
      ephemeralStorage: 20 * GI,
    }
    const left = allocatableOf(capacity, withheld)
    expect({ memory: left.memory / MI, cpu: left.cpu, pods: applied.maxPods }).toEqual({ memory: memoryMib, cpu, pods })
    expect(Math.ceil(left.ephemeralStorage / GI)).toBe(17)
  })
})

describe('kubelet settings', () => {
  it.each([
    ['250m', 0.25],
    ['2', 2],
    ['1Gi', GI],
    ['1.5Gi', 1.5 * GI],
    ['1e3', 1000],
    ['100k', 100_000],
    ['10%', undefined],
    ['vcpus * 2', undefined],
    ['', undefined],
  ])('%s is %s', (text, value) => {
    expect(quantity(text)).toBe(value)
  })

  it('reads quantities and expressions, and drops what fails', () => {
    const type = typeNamed('m5.xlarge')
    const entries = { cpu: '80 + vcpus', memory: 'max_pods * 11 + 255', 'ephemeral-storage': '2Gi' }
    expect(reservedSettings(entries, type, 58)).toEqual({
      reserved: { cpu: 84, memory: 893 * MI, ephemeralStorage: 2 * GI },
      failures: [],
    })
    const { reserved, failures } = reservedSettings({ cpu: '200m', memory: 'what(1)' }, type, 58)
    expect(reserved).toEqual({ cpu: 200 })
    expect(failures).toEqual([expect.stringMatching(/^reserved memory expression failed for m5\.xlarge/)])
  })

  it('replaces single reserved resources and adds system-reserved', () => {
    const kubelet = {
      maxPods: undefined,
      podsPerCore: undefined,
      kubeReserved: { cpu: '200m' },
      systemReserved: { memory: '100Mi', cpu: '50m' },
      evictionHard: { 'memory.available': '5%', 'nodefs.available': 'nonsense' },
    }
    const pods = { maxPods: 29, reservedFor: 29 }
    expect(ruledWithheld({ owner: 'karpenter', os: 'al2023', kubelet }, typeNamed('m5.large'), pods).withheld).toEqual({
      reservedCpu: 250,
      reservedMemory: (574 + 100) * MI,
      reservedDisk: GI,
      memoryThreshold: '5%',
      diskThreshold: '10%',
    })
  })
})

it('never leaves more than there is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 448 }),
      fc.integer({ min: 0, max: 2 ** 40 }),
      fc.nat(800),
      (vcpus, memory, n) => {
        const capacity = { cpu: vcpus * 1000, memory, ephemeralStorage: memory }
        const left = allocatableOf(capacity, eks(vcpus, n))
        for (const name of ['cpu', 'memory', 'ephemeralStorage'] as const) {
          expect(left[name]).toBeGreaterThanOrEqual(0)
          expect(left[name]).toBeLessThanOrEqual(capacity[name])
          expect(Number.isInteger(left[name])).toBe(true)
        }
      },
    ),
  )
})
