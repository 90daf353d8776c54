import type { Finding } from '../../domain/snapshot.js'
import { FailureError } from '../../failure.js'
import { object, text, type Json } from '../fields.js'
import type { CollectNotes, Kind } from '../snapshot-file.js'
import type { Connection } from './connection.js'
import { accessRule, LISTED_KINDS, ruleText, type ListedKind } from './kinds.js'
import { readList, type ListOutcome } from './list.js'
import { Patience, SURROUNDINGS, Unread, type Surroundings } from './patience.js'

/** Where the objects of a cluster go, cut down, a page at a time; `drop` takes back all of a kind. */
export type ClusterSink = {
  readonly add: (kind: Kind, items: Iterable<Json>) => void
  readonly drop: (kind: Kind) => void
}

export type ReadOptions = {
  /** Longest time for the whole cluster. */
  readonly totalMs?: number
  readonly around?: Surroundings
  readonly onProgress?: (objects: number) => void
  /** Something that resolves itself: the server asks for patience, a connection broke. */
  readonly onWait?: (why: string, ms: number) => void
}

/** Where a busy server throttles us for so long, the run ends; the API server's own queues turn over in a minute. */
const TOTAL_MS = 600_000
/** Lists read side by side. Each costs the server seats in proportion to its size (API Priority and Fairness). */
const AT_ONCE = 3

/**
 * Lists a live cluster into a sink and says what could not be read. Fails with `unreadable-source` where nodes or pods
 * cannot be read, or the cluster cannot be asked at all; any other kind that is missing is a finding with the access
 * rule to add.
 */
export async function readCluster(
  connection: Connection,
  sink: ClusterSink,
  options: ReadOptions = {},
): Promise<CollectNotes> {
  const abort = new AbortController()
  const patience = openPatience(connection, options, abort.signal)
  const unnamed: Finding[] = []
  const counts = new Map<Kind, number>()

  function* named(items: Iterable<Json>, kind: ListedKind): Generator<Json, void, undefined> {
    let count = counts.get(kind.kind) ?? 0
    for (const item of items) {
      if (text(object(item['metadata'])['name']) === '') unnamed.push(withoutName(kind))
      else {
        count += 1
        yield item
      }
    }
    counts.set(kind.kind, count)
  }
  const drop = (kind: ListedKind): void => {
    counts.delete(kind.kind)
    sink.drop(kind.kind)
  }

  const read = async (kind: ListedKind): Promise<Outcome> => {
    try {
      return await readList(patience, kind, {
        page: (items) => {
          sink.add(kind.kind, named(items, kind))
          options.onProgress?.([...counts.values()].reduce((sum, count) => sum + count, 0))
        },
        restart: () => drop(kind),
      })
    } catch (error) {
      if (error instanceof Unread && !error.hopeless && kind.need !== 'required') {
        drop(kind)
        return { kind: 'unread', problem: error.message }
      }
      throw failureOf(error, kind, connection.label)
    }
  }

  try {
    const outcomes = new Map<ListedKind, Outcome>()
    const settle = async (kind: ListedKind): Promise<void> => {
      const outcome = await read(kind)
      if (kind.need === 'required') refuseWithout(kind, outcome, connection.label)
      outcomes.set(kind, outcome)
    }
    const [nodes, ...others] = LISTED_KINDS
    if (nodes !== undefined) await settle(nodes)
    const queue = others.values()
    const worker = async (): Promise<void> => {
      for (const kind of queue) await settle(kind)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    return {
      asked: LISTED_KINDS.map(({ kind }) => kind),
      findings: [
        ...LISTED_KINDS.flatMap((kind) => findingsOf(kind, outcomes.get(kind))),
        ...deniedOf(outcomes),
        ...unnamed,
      ],
    }
  } finally {
    // After a failure the other lists have no use any more, and their waits would keep the process.
    abort.abort()
    connection.close()
  }
}

export function openPatience(
  connection: Connection,
  { around = SURROUNDINGS, totalMs = TOTAL_MS, onWait = () => undefined }: ReadOptions,
  signal: AbortSignal,
): Patience {
  return new Patience(connection, { around, totalMs, signal, onWait })
}

type Outcome = ListOutcome | { readonly kind: 'unread'; readonly problem: string }

export const failureOf = (error: unknown, { resource }: ListedKind, label: string): unknown =>
  error instanceof Unread
    ? new FailureError(
        {
          kind: 'unreadable-source',
          source: label,
          problem: `${resource} cannot be read: ${error.message}`,
          fix: error.fix,
        },
        { cause: error },
      )
    : error

function refuseWithout(kind: ListedKind, outcome: Outcome, label: string): void {
  if (outcome.kind === 'read' || outcome.kind === 'unread') return
  const [problem, fix] =
    outcome.kind === 'denied'
      ? [
          `${kind.resource} may not be listed (${outcome.message || '403'})`,
          `Add to the ClusterRole of this user: ${ruleText(accessRule(kind))}.`,
        ]
      : [`it serves no ${kind.resource} (404)`, 'Check that the server of the kubeconfig is a Kubernetes API server.']
  throw new FailureError({ kind: 'unreadable-source', source: label, problem, fix })
}

const withoutName = ({ kind }: ListedKind): Finding => ({
  code: 'unreadable-object',
  subject: `${kind} in the cluster`,
  detail: 'metadata.name: absent; the object was left out',
})

const nameOf = ({ label, resource }: ListedKind): string => label ?? resource

function findingsOf(kind: ListedKind, outcome: Outcome | undefined): Finding[] {
  const { groupVersions, lacking, need } = kind
  const resource = nameOf(kind)
  switch (outcome?.kind) {
    case undefined:
    case 'denied':
      return []
    case 'absent': {
      if (need === 'extension') return []
      const detail = `the API server knows no ${groupVersions.join(' or ')} ${resource}, so ${lacking}`
      return [{ code: 'absent-kind', subject: resource, detail }]
    }
    case 'unread':
      return [{ code: 'unread-kind', subject: resource, detail: `${resource}: ${outcome.problem}; so ${lacking}` }]
    case 'read': {
      if (outcome.restarts === 0) return []
      const how = outcome.mixed
        ? 'it was read again, and that time its last pages are of a newer version than the first ones'
        : 'it was read again from the start'
      const detail = `the API server forgot the version of the list while it was read (410 Gone); ${how}`
      return [{ code: 'list-restarted', subject: resource, detail }]
    }
    default:
      return outcome satisfies never
  }
}

/** One text for all denied kinds: reports show one text per code, and it should hold every rule that is missing. */
function deniedOf(outcomes: ReadonlyMap<ListedKind, Outcome>): Finding[] {
  const denied = LISTED_KINDS.filter((kind) => outcomes.get(kind)?.kind === 'denied')
  const rules = denied.map((kind) => ruleText(accessRule(kind))).join(', ')
  const consequences = [...new Set(denied.map(({ lacking }) => lacking))].join('; ')
  const detail = `may not be listed (403), so ${consequences}. Add to the ClusterRole: ${rules}`
  return denied.map((kind) => ({ code: 'denied-kind', subject: nameOf(kind), detail }))
}
