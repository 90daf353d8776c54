import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_RESOURCES, type Resources } from '../../src/domain/resources.js'
import { bytes, GIBIBYTE, MEBIBYTE, milliCpu } from '../../src/domain/units.js'
import { fargateSize, parseCapacityProvisioned } from '../../src/model/fargate.js'

const request = (cpu: number, mebibytes: number): Resources => ({
  ...NO_RESOURCES,
  cpu: milliCpu(cpu),
  memory: bytes(mebibytes * MEBIBYTE),
})
const size = (vcpu: number, gigabytes: number) => ({ cpu: vcpu * 1000, memory: gigabytes * GIBIBYTE })

describe('fargateSize', () => {
  it.each([
    ['1 vCPU, 8 GB', request(1000, 8192), size(2, 9)],
    ['250m, 256Mi', request(250, 256), size(0.25, 0.5)],
    ['100m, 300Mi', request(100, 300), size(0.25, 1)],
    ['nothing', request(0, 0), size(0.25, 0.5)],
    ['4 vCPU, 30 GB', request(4000, 30 * 1024), size(8, 32)],
    ['251m', request(251, 0), size(0.5, 1)],
    ['16 vCPU, all memory', request(16000, 120 * 1024 - 256), size(16, 120)],
  ])('of %s', (_, requests, expected) => expect(fargateSize(requests)).toEqual(expected))

  it('is not known beyond the largest', () => {
    expect(fargateSize(request(16001, 0))).toBeUndefined()
    expect(fargateSize(request(0, 120 * 1024))).toBeUndefined()
  })

  it('holds the request and 256 MiB more, and never shrinks as requests grow', () => {
    fc.assert(
      fc.property(fc.nat(15999), fc.nat(119 * 1024), fc.nat(1000), (cpu, memory, more) => {
        const found = fargateSize(request(cpu, memory))
        expect(found?.cpu).toBeGreaterThanOrEqual(cpu)
        expect(found?.memory).toBeGreaterThanOrEqual((memory + 256) * MEBIBYTE)
        const larger = fargateSize(request(cpu, memory + more))
        if (larger !== undefined) expect(larger.memory).toBeGreaterThanOrEqual(found?.memory ?? 0)
      }),
    )
  })
})

describe('parseCapacityProvisioned', () => {
  it.each([
    ['0.25vCPU 0.5GB', size(0.25, 0.5)],
    ['4vCPU 30GB', size(4, 30)],
  ])('reads %s', (text, expected) => expect(parseCapacityProvisioned(text)).toEqual(expected))

  it.each(['', 'vCPU GB', '1 vCPU', 'manyvCPU 1GB', '1vCPU 1GiB'])('does not read %j', (text) =>
    expect(parseCapacityProvisioned(text)).toBeUndefined(),
  )
})
