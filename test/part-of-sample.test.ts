import { describe, expect, test } from 'vitest'
import { podCounts, podsThatNeedAPlace, readObjects, type ListedObject } from './helpers/kubectl-list.js'
import { FEW_NODES, groupOf, partOfSample, SAMPLE, TWO_GROUPS, type Part } from './helpers/part-of-sample.js'

const whole = readObjects(SAMPLE)
const ofKind = (objects: readonly ListedObject[], kind: string): ListedObject[] =>
  objects.filter((object) => object.kind === kind)
const ownersOf = (objects: readonly ListedObject[]): Set<string | undefined> =>
  new Set(
    ofKind(objects, 'Pod').map(({ metadata }) => metadata.ownerReferences?.find(({ controller }) => controller)?.kind),
  )
const isSpot = ({ metadata: { labels = {} } }: ListedObject): boolean =>
  /^spot$/i.test(labels['eks.amazonaws.com/capacityType'] ?? labels['karpenter.sh/capacity-type'] ?? '')
const zonesOf = (nodes: readonly ListedObject[]): Set<string | undefined> =>
  new Set(nodes.map(({ metadata }) => metadata.labels?.['topology.kubernetes.io/zone']))

describe.each<[string, Part]>([
  ['few nodes', FEW_NODES],
  ['two groups', TWO_GROUPS],
])('%s of the sample cluster', (_, part) => {
  const objects = partOfSample(part)
  const nodes = ofKind(objects, 'Node')

  test('are a third of it at most, in all zones, on demand and spot, and no pod has lost its node', () => {
    expect(nodes.length).toBeGreaterThan(5)
    expect(nodes.length).toBeLessThanOrEqual(ofKind(whole, 'Node').length / 3)
    expect(zonesOf(nodes)).toEqual(zonesOf(ofKind(whole, 'Node')))
    expect(new Set(nodes.map(isSpot))).toEqual(new Set([true, false]))
    const counts = podCounts(whole)
    expect(podCounts(objects)).toEqual(new Map(nodes.map(({ metadata: { name } }) => [name, counts.get(name)])))
  })
})

test('few nodes have one of each group, and pods of every kind that the sample has', () => {
  const objects = partOfSample()
  expect(new Set(ofKind(objects, 'Node').map(groupOf))).toEqual(new Set(ofKind(whole, 'Node').map(groupOf)))
  expect(ownersOf(objects)).toEqual(ownersOf(whole))
  expect([...podsThatNeedAPlace(objects).values()].some(({ nodeName }) => nodeName === '')).toBe(true)
  const text = JSON.stringify(ofKind(objects, 'Pod'))
  for (const word of ['persistentVolumeClaim', 'do-not-disrupt', 'podAntiAffinity', 'topologySpreadConstraints'])
    expect(text).toContain(word)
})

test('two groups have all nodes of theirs', () => {
  const ours = ofKind(partOfSample(TWO_GROUPS), 'Node')
  const groups = new Set(ours.map(groupOf))
  expect(groups.size).toBe(2)
  expect(ours).toEqual(ofKind(whole, 'Node').filter((node) => groups.has(groupOf(node))))
})
