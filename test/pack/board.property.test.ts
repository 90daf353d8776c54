import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { FilterName, Refusal } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { createBoard, type Board } from '../../src/pack/board/board.js'
import { namespaces, world, type World } from './arbitrary.js'
import { makePod } from './make.js'
import { NaiveBoard } from './naive-board.js'

type State = { board: Board; naive: NaiveBoard; pods: readonly Pod[]; open: number[]; placed: Map<Pod, number> }

/** Runs a random life on both boards; `after` sees every state. */
function live(input: World, after: (state: State) => void): State {
  const distinct = input.pods.map((parts, index) => makePod(`p${index}`, parts))
  const twins = input.twins.map((pick, index): Pod => {
    const pod = distinct[pick % distinct.length]!
    return { ...pod, id: `${pod.namespace}/twin-${index}`, name: `twin-${index}` }
  })
  const pods = [...distinct, ...twins]
  const board = createBoard({ namespaces, pods })
  const naive = new NaiveBoard(namespaces)
  const closed = input.sites.map((make, index) => make(`s${index}`))
  const open: number[] = []
  const placed = new Map<Pod, number>()
  const state = { board, naive, pods, open, placed }
  const openOne = (): void => {
    const site = closed.shift()
    if (site === undefined) return
    const index = board.addSite(site)
    naive.sites[index] = { site, pods: [] }
    open.push(index)
  }
  openOne()
  openOne()
  for (const { kind, pod: pickPod, site: pickSite, as } of input.steps) {
    const pod = pods[pickPod % pods.length]!
    const index = open[pickSite % Math.max(open.length, 1)]
    const at = placed.get(pod)
    if (kind === 'open') openOne()
    else if (index === undefined) continue
    else if (kind === 'place' && at === undefined) {
      board.place(pod, index, as)
      naive.sites[index]!.pods.push({ pod, as })
      placed.set(pod, index)
    } else if (kind === 'remove' && at !== undefined) {
      board.remove(pod, at)
      const here = naive.sites[at]!.pods
      here.splice(
        here.findIndex((each) => each.pod === pod),
        1,
      )
      placed.delete(pod)
    } else if (kind === 'close' && naive.sites[index]!.pods.length === 0) {
      board.removeSite(index)
      closed.push(naive.sites[index]!.site)
      naive.sites[index] = undefined
      open.splice(open.indexOf(index), 1)
    }
    after(state)
  }
  return state
}

const filtersOf = (refusals: readonly Refusal[]): FilterName[] =>
  [...new Set(refusals.map((each) => (each.kind === 'short' ? 'NodeResourcesFit' : each.filter)))].sort()

/** All answers of the board about the pods on the open sites. */
const answers = ({ board, open }: State, pods: readonly Pod[]): boolean[] =>
  open.flatMap((index) => pods.map((pod) => board.fits(pod, index)))

it('agrees, filter by filter, with rules evaluated from scratch', () => {
  fc.assert(
    fc.property(world, (input) => {
      live(input, ({ board, naive, pods, open }) => {
        for (const index of open) {
          const here = naive.sites[index]!
          expect(board.free(index).cpu).toBe(naive.free(here, (each) => each.cpu))
          expect(board.podsOn(index)).toEqual(here.pods.map(({ pod }) => pod))
          for (const pod of pods) {
            const refusing = naive.refusing(pod, index)
            const refusals = board.refusals(pod, index)
            const told = { pod: pod.name, site: here.site.name, refusals }
            expect({ ...told, filters: filtersOf(refusals) }).toEqual({ ...told, filters: refusing })
            expect({ ...told, fits: board.fits(pod, index) }).toEqual({ ...told, fits: refusing.length === 0 })
          }
        }
      })
    }),
    { numRuns: 500 },
  )
})

it('is left without a trace by a pod that is placed and removed again', () => {
  fc.assert(
    fc.property(world, (input) => {
      const state = live(input, () => undefined)
      const before = answers(state, state.pods)
      const lists = state.open.map((index) => [...state.board.podsOn(index)])
      for (const pod of state.pods.filter((one) => !state.placed.has(one))) {
        for (const index of state.open) {
          const free = state.board.free(index)
          state.board.place(pod, index, 'needed')
          state.board.remove(pod, index)
          expect(state.board.free(index)).toEqual(free)
        }
      }
      expect(answers(state, state.pods)).toEqual(before)
      expect(state.open.map((index) => state.board.podsOn(index))).toEqual(lists)
    }),
    { numRuns: 300 },
  )
})

it('gives one class key only to pods that any packing could swap', () => {
  fc.assert(
    fc.property(world, (input) => {
      const state = live(input, () => undefined)
      const { board, pods, open, placed } = state
      const waiting = pods.filter((pod) => !placed.has(pod))
      for (const [index, pod] of waiting.entries()) {
        for (const other of waiting.slice(index + 1)) {
          if (board.classKey(pod) !== board.classKey(other)) continue
          expect(answers(state, [pod])).toEqual(answers(state, [other]))
          const rest = pods.filter((one) => one !== pod && one !== other)
          for (const site of open) {
            const withOne = (one: Pod): boolean[] => {
              board.place(one, site, 'needed')
              const result = answers(state, [...rest, one === pod ? other : pod])
              board.remove(one, site)
              return result
            }
            expect(withOne(pod)).toEqual(withOne(other))
          }
        }
      }
    }),
    { numRuns: 500 },
  )
})

it('lets only pods with topology rules be concerned by what happens on other nodes', () => {
  fc.assert(
    fc.property(world, (input) => {
      const state = live(input, () => undefined)
      const { board, pods, open, placed } = state
      const waiting = pods.filter((pod) => !placed.has(pod))
      for (const pod of waiting.filter((one) => !board.hasTopologyRules(board.classKey(one)))) {
        for (const other of waiting.filter((one) => one !== pod)) {
          for (const site of open) {
            const elsewhere = open.filter((index) => index !== site)
            const before = elsewhere.map((index) => board.fits(pod, index))
            board.place(other, site, 'needed')
            expect(elsewhere.map((index) => board.fits(pod, index))).toEqual(before)
            board.remove(other, site)
          }
        }
      }
    }),
    { numRuns: 300 },
  )
})
