import type { NodeObject } from '../../domain/snapshot.js'
import { list, object } from '../fields.js'
import { readNode } from '../read-kinds.js'
import type { Connection } from './connection.js'
import { accessRule, groupOf, LISTED_KINDS, listPath, ruleText, type ListedKind } from './kinds.js'
import { Unread } from './patience.js'
import { failureOf, openPatience, type ReadOptions } from './read-cluster.js'

/** What one source answers with today's credentials. */
export type SourceCheck = {
  readonly source: string
  readonly state: 'works' | 'denied' | 'absent' | 'fails'
  /** `needed`: without it there is no report. */
  readonly need: 'needed' | 'useful'
  /** What to add to the permissions, or what is wrong; empty where it works. */
  readonly remedy: string
}

/** A few nodes, to know what cluster this is; none where they cannot be read, which `checkCluster` says why. */
export async function firstNodes(connection: Connection, options: ReadOptions = {}): Promise<readonly NodeObject[]> {
  const abort = new AbortController()
  const patience = openPatience(connection, options, abort.signal)
  const nodesOf = (body: Buffer) =>
    list(object(JSON.parse(body.toString()))['items']).map((item) => readNode(object(item)))
  try {
    const answer = await patience.get(`${listPath('v1', 'nodes')}?limit=20`, nodesOf)
    return 'value' in answer ? answer.value : []
  } catch (error) {
    if (error instanceof Unread) return []
    throw error
  } finally {
    abort.abort()
  }
}

function foundOf(
  { resource, groupVersions, need }: ListedKind,
  state: SourceCheck['state'],
  remedy: string,
): SourceCheck {
  const group = groupOf(groupVersions[0])
  const source = group === '' ? resource : `${resource}.${group}`
  return { source, state, need: need === 'required' ? 'needed' : 'useful', remedy }
}

/**
 * Asks for one object of each kind. Fails with `unreadable-source` only where the cluster itself cannot be asked: what is
 * denied is an answer here.
 */
export async function checkCluster(connection: Connection, options: ReadOptions = {}): Promise<readonly SourceCheck[]> {
  const abort = new AbortController()
  const patience = openPatience(connection, options, abort.signal)
  const statusOf = async (path: string): Promise<number> => (await patience.get(path, () => true)).status

  const check = async (kind: ListedKind): Promise<SourceCheck> => {
    const { resource, groupVersions, need } = kind
    const found = (state: SourceCheck['state'], remedy: string): SourceCheck => foundOf(kind, state, remedy)
    for (const groupVersion of groupVersions) {
      const status = await statusOf(`${listPath(groupVersion, resource)}?limit=1`)
      if (status === 200) return found('works', '')
      if (status === 404) continue
      if (status !== 403) return found('fails', `the server answered ${status}`)
      // Who may not list what is not installed is told "forbidden", too.
      if (need === 'extension' && (await statusOf(`/apis/${groupOf(groupVersion)}`)) === 404) continue
      return found('denied', `add ${ruleText(accessRule(kind))}`)
    }
    return found('absent', need === 'extension' ? 'not installed; nothing is missing' : `so ${kind.lacking}`)
  }

  try {
    const checks: SourceCheck[] = []
    for (const kind of LISTED_KINDS) {
      try {
        checks.push(await check(kind))
      } catch (error) {
        // A server beside the API server may be down, as the metrics server is at times: the others can still be asked.
        if (!(error instanceof Unread) || error.hopeless || kind.need === 'required')
          throw failureOf(error, kind, connection.label)
        checks.push(foundOf(kind, 'fails', error.message))
      }
    }
    return checks
  } finally {
    abort.abort()
    connection.close()
  }
}
