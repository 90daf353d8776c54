import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  DEFAULT_WARM_POOL,
  fullNodeAddresses,
  nodeAddresses,
  prefixAddresses,
  secondaryAddresses,
  type WarmPool,
} from '../../../src/model/capacity/addresses.js'
import { TYPES, typeNamed } from './types.js'

const warm = (more: Partial<WarmPool>): WarmPool => ({ ...DEFAULT_WARM_POOL, ...more })
const small = { slots: 3, enis: 3 }
const p3dn = { slots: 49, enis: 15 }

describe('addresses of a node', () => {
  it.each([
    ['t3.small, WARM_ENI 1', small, warm({}), 0, 1, 3],
    ['t3.small, WARM_ENI 1', small, warm({}), 5, 3, 9],
    ['t3.small, WARM_ENI 1', small, warm({}), 9, 3, 9],
    ['t3.small, WARM_IP 1 MIN 1', small, warm({ ips: 1, minimumIps: 1 }), 0, 1, 1],
    ['t3.small, WARM_IP 1 MIN 1', small, warm({ ips: 1, minimumIps: 1 }), 5, 2, 6],
    ['t3.small, WARM_IP 1 MIN 1', small, warm({ ips: 1, minimumIps: 1 }), 9, 3, 9],
    ['t3.small, WARM_IP 2 MIN 5', small, warm({ ips: 2, minimumIps: 5 }), 0, 2, 5],
    ['t3.small, WARM_IP 2 MIN 5', small, warm({ ips: 2, minimumIps: 5 }), 5, 3, 7],
    ['t3.small, WARM_IP 2 MIN 5', small, warm({ ips: 2, minimumIps: 5 }), 9, 3, 9],
    ['p3dn.24xlarge, WARM_ENI 1', p3dn, warm({}), 0, 1, 49],
    ['p3dn.24xlarge, WARM_ENI 1', p3dn, warm({}), 3, 2, 98],
    ['p3dn.24xlarge, WARM_ENI 1', p3dn, warm({}), 95, 3, 147],
    ['p3dn.24xlarge, WARM_IP 5 MIN 10', p3dn, warm({ ips: 5, minimumIps: 10 }), 0, 1, 10],
    ['p3dn.24xlarge, WARM_IP 5 MIN 10', p3dn, warm({ ips: 5, minimumIps: 10 }), 7, 1, 12],
    ['p3dn.24xlarge, WARM_IP 5 MIN 10', p3dn, warm({ ips: 5, minimumIps: 10 }), 15, 1, 20],
    ['p3dn.24xlarge, WARM_IP 5 MIN 10', p3dn, warm({ ips: 5, minimumIps: 10 }), 45, 2, 50],
  ])(
    '%s: %j %j, %i pods take %i interfaces and %i addresses',
    (_name, { slots, enis }, pool, pods, wantEnis, wantIps) => {
      expect(secondaryAddresses(pods, slots, enis, pool)).toEqual({ enis: wantEnis, ips: wantIps })
    },
  )

  it.each([
    [warm({}), 0, 1, 1],
    [warm({}), 5, 2, 1],
    [warm({}), 16, 2, 1],
    [warm({}), 17, 3, 1],
    [warm({}), 58, 5, 2],
    [warm({ ips: 1, minimumIps: 1 }), 0, 1, 1],
    [warm({ ips: 1, minimumIps: 1 }), 5, 1, 1],
    [warm({ ips: 1, minimumIps: 1 }), 17, 2, 1],
    [warm({ ips: 1, minimumIps: 1 }), 58, 4, 2],
  ])('t3.small with prefixes, %j: %i pods take %i prefixes on %i interfaces', (pool, pods, prefixes, enis) => {
    expect(prefixAddresses(pods, small.slots, small.enis, pool)).toEqual({ prefixes, enis })
  })

  it('counts interfaces, prefixes and the instance', () => {
    const type = typeNamed('t3.small')
    const demand = { type, mode: 'prefix-delegation', warm: warm({}), pods: 58 } as const
    expect(nodeAddresses(demand)).toEqual({ enis: 2, podAddresses: 80, prefixes: 5, nodeSubnet: 82, podSubnet: 0 })
    expect(nodeAddresses({ ...demand, mode: 'secondary-ip', pods: 5 }).nodeSubnet).toBe(12)
    expect(nodeAddresses({ ...demand, mode: 'custom-networking', pods: 5 })).toMatchObject({
      nodeSubnet: 1,
      podSubnet: 8,
    })
    expect(nodeAddresses({ ...demand, mode: 'overlay' })).toMatchObject({ nodeSubnet: 1, podSubnet: 0 })
    const trunk = { ...demand, mode: 'secondary-ip', type: typeNamed('m5.large'), pods: 20, trunk: true } as const
    expect(nodeAddresses({ ...trunk, branchPods: 4 })).toMatchObject({ enis: 3, nodeSubnet: 18 + 2 + 1 + 4 })
    expect(fullNodeAddresses({ type, mode: 'secondary-ip', warm: warm({}) }, 11)).toMatchObject({ nodeSubnet: 12 })
  })

  it('never needs fewer addresses for more pods', () => {
    const modes = ['secondary-ip', 'prefix-delegation', 'custom-networking', 'custom-networking-prefix'] as const
    fc.assert(
      fc.property(
        fc.constantFrom(...TYPES.values()),
        fc.constantFrom(...modes),
        fc.integer({ min: 0, max: 240 }),
        fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
        (type, mode, pods, ips) => {
          const at = (count: number) => nodeAddresses({ type, mode, warm: warm({ ips }), pods: count })
          const [now, more] = [at(pods), at(pods + 1)]
          expect(more.nodeSubnet + more.podSubnet).toBeGreaterThanOrEqual(now.nodeSubnet + now.podSubnet)
          expect(now.enis).toBeLessThanOrEqual(type.enis)
        },
      ),
    )
  })
})
