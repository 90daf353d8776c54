import { expect, test } from 'vitest'
import { createBoard } from '../../src/pack/board/board.js'
import { packState } from '../../src/pack/state.js'
import { toPlan } from '../../src/pack/to-plan.js'
import { makeCluster, makeNode } from './make-plan.js'
import { makePod, makeSite } from './make.js'

const HOST = 'kubernetes.io/hostname'
const term = (app: string) => ({ labelSelector: { matchLabels: { app } }, topologyKey: HOST })
const spreadOverHosts = {
  topologySpreadConstraints: [{ ...term('web'), maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }],
}

test('nodes that no plan fills are domains all the same, with the pods that they run', () => {
  const web = ['a', 'b'].map((name) => makePod(name, { labels: { app: 'web' }, spec: spreadOverHosts }))
  const [a, b] = web
  const put = (fixed: Parameters<typeof createBoard>[0]['fixed']): boolean => {
    const board = createBoard({ namespaces: [], pods: web, ...(fixed && { fixed }) })
    const index = board.addSite(makeSite('worker'))
    board.place(a!, index, 'needed')
    return board.fits(b!, index)
  }
  expect(put(undefined)).toBe(true)
  expect(put([{ site: makeSite('control'), pods: [] }])).toBe(false)
  const third = makePod('c', { labels: { app: 'web' } })
  const board = createBoard({
    namespaces: [],
    pods: [...web, third],
    fixed: [{ site: makeSite('control'), pods: [third] }],
  })
  const index = board.addSite(makeSite('worker'))
  board.place(a!, index, 'needed')
  expect(board.fits(b!, index)).toBe(true)
})

test('pods on a control-plane node need a place and have it; what comes with the node stays with it', () => {
  const own = makePod('dns')
  const daemon = makePod('agent', { role: 'daemon' })
  const gone = makePod('old')
  const control = makeNode(makeSite('control'), [own, daemon, gone], { controlPlane: true })
  const cluster = makeCluster([control])
  const state = packState(cluster, {
    priceOf: () => ({ kind: 'unknown', why: 'test' }),
    optionsOf: () => [],
    needsNoPlace: ({ name }) => (name === 'old' ? 'terminating' : undefined),
    pinned: new Map(),
    removable: () => true,
    spotFit: () => true,
    architectures: undefined,
    limits: { headroom: 0, maxNodeShare: undefined, minNodes: undefined },
  })
  expect(state.mustPlace.map(({ name }) => name)).toEqual(['dns'])
  expect(state.context.fixed?.map(({ site, pods }) => [site.name, pods.length])).toEqual([['control', 3]])
  const solution: Parameters<typeof toPlan>[0] = { layouts: new Map(), pendingPlaced: new Map(), pendingLeft: [] }
  const [node] = toPlan(solution, state.problem, state.untouched).nodes
  expect(node?.pods.map(({ name }) => name)).toEqual(['dns'])
  expect(node?.residentPods.map(({ name }) => name)).toEqual(['agent', 'old'])
  expect(node?.resident.pods).toBe(2)
})
