import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressLimit,
  autoModeMaxPods,
  branchPods,
  canUsePrefixes,
  customNetworking,
  customNetworkingPrefix,
  ipv6,
  kopsMaxPods,
  maxPodsTable,
  prefixDelegation,
  prefixDelegationRaw,
  recommendedCap,
  secondaryIp,
  windowsAddresses,
  withPodsPerCore,
} from '../../../src/model/capacity/max-pods.js'
import { TYPES, typeNamed } from './types.js'

const VECTORS = [
  ['t3.nano', 4, 3, 34, 34, 18],
  ['t3.small', 11, 8, 146, 110, 98],
  ['t3.medium', 17, 12, 242, 110, 110],
  ['c6g.medium', 8, 5, 98, 98, 50],
  ['t3.large', 35, 24, 530, 110, 110],
  ['m5.large', 29, 20, 434, 110, 110],
  ['m5.xlarge', 58, 44, 898, 110, 110],
  ['m5.4xlarge', 234, 205, 3714, 110, 110],
  ['m5.8xlarge', 234, 205, 3714, 250, 250],
  ['m5.metal', 737, 688, 11762, 250, 250],
  ['m4.large', 20, 11, 20, 20, 11],
  ['m8i.large', 59, 40, 914, 110, 110],
  ['c6in.32xlarge', 394, 345, 6274, 250, 250],
  ['p4d.24xlarge', 737, 688, 11762, 250, 250],
  ['p5.48xlarge', 100, 51, 1570, 250, 250],
  ['g6e.48xlarge', 492, 443, 7842, 250, 250],
] as const

describe('max pods by mode', () => {
  it.each(VECTORS)(
    '%s: secondary %i, custom %i, prefix %i (capped %i), both %i',
    (name, plain, custom, raw, capped, both) => {
      const type = typeNamed(name)
      expect(secondaryIp(type)).toBe(plain)
      expect(customNetworking(type)).toBe(custom)
      expect(prefixDelegationRaw(type)).toBe(raw)
      expect(prefixDelegation(type)).toBe(capped)
      expect(customNetworkingPrefix(type)).toBe(both)
    },
  )

  it('lets bare metal use prefixes although EC2 names no hypervisor there', () => {
    expect(canUsePrefixes(typeNamed('m5.metal'))).toBe(true)
    expect(canUsePrefixes(typeNamed('m4.large'))).toBe(false)
  })

  it('caps IPv6 only, and refuses types that cannot join', () => {
    expect(ipv6(typeNamed('t3.nano'))).toBe(110)
    expect(ipv6(typeNamed('m5.8xlarge'))).toBe(250)
    expect(ipv6(typeNamed('m4.large'))).toBeUndefined()
    expect(addressLimit(typeNamed('m4.large'), 'ipv6')).toBe(0)
  })

  it.each([
    [{ maxEni: 2 }, 30, 16],
    [{ maxEni: 0 }, 58, 44],
    [{ maxEni: 9 }, 58, 44],
    [{ reservedEnis: 1 }, 44, 30],
    [{ efaOnlyInterfaces: 2 }, 30, 16],
    [{ maxEni: 2, reservedEnis: 5 }, 0, 0],
  ])('takes interfaces away: %j gives m5.xlarge %i, custom %i', (limits, plain, custom) => {
    expect(secondaryIp(typeNamed('m5.xlarge'), limits)).toBe(plain)
    expect(customNetworking(typeNamed('m5.xlarge'), limits)).toBe(custom)
  })

  it('knows Windows, kOps, Auto Mode, branch interfaces and pods per core', () => {
    expect(windowsAddresses(typeNamed('m5.large'), false)).toBe(9)
    expect(windowsAddresses(typeNamed('m5.large'), true)).toBe(144)
    expect(kopsMaxPods(typeNamed('p5.48xlarge'))).toBe(110)
    expect(kopsMaxPods(typeNamed('t3.small'))).toBe(11)
    expect(autoModeMaxPods(typeNamed('m5.8xlarge'))).toBe(110)
    expect(branchPods(typeNamed('m5.xlarge'))).toBe(18)
    expect(branchPods(typeNamed('m4.large'))).toBe(0)
    expect(branchPods(typeNamed('m6i.large'))).toBeUndefined()
    expect(withPodsPerCore(35, typeNamed('t3.large'), 4)).toBe(8)
    expect(withPodsPerCore(35, typeNamed('t3.large'), 0)).toBe(35)
  })

  it('gives a row with every mode side by side', () => {
    const row = maxPodsTable(typeNamed('m5.large'), {
      inForce: { mode: 'secondary-ip', maxPods: 29 },
      observed: [29, 20, 29],
    })
    expect(row).toMatchObject({ secondaryIp: 29, prefixDelegation: 110, ipv6: 110, customNetworking: 20 })
    expect(row).toMatchObject({ customNetworkingPrefix: 110, overlay: 110, observed: [20, 29] })
    expect(maxPodsTable(typeNamed('m4.large')).ipv6).toBeUndefined()
  })

  it('orders the modes: custom below plain, prefixes above plain but never above the cap', () => {
    const types = [...TYPES.values()]
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.integer({ min: 0, max: 20 }), (type, maxEni) => {
        const limits = { maxEni }
        expect(customNetworking(type, limits)).toBeLessThanOrEqual(secondaryIp(type, limits))
        expect(customNetworkingPrefix(type, limits)).toBeLessThanOrEqual(prefixDelegation(type, limits))
        expect(secondaryIp(type, limits)).toBeLessThanOrEqual(secondaryIp(type))
        if (canUsePrefixes(type)) expect(prefixDelegation(type, limits)).toBeLessThanOrEqual(recommendedCap(type))
        expect(prefixDelegation(type, limits)).toBeGreaterThanOrEqual(
          Math.min(secondaryIp(type, limits), recommendedCap(type)),
        )
      }),
    )
  })
})
