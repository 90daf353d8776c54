import type { Concentration, Loss, NoPlace, Survival } from '../domain/blast-radius.js'
import type { Scenario } from '../domain/recommendation.js'
import type { ScenarioRow } from './columns.js'
import { known, share } from './figures.js'

type Planned = Extract<Scenario['outcome'], { readonly kind: 'planned' }>

/** The columns of a scenario that say how much goes down with one node or one zone. */
export type BlastRow = Pick<
  ScenarioRow,
  | 'survives_node_loss'
  | 'survives_zone_loss'
  | 'largest_zone_share'
  | 'largest_node_replica_share'
  | 'largest_node_replica_workload'
  | 'largest_zone_replica_share'
  | 'largest_zone_replica_workload'
  | 'node_loss'
  | 'zone_loss'
>

export const NO_BLAST: BlastRow = {
  survives_node_loss: undefined,
  survives_zone_loss: undefined,
  largest_zone_share: undefined,
  largest_node_replica_share: undefined,
  largest_node_replica_workload: undefined,
  largest_zone_replica_share: undefined,
  largest_zone_replica_workload: undefined,
  node_loss: undefined,
  zone_loss: undefined,
}

export const blastRow = ({ blast, survival }: Pick<Planned, 'blast' | 'survival'>): BlastRow => ({
  survives_node_loss: verdict(survival?.node),
  survives_zone_loss: verdict(survival?.zone),
  largest_zone_share: known(blast?.largestZoneShare, share),
  largest_node_replica_share: known(partOf(blast?.onNode), share),
  largest_node_replica_workload: blast?.onNode?.workload,
  largest_zone_replica_share: known(partOf(blast?.inZone), share),
  largest_zone_replica_workload: blast?.inZone?.workload,
  node_loss: lossWords(survival?.node, 'node'),
  zone_loss: lossWords(survival?.zone, 'zone'),
})

/** For the notes of a scenario: why its cells are empty. */
export const untriedNote = ({ survival }: Planned): string[] =>
  survival?.node.kind === 'too-large' || survival?.zone.kind === 'too-large'
    ? ['too large to try whether it survives the loss of any one node and of any one zone']
    : []

const partOf = (one: Concentration | undefined): number | undefined => one && one.replicas / one.of

function verdict(survival: Survival | undefined): boolean | undefined {
  switch (survival?.kind) {
    case 'survives':
      return true
    case 'fails':
      return false
    case 'too-large':
    case 'not-known':
    case undefined:
      return undefined
    default:
      return survival satisfies never
  }
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`

function lossWords(survival: Survival | undefined, kind: 'node' | 'zone'): string | undefined {
  switch (survival?.kind) {
    case undefined:
      return undefined
    case 'survives': {
      const { tried, heaviest } = survival
      return heaviest === undefined
        ? 'nothing that would need another place runs on a node'
        : `the pods of any one of ${counted(tried, kind)} find another place, at most ${heaviest.pods} of them (${heaviest.name})`
    }
    case 'fails': {
      const { tried, failing, of, worst } = survival
      const homeless = worst.homeless.reduce((sum, { pods }) => sum + pods, 0)
      if (of === 1)
        return `there is only one ${kind}, ${worst.name}: its ${counted(worst.pods, 'pod')} would have no place`
      const whole = tried < of ? `at least ${failing}` : String(failing)
      return `${whole} of ${counted(of, kind)} would leave pods without a place; the worst is ${worst.name} with ${homeless} of its ${counted(worst.pods, 'pod')}: ${reasons(worst)}`
    }
    case 'not-known':
      return `not known: ${survival.why}`
    case 'too-large':
      return 'not tried: too large'
    default:
      return survival satisfies never
  }
}

const reasons = ({ homeless, zone }: Loss): string =>
  homeless.map(({ why, pods }) => `${pods} ${REASON_WORDS[why](pods, zone)}`).join(', ')

const REASON_WORDS: Readonly<Record<NoPlace, (pods: number, zone: string | undefined) => string>> = {
  'zone-volume': (pods, zone) =>
    `tied to ${zone === undefined ? 'its zone' : `zone ${zone}`} by ${pods === 1 ? 'its volume' : 'their volumes'}`,
  'node-volume': (pods) => `tied to the node by ${pods === 1 ? 'its volume' : 'their volumes'}`,
  'node-rules': () => `that may run on no node that is left (selector, affinity or taints)`,
  room: () => 'without room',
  'pod-rules': () => 'kept out by spread or affinity rules',
  taken: () => 'whose host port or volume slots are taken',
}
