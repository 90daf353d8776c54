import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildCluster } from '../../src/model/build-cluster.js'
import { verifyPlan } from '../../src/pack/verify.js'
import { snapshotOf, type Api } from '../helpers/objects.js'
import { keptNode, makePlan } from './make-plan.js'

const FOLDER = new URL('../../../shared/data/cases/', import.meta.url)
const isPresent = existsSync(FOLDER)

/** A pod that may or may not be put on nodes where others are, with the nodes that take it. */
type Case = {
  readonly id: string
  readonly type: string
  readonly title: string
  readonly nodes: readonly Api[]
  readonly pod: Api
  readonly expect: { readonly fits: readonly string[]; readonly rejects?: Readonly<Record<string, string>> }
  readonly [kind: string]: unknown
}

const LISTS: Readonly<Record<string, string>> = {
  nodes: 'Node',
  pods: 'Pod',
  persistentVolumes: 'PersistentVolume',
  persistentVolumeClaims: 'PersistentVolumeClaim',
  storageClasses: 'StorageClass',
  csiNodes: 'CSINode',
  namespaces: 'Namespace',
}

const readCases = (): Case[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => (JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as { cases: Case[] }).cases)
    .filter(({ type }) => type === 'filter')

function clusterOf(one: Case) {
  const listed = Object.entries(LISTS).flatMap(([field, kind]) =>
    ((one[field] ?? []) as Api[]).map((item) => ({ ...item, kind })),
  )
  const metadata = { ...(one.pod['metadata'] as Api) }
  const pod = { ...one.pod, kind: 'Pod', metadata }
  const cluster = buildCluster(snapshotOf([...listed, pod]), { name: 'case', region: undefined })
  const id = `${String(metadata['namespace'] ?? 'default')}/${String(metadata['name'])}`
  return { cluster, id }
}

/** Filters that object to the pod on each node; the promise about cordoned nodes is no filter. */
function refusals(one: Case): Record<string, string[]> {
  const { cluster, id } = clusterOf(one)
  const pod = cluster.pods.find((each) => each.id === id)!
  return Object.fromEntries(
    cluster.nodes.map(({ name }) => {
      const nodes = cluster.nodes.map((node) =>
        keptNode(node, { pods: node.name === name ? [...node.pods, pod] : node.pods }),
      )
      const found = verifyPlan({ plan: makePlan(nodes), cluster, mustPlace: cluster.pods })
      const against = found.filter((violation) => violation.pod === id && violation.rule !== 'ClosedNode')
      return [name, [...new Set(against.map(({ rule }) => rule))]]
    }),
  )
}

const title = isPresent ? 'the shared scheduling cases' : 'the shared scheduling cases (skipped: ../shared is absent)'
describe.skipIf(!isPresent)(title, () => {
  const cases = isPresent ? readCases() : []
  it('are there', () => {
    expect(cases.length).toBeGreaterThan(30)
  })
  it.each(cases.map((one) => [one.id, one.title, one] as const))('%s: %s', (_, __, one) => {
    const told = refusals(one)
    const fits = Object.keys(told).filter((name) => told[name]!.length === 0)
    expect({ told, fits: fits.sort() }).toEqual({ told, fits: [...one.expect.fits].sort() })
    for (const [node, filter] of Object.entries(one.expect.rejects ?? {})) expect(told[node]).toContain(filter)
  })
})
