import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ModelCheck } from '../../../src/domain/recommendation.js'
import { modelCheck } from '../../../src/model/capacity/check.js'
import { detectCni, type CniDetection } from '../../../src/model/capacity/cni.js'
import { secondaryIp } from '../../../src/model/capacity/max-pods.js'
import { capacityModel, type CapacityContext } from '../../../src/model/capacity/predict.js'
import { readCatalog } from '../../../src/collect/catalog-file.js'
import { ROOT } from '../../helpers/command.js'
import { readCluster, readEc2Network, readTypes, sharedIsPresent } from './clusters.js'
import { summaryOf } from './summary.js'

const note = sharedIsPresent ? '' : ' (skipped: ../shared is absent)'

function open(path: string): { readonly cni: CniDetection; readonly groups: readonly CapacityContext[] } {
  const types = readTypes()
  const lookup = (name: string) => types.get(name)
  const { nodes, controllers } = readCluster(path)
  const cni = detectCni({ controllers, eniConfigs: [], cniNodes: [], nodes, lookup })
  const names = [...new Set(nodes.map(({ owner, group }) => `${owner}/${group}`))]
  const groups = names.flatMap((name): CapacityContext[] => {
    const own = nodes.filter((node) => `${node.owner}/${node.group}` === name)
    const first = own[0]
    return first === undefined
      ? []
      : [{ owner: first.owner, os: first.os, nodes: own, clusterNodes: nodes, lookup, cni }]
  })
  return { cni, groups }
}

describe.skipIf(!sharedIsPresent)(`instance types of the package${note}`, () => {
  it('have the secondary-IP number that EC2 gives them, every one of them', async () => {
    const { types } = await readCatalog(join(ROOT, 'data', 'catalog.json.gz'))
    const ec2 = readEc2Network()
    const known = [...types.values()].filter(({ name }) => ec2.has(name))
    expect(known.length).toBeGreaterThan(1390)
    const wrong = known.filter((type) => {
      const { enis, ipv4PerEni } = ec2.get(type.name) ?? { enis: 0, ipv4PerEni: 0 }
      return secondaryIp(type) !== enis * (ipv4PerEni - 1) + 2
    })
    expect(wrong.map(({ name }) => name)).toEqual([])
    // Counting all cards would be wrong for these.
    expect(known.filter((type) => type.enis !== type.enisAllCards).length).toBeGreaterThan(50)
  })
})

describe.skipIf(!sharedIsPresent)(`live nodes of EKS clusters${note}`, () => {
  /**
   * Worst and median error of allocatable memory, in percent. small and medium are generated, and their generator's
   * memory curve is not EC2's: up to 448 MiB beside the measured table, so only the real cluster shows what the table is
   * worth.
   */
  const CASES: readonly (readonly [string, ModelCheck['method'], number, number, number])[] = [
    ['small.json.gz', 'rules', 30, 1.7, 1.7],
    ['small.json.gz', 'other-types', 30, 0.7, 0.7],
    ['small.json.gz', 'in-force', 30, 0.02, 0.02],
    ['medium.json.gz', 'rules', 281, 4.5, 1],
    ['medium.json.gz', 'other-types', 281, 2.5, 0.3],
    ['medium.json.gz', 'in-force', 281, 0.02, 0.02],
    ['real/eks-ecommerce-2026.json.gz', 'rules', 2, 0.3, 0.3],
    ['real/eks-ecommerce-2026.json.gz', 'in-force', 2, 0, 0],
  ]
  it.each(CASES)('%s by %s: %i nodes, CPU and pods exact, memory close', (path, method, nodes, worst, median) => {
    const { checks } = modelCheck(open(path).groups, method)
    for (const resource of ['cpu', 'pods'] as const)
      expect(summaryOf(checks, resource)).toMatchObject({ nodes, exact: nodes, overPromised: 0 })
    const memory = summaryOf(checks, 'memory')
    expect(memory.worstPct).toBeLessThanOrEqual(worst)
    expect(memory.medianPct).toBeLessThanOrEqual(median)
    if (method === 'in-force') expect(memory.overPromised).toBe(0)
  })

  it('are predicted as seen where their group has the type', () => {
    for (const path of [
      'small.json.gz',
      'medium.json.gz',
      'real/eks-ecommerce-2026.json.gz',
      'real/openshift-aws-6nodes.json.gz',
    ]) {
      for (const group of open(path).groups.filter(({ owner }) => owner !== 'fargate')) {
        const model = capacityModel(group)
        for (const node of group.nodes) {
          const type = group.lookup(node.instanceType ?? '')
          if (type === undefined) throw new Error(`${node.name} has no type`)
          const { capacity, allocatable, basis } = model(type)
          expect(basis).toMatch(/^seen on \d+ live node/)
          expect(allocatable.cpu).toBe(node.allocatable.cpu)
          expect(allocatable.pods).toBe(node.allocatable.pods)
          expect(allocatable.memory).toBeLessThanOrEqual(node.allocatable.memory)
          expect(allocatable.memory).toBeGreaterThan(node.allocatable.memory * 0.999)
          expect(allocatable.ephemeralStorage).toBe(node.allocatable.ephemeralStorage)
          expect(capacity.memory).toBeLessThanOrEqual(node.capacity.memory)
        }
      }
    }
  })

  it('show their mode', () => {
    for (const path of ['small.json.gz', 'medium.json.gz', 'real/eks-ecommerce-2026.json.gz']) {
      expect(open(path).cni).toMatchObject({ mode: 'secondary-ip', addressing: 'secondary-ip', findings: [] })
    }
    expect(open('medium.json.gz').cni.podEni).toBe(true)
    expect(open('real/openshift-aws-6nodes.json.gz').cni).toMatchObject({ mode: 'fixed', fixedMaxPods: 250 })
    expect(open('real/aws-kubeadm-1.8-m3medium-a.json.gz').cni).toMatchObject({ mode: 'overlay' })
    const old = open('real/eks-2019-3nodes.json')
    expect(old.cni.findings.map(({ code }) => code)).toEqual(Array(3).fill('node-figures-unusable'))
    expect(modelCheck(old.groups, 'rules').skipped.map(({ why }) => why)).toEqual(
      Array(3).fill('it shows 4 CPUs, m4.large has 2'),
    )
  })
})
