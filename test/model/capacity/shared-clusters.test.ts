import { describe, expect, it } from 'vitest'
import { modelCheck, type CheckMethod, type ModelChecks } from '../../../src/model/capacity/check.js'
import { detectCni, type CniDetection } from '../../../src/model/capacity/cni.js'
import { secondaryIp } from '../../../src/model/capacity/max-pods.js'
import { capacityModel, type CapacityContext } from '../../../src/model/capacity/predict.js'
import { readCluster, readTypes, sharedIsPresent } from './clusters.js'

const note = sharedIsPresent ? '' : ' (skipped: ../shared is absent)'

function open(path: string): { readonly cni: CniDetection; readonly groups: readonly CapacityContext[] } {
  const types = readTypes()
  const lookup = (name: string) => types.get(name)
  const { nodes, controllers } = readCluster(path)
  const cni = detectCni({ controllers, eniConfigs: [], nodes, lookup })
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

const of = (checks: ModelChecks, resource: string) => {
  const found = checks.summary.find((row) => row.resource === resource)
  if (found === undefined) throw new Error(`no summary of ${resource}`)
  return found
}

describe.skipIf(!sharedIsPresent)(`instance types of the data pack${note}`, () => {
  it('have the secondary-IP number of the formula over the default card', () => {
    const types = [...readTypes().values()]
    expect(types.length).toBeGreaterThan(1000)
    const wrong = types.filter((type) => secondaryIp(type) !== type.enis * (type.ipv4PerEni - 1) + 2)
    expect(wrong.map(({ name }) => name)).toEqual([])
    expect(types.filter((type) => type.enis !== type.enisAllCards).length).toBeGreaterThan(50)
  })
})

describe.skipIf(!sharedIsPresent)(`live nodes of EKS clusters${note}`, () => {
  // The clusters' memory figures are a generator's curve, not EC2's: by the rules alone they can only be met roughly.
  const CASES: readonly (readonly [string, CheckMethod, number, number, number])[] = [
    ['small.json.gz', 'rules', 30, 1.7, 1.7],
    ['small.json.gz', 'other-types', 30, 0.7, 0.7],
    ['medium.json.gz', 'rules', 281, 4.5, 1],
    ['medium.json.gz', 'other-types', 281, 2.5, 0.3],
    ['real/eks-ecommerce-2026.json.gz', 'rules', 2, 0.3, 0.3],
  ]
  it.each(CASES)('%s by %s: %i nodes, CPU and pods exact, memory close', (path, method, nodes, worst, median) => {
    const checks = modelCheck(open(path).groups, method)
    for (const resource of ['cpu', 'pods'])
      expect(of(checks, resource)).toMatchObject({ nodes, exact: nodes, overPromised: 0 })
    const memory = of(checks, 'memory')
    expect(memory.worstPct).toBeLessThan(worst)
    expect(memory.medianPct).toBeLessThan(median)
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
    expect(modelCheck(old.groups).skipped.map(({ why }) => why)).toEqual(
      Array(3).fill('it shows 4 CPUs, m4.large has 2'),
    )
  })
})
