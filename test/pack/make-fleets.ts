import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import { createBoard } from '../../src/pack/board/board.js'
import { liveSlot, type Slot } from '../../src/pack/draft.js'
import { machinesByPlace, mayHold } from '../../src/pack/replay/exchange.js'
import { choiceOf, fleetChoices, type Alternatives } from '../../src/pack/replay/fleet.js'
import { Machines } from '../../src/pack/machines.js'
import { ReplayScheduler, ROLLOUTS } from '../../src/pack/replay/replay.js'
import { Stock } from '../../src/pack/stock.js'
import { nodeOf, packed } from './make-problem.js'

export type FleetParts = {
  readonly options: readonly NodeOption[]
  /** Of the first option unless said otherwise. */
  readonly nodes: readonly { readonly pods: readonly Pod[]; readonly option?: NodeOption; readonly stays?: boolean }[]
}

/** All that a search for fleets is given, for one group of live nodes called `n0`, `n1`, … */
export function makeFleets({ options, nodes }: FleetParts) {
  const named = nodes.map(({ pods: here, option = options[0]!, ...rest }, index) => ({
    node: nodeOf(option, `n${index}`, here),
    ...rest,
  }))
  const { state } = packed({
    nodes: named.map(({ node }) => node),
    options,
    facts: { removable: ({ name }) => !named.some(({ node, stays }) => node.name === name && stays === true) },
  })
  const { problem, context } = state
  const board = createBoard(context)
  const machines = new Machines(problem, (pod) => board.classKey(pod))
  const stock = new Stock('fleet')
  const groups = problem.groups.map((group): Alternatives => {
    const slots = group.live.map(liveSlot)
    const mayGo = ({ origin }: Slot): boolean => origin.kind === 'live' && origin.live.mustStay === undefined
    const [fixed, reusable] = [slots.filter((slot) => !mayGo(slot)), slots.filter(mayGo)]
    const movable = reusable.flatMap(({ origin }) => (origin.kind === 'live' ? [...origin.live.pods] : []))
    const market = machines.on(group, { kind: 'as-is' })
    const made = fleetChoices({ fixed, reusable }, [{ spot: false, pods: movable }], market, stock)
    return {
      group: group.name,
      choices: [choiceOf(slots), ...made],
      mayGo: (slot) => slot.origin.kind === 'new' || mayGo(slot),
      mayHold: mayHold(group.live),
      machines: machinesByPlace(market.options),
      nodeOf: (option, inUse) => stock.free(option, reusable, inUse),
    }
  })
  const running = problem.groups.flatMap(({ live }) => live.flatMap((one) => one.pods))
  const scheduler = new ReplayScheduler(context, running, () => false, ROLLOUTS)
  const [group] = problem.groups
  const shop = {
    machinesFor: (pod: Pod) => (group === undefined ? [] : machines.on(group, { kind: 'as-is' }).that(pod)),
    allows: () => true,
    nextSlot: new Stock('added').lender(),
  }
  return { groups, scheduler, shop }
}
