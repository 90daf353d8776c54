import type { Blocker, BlockerSet, BlockerWorth } from '../domain/recommendation.js'
import type { MicroUsdPerHour } from '../domain/units.js'

/** A node that could go but for these blockers, by their places in the list. */
export type HeldNode = {
  readonly name: string
  readonly rate: MicroUsdPerHour
  readonly holders: readonly number[]
}

/** The cheapest plan found without some of the nodes that were asked about. */
export type Answer = {
  /** Micro-dollars per hour; 0: none was found. */
  readonly saving: number
  /** What each node that goes saves; undefined where several made way for others together. */
  readonly gone: ReadonlyMap<string, number | undefined>
  /** False: the search was broken off. */
  readonly finished: boolean
}

export type Asking = {
  /** Searches, at the cost of about so many steps. */
  readonly without: (nodes: readonly string[], budget: number) => Answer
  readonly stepsLeft: () => number
  /** What stands behind each plan that is found. */
  readonly proof: 'replayed' | 'verified'
}

/** Of all steps, what may go into the plan without any of the rules, and into a single question. */
const SHARE_OF_ALL = 0.4
const SHARE_OF_ONE = 0.12

type Question = { readonly members: readonly number[]; readonly nodes: readonly HeldNode[] }

export type Worths = {
  readonly alone: readonly BlockerWorth[]
  readonly sets: readonly BlockerSet[]
  readonly all: BlockerWorth
}

/**
 * What each blocker costs with all others in force, what those that hold nodes together cost together, and what all of
 * them cost. A node goes only where everything that holds it goes, so only sets that hold some node need an answer.
 * First the plan without any of them is asked for, then the sets: those that it saves most by, then those that hold the
 * dearest nodes.
 */
export function blockerWorths(blockers: readonly Blocker[], held: readonly HeldNode[], asking: Asking): Worths {
  const sizeless = new Set([...blockers.keys()].filter((at) => blockers[at]?.rule === 'unreadable-requests'))
  const isKnown = ({ holders }: HeldNode): boolean => !holders.some((holder) => sizeless.has(holder))
  const questions = questionsOf(held)
  const answers = new Map<string, Answer>()
  const total = asking.stepsLeft()
  const ask = (nodes: readonly HeldNode[], share: number): void => {
    const left = asking.stepsLeft()
    const names = nodes.filter(isKnown).map(({ name }) => name)
    const key = keyOf(names)
    if (names.length === 0 || left <= 0 || answers.has(key)) return
    answers.set(key, asking.without(names, Math.min(left, share * total)))
  }
  ask(held, SHARE_OF_ALL)
  const whole = answers.get(keyOf(held.filter(isKnown).map(({ name }) => name)))
  // Where fewer rules are gone fewer pods move, so that there is more room for those of these nodes.
  const jointly = ({ nodes }: Question): number =>
    nodes.reduce((sum, { name }) => sum + (whole?.gone.get(name) ?? 0), 0)
  for (const { nodes } of [...questions].sort((a, b) => jointly(b) - jointly(a))) ask(nodes, SHARE_OF_ONE)

  const worthOf = (question: Question): BlockerWorth => {
    const members = question.members.flatMap((at) => blockers[at] ?? [])
    if (question.members.some((at) => sizeless.has(at)))
      return { kind: 'unknown', why: 'how large the pod is cannot be read, so neither where it would fit' }
    const own = new Set(question.nodes.filter(isKnown).map(({ name }) => name))
    const best = largest([...answers.values()].filter(({ gone }) => isWithin(gone, own)))
    const joint = jointly(question)
    if (best > 0 && best >= joint) return known(best, asking.proof)
    if (joint > 0) return known(joint, 'joint')
    const answer = answers.get(keyOf([...own]))
    if (answer === undefined) return { kind: 'unknown', why: 'not tried: the search had used up its steps' }
    if (!answer.finished) return { kind: 'unknown', why: 'the search was broken off' }
    return members.some(({ rule }) => rule === 'local-data')
      ? {
          kind: 'unknown',
          why: 'its volume is bound to the node: where the pod would fit with another was not planned',
        }
      : known(0, 'none')
  }

  const worths = new Map(questions.map((question) => [keyOf(question.members), worthOf(question)]))
  const best = largest(answers.values())
  return {
    alone: blockers.map((_, at) => worths.get(keyOf([at])) ?? known(0, 'none')),
    sets: questions
      .filter(({ members }) => members.length > 1)
      .map(({ members, nodes }) => ({
        members,
        nodes: nodes.map(({ name }) => name),
        worth: worths.get(keyOf(members)) ?? known(0, 'none'),
      })),
    all:
      best > 0
        ? known(best, asking.proof)
        : whole === undefined || whole.finished
          ? known(0, 'none')
          : { kind: 'unknown', why: 'the search was broken off' },
  }
}

const known = (rate: number, proof: (BlockerWorth & { kind: 'known' })['proof']): BlockerWorth => ({
  kind: 'known',
  rate: rate as MicroUsdPerHour,
  proof,
})

const keyOf = (parts: readonly (string | number)[]): string => parts.join('\n')
const largest = (answers: Iterable<Answer>): number => Math.max(0, ...[...answers].map(({ saving }) => saving))
const isWithin = (some: ReadonlyMap<string, unknown>, all: ReadonlySet<string>): boolean =>
  some.size <= all.size && [...some.keys()].every((one) => all.has(one))
const rateOf = ({ nodes }: Question): number => nodes.reduce((sum, { rate }) => sum + rate, 0)

/** Each set of blockers that holds a node, with all nodes that go with it; the dearest first. */
function questionsOf(held: readonly HeldNode[]): Question[] {
  const sets = new Map<string, readonly number[]>()
  for (const { holders } of held) sets.set(keyOf(holders), holders)
  const heldWith = new Map<number, HeldNode[]>()
  for (const node of held)
    for (const holder of node.holders) heldWith.set(holder, [...(heldWith.get(holder) ?? []), node])
  return [...sets.values()]
    .map((members): Question => {
      const isMember = new Set(members)
      const near = new Set(members.flatMap((member) => heldWith.get(member) ?? []))
      return { members, nodes: held.filter((node) => near.has(node) && node.holders.every((one) => isMember.has(one))) }
    })
    .sort(
      (a, b) =>
        rateOf(b) - rateOf(a) || a.members.length - b.members.length || byText(keyOf(a.members), keyOf(b.members)),
    )
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
