import { describe, expect, it } from 'vitest'
import { readCniNode } from '../../../src/collect/read-addons.js'
import { inForceMaxPods, withCni } from '../../../src/model/capacity/cni.js'
import { podSpec } from '../../helpers/objects.js'
import { awsNode, daemonSet, detect, liveNode, resourcesOf } from './live.js'
import { typeNamed } from './types.js'

const codes = (detection: ReturnType<typeof detect>): readonly string[] => detection.findings.map(({ code }) => code)
const large = (pods: number, name = 'a') => liveNode({ name, type: 'm5.large', pods })
const xlarge = (pods: number, name = 'b') => liveNode({ name, type: 'm5.xlarge', pods })

describe('the CNI mode in force', () => {
  it.each([
    ['defaults', {}, [29, 58], 'secondary-ip'],
    ['prefixes', { ENABLE_PREFIX_DELEGATION: 'true' }, [110, 110], 'prefix-delegation'],
    ['custom networking', { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' }, [20, 44], 'custom-networking'],
    [
      'both',
      { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true', ENABLE_PREFIX_DELEGATION: 'true' },
      [110, 110],
      'custom-networking-prefix',
    ],
    ['IPv6', { ENABLE_IPv6: 'true', ENABLE_PREFIX_DELEGATION: 'true' }, [110, 110], 'ipv6'],
    ['MAX_ENI', { MAX_ENI: '2' }, [20, 30], 'secondary-ip'],
    ['a number that somebody chose', {}, [50, 50], 'fixed'],
  ] as const)('%s', (_name, settings, [a, b], mode) => {
    const detection = detect(
      [large(a), xlarge(b)],
      [awsNode(settings)],
      undefined,
      mode.startsWith('custom') ? ['us-east-1a'] : [],
    )
    expect(detection.mode).toBe(mode)
    expect(detection.evidence[0]).toContain('DaemonSet kube-system/aws-node')
    expect(detection.evidence.length).toBeGreaterThan(1)
    expect(codes(detection)).toEqual(mode === 'fixed' ? ['cni-pods-above-addresses'] : [])
    expect(inForceMaxPods(typeNamed('m5.large'), detection)).toBe(a)
    expect(inForceMaxPods(typeNamed('m5.xlarge'), detection)).toBe(b)
  })

  it('goes by the DaemonSet of another plugin', () => {
    const detection = detect([large(110), xlarge(110)], [daemonSet('kube-system', 'cilium')])
    expect(detection).toMatchObject({ mode: 'overlay', addressing: 'overlay' })
    expect(detection.evidence[0]).toBe('DaemonSet kube-system/cilium (Cilium), and no aws-node')
  })

  it('sees that Cilium hands out interface addresses', () => {
    const detection = detect([large(29), xlarge(58)], [daemonSet('kube-system', 'cilium')])
    expect(detection).toMatchObject({ mode: 'secondary-ip', addressing: 'secondary-ip' })
  })

  it('goes by the nodes where no DaemonSet was read', () => {
    expect(detect([large(29), xlarge(58)], [])).toMatchObject({ mode: 'secondary-ip', addressing: 'secondary-ip' })
    expect(detect([large(110), xlarge(110)], []).mode).toBe('prefix-delegation')
    expect(detect([large(250), xlarge(250)], [])).toMatchObject({ mode: 'fixed', fixedMaxPods: 250 })
    expect(detect([large(31), xlarge(77)], []).mode).toBe('unknown')
    expect(detect([], [])).toMatchObject({
      mode: 'unknown',
      evidence: expect.arrayContaining(['no live node to compare with']),
    })
  })

  it('knows EKS Auto Mode', () => {
    const node = liveNode({ name: 'a', type: 'm5.large', pods: 27, owner: 'eks-auto-mode', os: 'auto-mode' })
    expect(detect([node], []).mode).toBe('auto-mode')
  })

  it('reads the smallest number of a managed group as that of its types', () => {
    const managed = { owner: 'eks-managed-node-group', group: 'mixed' } as const
    const nodes = [
      liveNode({ name: 'a', type: 't3.small', pods: 11, ...managed }),
      liveNode({ name: 'b', type: 'm5.large', pods: 11, ...managed }),
    ]
    expect(detect(nodes)).toMatchObject({ mode: 'secondary-ip', findings: [] })
  })

  it('names prefixes that the kubelets were never told of, and what that costs', () => {
    const xen = liveNode({ name: 'c', type: 'm4.large', pods: 20 })
    const detection = detect([large(29), xlarge(58), xen], [awsNode({ ENABLE_PREFIX_DELEGATION: 'true' })])
    expect(detection).toMatchObject({ mode: 'secondary-ip', addressing: 'prefix-delegation' })
    expect(detection.findings).toEqual([
      {
        code: 'cni-prefix-not-applied',
        subject: 'default',
        detail: expect.stringContaining(
          '2 live nodes still show the number without it (m5.large: 29 in place of 110): 133 pod',
        ),
      },
    ])
  })

  it('names the groups that were not told, a managed group with the number of its smallest type too', () => {
    const managed = { owner: 'eks-managed-node-group', group: 'mixed' } as const
    const nodes = [
      liveNode({ name: 'a', type: 't3.small', pods: 11, ...managed }),
      liveNode({ name: 'b', type: 'm5.large', pods: 11, ...managed }),
      xlarge(110),
    ]
    const detection = detect(nodes, [awsNode({ ENABLE_PREFIX_DELEGATION: 'true' })])
    expect(detection).toMatchObject({ mode: 'prefix-delegation', groupsBehind: ['mixed'] })
    expect(detection.findings.map(({ subject, detail }) => [subject, detail.includes('198 pod slots unused')])).toEqual(
      [['mixed', true]],
    )
  })

  it('names nodes with more pods than addresses', () => {
    const detection = detect([large(110), xlarge(58)])
    expect(detection.mode).toBe('secondary-ip')
    expect(detection.findings).toEqual([
      {
        code: 'cni-pods-above-addresses',
        subject: 'default',
        detail:
          'more pods allowed on 1 live node than interfaces have addresses for (a: 110 pods allowed, but m5.large has addresses for 29 in secondary-ip mode): 81 pod slots without an address, in which pods would wait for ever',
      },
    ])
  })

  it('names ENIConfigs that do not fit the settings', () => {
    expect(codes(detect([large(29)], [awsNode()], undefined, ['us-east-1a']))).toEqual(['cni-eniconfig-unused'])
    const custom = awsNode({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' })
    expect(codes(detect([large(20)], [custom]))).toEqual(['cni-no-eniconfig'])
  })

  it('does not learn from nodes that contradict their label or have no capacity', () => {
    const wrong = { ...large(25, 'wrong'), capacity: resourcesOf(4000, 5_947_023_360, 1, 25) }
    const empty = { ...large(29, 'empty'), capacity: resourcesOf(0, 0, 0, 0) }
    const detection = detect([wrong, empty, large(29)])
    expect(detection.mode).toBe('secondary-ip')
    expect(detection.findings.map(({ subject, detail }) => [subject, detail.split(':')[0]])).toEqual([
      ['wrong', 'it shows 4 CPUs, m5.large has 2'],
      ['empty', 'its capacity is zero or absent'],
    ])
  })

  it("takes the user's word, and keeps custom networking", () => {
    const detected = detect([large(29)])
    expect(withCni(detected, 'prefix')).toMatchObject({ mode: 'prefix-delegation', overridden: true })
    expect(withCni(detected, 'secondary-ip')).toMatchObject({ mode: 'secondary-ip', overridden: false })
    const custom = detect([large(20)], [awsNode({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' })], 'prefix', ['a'])
    expect(custom).toMatchObject({ mode: 'custom-networking-prefix', overridden: true })
    expect(custom.evidence.at(-1)).toBe('set to custom-networking-prefix; detected was custom-networking')
  })

  it('reads warm pools', () => {
    const settings = { WARM_ENI_TARGET: '2', WARM_IP_TARGET: '5', MINIMUM_IP_TARGET: '10', WARM_PREFIX_TARGET: '3' }
    expect(detect([], [awsNode(settings)]).warm).toEqual({ enis: 2, prefixes: 3, ips: 5, minimumIps: 10 })
    expect(detect([], [awsNode()]).warm).toEqual({ enis: 1, prefixes: 1, ips: undefined, minimumIps: undefined })
  })

  describe('with two network plugins', () => {
    const cilium = daemonSet('kube-system', 'cilium')

    it('takes the settings of aws-node while nodes follow them', () => {
      const detection = detect([large(29)], [awsNode(), cilium])
      expect(detection).toMatchObject({ plugin: 'aws-node', mode: 'secondary-ip', findings: [] })
      expect(detection.evidence).toContain('DaemonSet kube-system/cilium (Cilium) beside it')
    })

    it('goes by the nodes where they do not, and says so', () => {
      const detection = detect([large(110), xlarge(110)], [awsNode(), cilium])
      expect(detection).toMatchObject({ mode: 'overlay', addressing: 'overlay' })
      expect(codes(detection)).toEqual(['cni-mixed'])
      expect(detection.findings[0]?.detail).toContain('Cilium runs beside aws-node, whose settings mean secondary-ip')
    })

    it('passes over an aws-node that selects no node', () => {
      const resting = {
        ...awsNode(),
        template: podSpec({ nodeSelector: { 'io.cilium/aws-node-enabled': 'true' } }),
      }
      const detection = detect([large(110), xlarge(110)], [resting, cilium])
      expect(detection).toMatchObject({ plugin: 'Cilium', mode: 'overlay', findings: [] })
      expect(detection.evidence[0]).toBe('DaemonSet kube-system/cilium (Cilium), and aws-node selects no node')
    })
  })

  describe('security groups for pods', () => {
    const trunk = (value: string, name = 'a') => ({
      ...large(29, name),
      labels: { 'vpc.amazonaws.com/has-trunk-attached': value },
    })
    const on = awsNode({ ENABLE_POD_ENI: 'true' })

    it('are seen by the label, and cost the pods an interface', () => {
      const detection = detect([trunk('true'), trunk('true', 'b')], [on])
      expect(detection.podEni).toBe(true)
      expect(detection.evidence).toContain('label vpc.amazonaws.com/has-trunk-attached: true on 2 of 2 live nodes')
      expect(detection.findings).toEqual([
        {
          code: 'cni-trunk-takes-addresses',
          subject: 'default',
          detail: expect.stringContaining(
            'leaves 18 pod slots of 2 live nodes without an address (m5.large: 29 pods allowed, 20 with addresses)',
          ),
        },
      ])
    })

    it('are missing where the setting is on and no trunk is there', () => {
      expect(codes(detect([trunk('false')], [on]))).toEqual(['cni-trunk-missing'])
      const xen = { ...liveNode({ name: 'x', type: 'm4.large', pods: 20 }), labels: trunk('false').labels }
      expect(codes(detect([xen], [on]))).toEqual([])
    })

    it('are still in place where the setting is off', () => {
      const detection = detect([trunk('true')], [awsNode()])
      expect(detection.podEni).toBe(true)
      expect(codes(detection)).toEqual(['cni-trunk-unused', 'cni-trunk-takes-addresses'])
    })
  })

  describe('with CNINodes', () => {
    type Feature = { readonly name: string; readonly value?: string }
    const TRUNK: Feature = { name: 'SecurityGroupsForPods' }
    const custom = (value: string): Feature => ({ name: 'CustomNetworking', value })
    /** As the VPC resource controller makes it, and the VPC CNI adds its features. */
    const cniNode = (name: string, ...features: readonly Feature[]) =>
      readCniNode({
        apiVersion: 'vpcresources.k8s.aws/v1alpha1',
        kind: 'CNINode',
        metadata: {
          name,
          labels: { 'kubernetes.io/os': 'linux' },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: 'u', controller: true }],
        },
        spec: { features, tags: { 'cluster.k8s.amazonaws.com/name': 'orchard' } },
      })
    const podEni = awsNode({ ENABLE_POD_ENI: 'true' })
    const customOn = awsNode({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' })
    const both = awsNode({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true', ENABLE_POD_ENI: 'true' })
    const see = (
      nodes: Parameters<typeof detect>[0],
      controllers: Parameters<typeof detect>[1],
      cniNodes: Parameters<typeof detect>[4],
      eniConfigs: readonly string[] = [],
    ) => detect(nodes, controllers, undefined, eniConfigs, cniNodes)

    it('sees a trunk interface that no label tells of', () => {
      const detection = see([large(29), large(29, 'b')], [podEni], [cniNode('a', TRUNK), cniNode('b', TRUNK)])
      expect(detection.podEni).toBe(true)
      expect(detection.evidence).toContain('CNINode SecurityGroupsForPods: 2 of 2 live nodes')
      expect(codes(detection)).toEqual(['cni-trunk-takes-addresses'])
    })

    it('sees it where aws-node was not read, and blames no setting', () => {
      const detection = see([large(29)], [], [cniNode('a', TRUNK)])
      expect(detection).toMatchObject({ mode: 'secondary-ip', podEni: true })
      expect(codes(detection)).toEqual(['cni-trunk-takes-addresses'])
    })

    it('names nodes that have no trunk interface although the setting asks for one', () => {
      const detection = see([large(20), large(20, 'b')], [podEni], [cniNode('a', TRUNK), cniNode('b')])
      expect(detection.findings).toEqual([
        expect.objectContaining({
          code: 'cni-trunk-missing',
          detail: expect.stringContaining('no trunk interface is attached to 1 live node (m5.large)'),
        }),
      ])
    })

    it('believes the label, which tells what is attached, more than what was asked for', () => {
      const node = { ...large(20), labels: { 'vpc.amazonaws.com/has-trunk-attached': 'false' } }
      expect(codes(see([node], [], [cniNode('a', TRUNK)]))).toEqual(['cni-trunk-missing'])
      expect(codes(see([node], [awsNode()], [cniNode('a', TRUNK)]))).toEqual([])
    })

    it('names trunk interfaces that the setting does not ask for any more', () => {
      const detection = see([large(20)], [awsNode()], [cniNode('a', TRUNK)])
      expect(detection.podEni).toBe(true)
      expect(codes(detection)).toEqual(['cni-trunk-unused'])
    })

    it('knows custom networking from them where no DaemonSet was read', () => {
      const ours = [cniNode('a', TRUNK, custom('us-east-1a')), cniNode('b', TRUNK, custom('us-east-1b'))]
      const plain = see([large(20), xlarge(44)], [], ours, ['us-east-1a', 'us-east-1b'])
      expect(plain).toMatchObject({ mode: 'custom-networking', addressing: 'custom-networking' })
      expect(plain.evidence).toContain('CNINode CustomNetworking: 2 of 2 live nodes (ENIConfig us-east-1a, us-east-1b)')
      const prefixes = see([large(110), xlarge(110)], [], ours, ['us-east-1a', 'us-east-1b'])
      expect(prefixes.mode).toBe('custom-networking-prefix')
      // A number of their own says nothing about how they get addresses.
      expect(see([large(17), xlarge(17)], [], ours)).toMatchObject({
        mode: 'fixed',
        addressing: 'custom-networking',
      })
    })

    it('agree with the settings, and say so', () => {
      const detection = see([large(20)], [both], [cniNode('a', TRUNK, custom('us-east-1a'))], ['us-east-1a'])
      expect(detection).toMatchObject({ mode: 'custom-networking', podEni: true })
      expect(codes(detection)).toEqual(['cni-trunk-takes-addresses'])
    })

    it('name ENIConfigs that the input does not hold', () => {
      const [none, other] = [[], ['us-east-1b']].map((eniConfigs) =>
        see([large(20)], [customOn], [cniNode('a', custom('us-east-1a'))], eniConfigs),
      )
      expect(none?.findings).toEqual([
        expect.objectContaining({
          code: 'cni-no-eniconfig',
          detail:
            'custom networking is on, but the input holds no ENIConfig (CNINodes name us-east-1a): pod subnets are not known',
        }),
      ])
      expect(other?.findings).toEqual([
        expect.objectContaining({
          code: 'cni-eniconfig-missing',
          detail: expect.stringContaining('name ENIConfig us-east-1a, which the input does not hold'),
        }),
      ])
    })

    it('contradict settings that are on, and settings that are off', () => {
      const on = see([large(11)], [both], [cniNode('a', TRUNK)], ['us-east-1a'])
      expect(on.mode).toBe('fixed')
      expect(codes(on)).toEqual(['cni-custom-not-in-force'])
      expect(on.findings[0]?.detail).toContain('the CNINodes of 1 live node of 1 with a trunk interface')
      // The CNI never writes down an ENIConfig of this name.
      expect(codes(see([large(11)], [both], [cniNode('a', TRUNK)], ['default']))).toEqual([])
      const off = see([large(29)], [awsNode()], [cniNode('a', custom('us-east-1a'))])
      expect(off.mode).toBe('secondary-ip')
      expect(codes(off)).toEqual(['cni-custom-left'])
      expect(off.findings[0]?.detail).toContain('new nodes are modelled without it')
    })

    it('may be left over from nodes that are gone', () => {
      const detection = see([large(29)], [awsNode()], [cniNode('a'), cniNode('gone', TRUNK)])
      expect(detection.podEni).toBe(false)
      expect(detection.evidence).toContain('CNINode: no feature on 1 live node')
      expect(detection.findings).toEqual([expect.objectContaining({ code: 'cni-node-unknown', subject: 'gone' })])
      expect(codes(see([], [awsNode()], [cniNode('gone')]))).toEqual([])
    })
  })
})
