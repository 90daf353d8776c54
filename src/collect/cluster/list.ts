import { setImmediate as turn } from 'node:timers/promises'
import { object, text, type Json } from '../fields.js'
import { groupOf, listPath, type ListedKind } from './kinds.js'
import { Unread, type Patience } from './patience.js'
import { openPage, type Page } from './page.js'
import { reduceObject } from './reduce.js'

/** Objects of a page: the size that kubectl and client-go ask for, a few MB of pods. */
export const PAGE_SIZE = 500

export type ListOutcome =
  | {
      readonly kind: 'read'
      /** How often it was begun again, because the server had forgotten the version that the pages were of. */
      readonly restarts: number
      /** The last pages are of a newer version than the first ones. */
      readonly mixed: boolean
    }
  | { readonly kind: 'denied'; readonly message: string }
  | { readonly kind: 'absent' }

export type PageSink = {
  /** Objects in the order of the list, cut down to what is read of them. */
  readonly page: (items: Iterable<Json>) => void
  /** All pages so far are void. */
  readonly restart: () => void
}

/**
 * Reads a whole list in pages of one consistent version. Where the server forgot that version (410), it begins again,
 * once; the second time it takes the server's offer to go on at a newer version, if there is one. Throws Unread.
 */
export async function readList(patience: Patience, kind: ListedKind, sink: PageSink): Promise<ListOutcome> {
  for (const groupVersion of kind.groupVersions) {
    const outcome = await readVersion(patience, kind, groupVersion, sink)
    if (outcome.kind !== 'absent') return outcome
  }
  return { kind: 'absent' }
}

async function readVersion(
  patience: Patience,
  kind: ListedKind,
  groupVersion: string,
  sink: PageSink,
): Promise<ListOutcome> {
  const options = {
    // The network settings of the VPC CNI are in the environment of a DaemonSet.
    keepEnvironment: kind.kind === 'DaemonSet',
    change: (item: Json) => reduceObject(kind.kind, groupVersion, item),
  }
  const ask = (token: string) =>
    patience.get(pagePath(kind, groupVersion, token), (body, release) => ({ ...openPage(body, options), release }))
  let token = ''
  let next = ask(token)
  let restarts = 0
  let mixed = false
  for (;;) {
    const answer = await next
    if ('value' in answer) {
      const page = answer.value
      if (page.next !== '' && page.next === token) throw new Unread('the server gives the same page again', FIX, false)
      token = page.next
      if (token !== '') {
        // The next page is on its way while this one is worked on.
        next = ask(token)
        next.catch(() => undefined)
        await turn()
      }
      sink.page(itemsOf(page))
      page.release()
      if (token === '') return { kind: 'read', restarts, mixed }
      continue
    }
    const status = statusOf(answer.body)
    if (answer.status === 410 && token !== '') {
      const offered = text(object(status['metadata'])['continue'])
      if (restarts === 0) {
        token = ''
        sink.restart()
        restarts += 1
      } else if (offered !== '' && offered !== token) {
        token = offered
        mixed = true
      } else throw new Unread('the server forgot the list twice before its end (410 Gone)', 'Try again later.', false)
      next = ask(token)
      continue
    }
    if (answer.status === 404) return { kind: 'absent' }
    const message = text(status['message'])
    if (answer.status === 403) return await denied(patience, kind, groupVersion, message)
    throw new Unread(`the server answered ${answer.status}${message === '' ? '' : ` (${message})`}`, FIX, false)
  }
}

const FIX = 'Check that the server of the kubeconfig is a Kubernetes API server.'

/** Rights are looked at before the kind: who may not list what is not installed is told "forbidden". */
async function denied(
  patience: Patience,
  { need, resource }: ListedKind,
  groupVersion: string,
  message: string,
): Promise<ListOutcome> {
  if (need !== 'extension') return { kind: 'denied', message }
  const served = await patience.get(`/apis/${groupOf(groupVersion)}`, () => true)
  return served.status === 404 ? { kind: 'absent' } : { kind: 'denied', message: message || `${resource} is forbidden` }
}

function pagePath({ resource, fieldSelector }: ListedKind, groupVersion: string, token: string): string {
  const query = [`limit=${PAGE_SIZE}`]
  if (fieldSelector !== undefined) query.push(`fieldSelector=${encodeURIComponent(fieldSelector)}`)
  if (token !== '') query.push(`continue=${encodeURIComponent(token)}`)
  return `${listPath(groupVersion, resource)}?${query.join('&')}`
}

/** That a page is damaged shows only here; the one after it is already on its way. */
function* itemsOf(page: Page<Json>): Generator<Json, void, undefined> {
  try {
    yield* page.items
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new Unread(`an answer that is no list (${error.message})`, FIX, false, { cause: error })
  }
}

/** The Status object of a failed call; empty where a proxy answered instead. */
function statusOf(body: Buffer): Json {
  try {
    return object(JSON.parse(body.toString('utf8')))
  } catch {
    return {}
  }
}
