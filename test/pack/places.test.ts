import { describe, expect, it } from 'vitest'
import type { Pod } from '../../src/domain/pod.js'
import { createBoard } from '../../src/pack/board/board.js'
import { Draft, liveSlot, newSlot, type Slot } from '../../src/pack/draft.js'
import { capture } from '../../src/pack/layout.js'
import { choiceOf, fleetOf, fleetOfPlan } from '../../src/pack/replay/fleet.js'
import { Places } from '../../src/pack/replay/places.js'
import { makeOption, nodeOf, packed, ZONE } from './make-problem.js'
import { makePod, resources, type PodParts } from './make.js'

const pod = (name: string, cpu: number, parts: PodParts = {}): Pod =>
  makePod(name, { needed: resources(cpu, 10), ...parts })

/** One group of live nodes with these pods, on the draft as they stand. */
function begun(podsOn: readonly (readonly Pod[])[], options = [makeOption('small', 1000, 10)]) {
  const nodes = podsOn.map((pods, at) => nodeOf(options[at % options.length]!, `n${at}`, pods))
  const { problem, context } = packed({ nodes, options }).state
  const draft = new Draft(createBoard(context), problem)
  const groups = problem.groups.map((group) => ({ group, slots: group.live.map(liveSlot) }))
  for (const { slots } of groups)
    for (const slot of slots) {
      draft.open(slot)
      if (slot.origin.kind === 'live') for (const one of slot.origin.live.pods) draft.put(one, slot)
    }
  const places = new Places(draft, groups, () => false)
  const fleetOn = (slots: readonly Slot[]) => fleetOf(new Map(groups.map(({ group }) => [group.name, choiceOf(slots)])))
  return { draft, places, fleetOn, slots: groups.flatMap(({ slots }) => slots) }
}

const shown = (slots: readonly Slot[]) =>
  Object.fromEntries(slots.map(({ site, pods }) => [site.name, [...pods].map(({ name }) => name).sort()]))

describe('places on a fleet', () => {
  it('are looked for anew, and packed tightly where spreading leaves a pod over', () => {
    // The small ones spread over both nodes leave no room for the second big one: largest first, all fit.
    const { draft, places, fleetOn, slots } = begun([
      [pod('a', 700), pod('b', 300)],
      [pod('c', 700), pod('d', 300)],
      [],
    ])
    const mark = draft.mark()
    const nodesOf = places.settle(fleetOn(slots.slice(0, 2)))
    expect([...(nodesOf?.values() ?? [])].flat().map(({ site }) => site.name)).toEqual(['n0', 'n1'])
    draft.rollback(mark)
    expect(places.settle(fleetOn(slots.slice(0, 1)))).toBeUndefined()
    expect(shown(slots)).toEqual({ n0: ['a', 'b'], n1: ['c', 'd'], n2: [] })
  })

  // Neither one after the other to the emptier node nor to the first with room: 500 + 450, 300 + 250 + 200 + 200, 100.
  const SIZES = { a: 500, b: 450, c: 300, d: 250, e: 200, f: 200, g: 100 }
  const TIGHT = { x: ['a', 'e', 'f', 'g'], y: ['b', 'c', 'd'] }

  /** Seven pods of which only one placement on two nodes is known, which no way of looking for places finds. */
  function puzzle() {
    const option = makeOption('small', 1000, 10)
    const all = Object.entries(SIZES).map(([name, cpu]) => pod(name, cpu))
    const { draft, places, fleetOn, slots } = begun(all.map((one) => [one]))
    const [x, y, z] = ['x', 'y', 'z'].map((name) => newSlot(option, name)) as [Slot, Slot, Slot]
    const running = slots.flatMap(({ pods }) => [...pods])
    const mark = draft.mark()
    expect(places.settle(fleetOn([x, y]))).toBeUndefined()
    draft.rollback(mark)
    for (const slot of [x, y]) draft.open(slot)
    for (const slot of [x, y])
      for (const one of running.filter(({ name }) => TIGHT[slot.site.name as 'x' | 'y'].includes(name))) {
        draft.take(one)
        draft.put(one, slot)
      }
    const plan = capture(draft, [x, y], 'plan')
    draft.rollback(mark)
    return { draft, places, fleetOn, plan, mark, x, y, z }
  }

  it('are those of a plan that was packed otherwise, or of the last fleet, where nothing else is found', () => {
    const { draft, places, fleetOn, plan, mark, x, y, z } = puzzle()
    places.begin([plan])
    const fleet = fleetOn([x, y])
    for (let time = 0; time < 2; time += 1) {
      expect(places.settle(fleet)).toBeDefined()
      expect(shown([x, y])).toEqual(TIGHT)
      draft.rollback(mark)
    }
    // Pods of a node that is gone go elsewhere, the others stay.
    expect(places.settle(fleetOn([x, z]))).toBeDefined()
    expect(shown([x, z])).toEqual({ x: TIGHT.x, z: TIGHT.y })
    draft.rollback(mark)
  })

  it('are those of the plan that the fleet comes from', () => {
    const { draft, places, fleetOn, plan, mark, x, y } = puzzle()
    const [group] = fleetOn([x, y]).chosen.keys()
    expect(places.settle(fleetOfPlan(new Map([[group!, plan]]), []))).toBeDefined()
    expect(shown([x, y])).toEqual(TIGHT)
    draft.rollback(mark)
  })

  it('wait for pods of other kinds that an even spread over zones ties them to', () => {
    const options = ['a', 'b'].map((zone) => makeOption('small', 1000, 10, { zone }))
    const spread: PodParts = {
      labels: { app: 'web' },
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: ZONE,
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { app: 'web' } },
          },
        ],
      },
    }
    const web = ['w0', 'w1', 'w2', 'w3'].map((name) => pod(name, 100, spread))
    const { places, fleetOn } = begun(
      web.map((one) => [one]),
      options,
    )
    const bought = options.map((option) => newSlot(option, `new-${option.zone}`))
    expect(places.settle(fleetOn(bought))).toBeDefined()
    expect(bought.map(({ pods }) => pods.size)).toEqual([2, 2])
  })
})
