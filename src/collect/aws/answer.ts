import type { AwsRead } from '../../domain/aws-snapshot.js'

/** What came back instead of an answer, as facts: `denied` and `failed` of `AwsRead`, and what stops a run before it begins. */
export type Trouble =
  | { readonly kind: 'denied'; readonly action: string; readonly permission: string }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'credentials'; readonly why: string }

const DENIED =
  /^(UnauthorizedOperation|AccessDenied|AccessDeniedException|UnauthorizedException|NotAuthorized|Client\.UnauthorizedOperation)$/
/** Codes that say that the credentials themselves are no good, whatever is asked with them. */
const CREDENTIALS =
  /^(AuthFailure|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidSignatureException|IncompleteSignature|MissingAuthenticationToken|InvalidAccessKeyId|CredentialsProviderError|TokenProviderError|ExpiredToken|ExpiredTokenException|RequestExpired|OptInRequired|InvalidIdentityToken)$/
const THROTTLED =
  /^(RequestLimitExceeded|Throttling|ThrottlingException|TooManyRequestsException|ThrottledException|RequestThrottled|RequestThrottledException|EC2ThrottledException|SlowDown|BandwidthLimitExceeded)$/
const EXPIRED = /^(ExpiredToken|ExpiredTokenException|RequestExpired)$/
const TIMED_OUT = /^(TimeoutError|AbortError|RequestTimeout|RequestTimeoutException|DeadlineError)$/

/** Ends a collection that takes too long; its name is told from the SDK's own. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** One short line: AWS quotes whole policies and encoded messages, and XML errors come with line breaks. */
export const oneLine = (message: string): string => {
  const line = message
    .replace(/Encoded authorization failure message:.*/s, '')
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > 240 ? `${line.slice(0, 240)}…` : line
}

/** What an error of the SDK means for the source that met it. `region` is the one whose endpoint was asked. */
export function troubleOf(error: unknown, action: string, region: string): Trouble {
  const { name, message, code, hostname } = error as {
    readonly name?: unknown
    readonly message?: unknown
    readonly code?: unknown
    readonly hostname?: unknown
  }
  const kind = text(name) || text(code)
  const said = oneLine(text(message))
  if (DENIED.test(kind)) return { kind: 'denied', action, permission: action }
  if (EXPIRED.test(kind)) return { kind: 'credentials', why: 'the credentials have expired' }
  if (CREDENTIALS.test(kind)) return { kind: 'credentials', why: said || kind }
  if (THROTTLED.test(kind))
    return { kind: 'failed', why: `${action}: AWS throttled it for too long, all retries were used up` }
  if (text(code) === 'ENOTFOUND' || text(code) === 'EAI_AGAIN')
    return {
      kind: 'failed',
      why: `no AWS endpoint ${text(hostname) || 'that answers'} was found: region ${region} does not exist, or there is no network`,
    }
  if (/Deserialization error/.test(said)) {
    const { $response: response } = error as { readonly $response?: { readonly statusCode?: unknown } }
    const code = typeof response?.statusCode === 'number' ? response.statusCode : undefined
    const status = code === undefined ? '' : ` (HTTP ${code})`
    // AWS itself fails in its own format: what answers here is another, such as an emulator without this call.
    const cause = code !== undefined && code >= 400 ? `, as from a service that lacks the call` : ''
    return { kind: 'failed', why: `${action}: the answer cannot be read, it is not in AWS's format${cause}${status}` }
  }
  if (TIMED_OUT.test(kind)) return { kind: 'failed', why: `${action}: no answer in time${said && ` (${said})`}` }
  return { kind: 'failed', why: `${action}: ${said || kind || 'failed without a message'}` }
}

/** An answer that is a list, page after page. What was read before an error stays; the error says what is missing. */
export type Pages<Item> = { readonly items: readonly Item[]; readonly error: unknown }

export const NO_ERROR = Symbol('no error')

/** Reads pages to their end. Never throws: an error goes with the items of the pages before it. */
export async function readPages<Page, Item>(
  pages: AsyncIterable<Page>,
  itemsOf: (page: Page) => readonly Item[] | undefined,
  onItems: (count: number) => void,
): Promise<Pages<Item>> {
  const items: Item[] = []
  try {
    for await (const page of pages) {
      items.push(...(itemsOf(page) ?? []))
      onItems(items.length)
    }
  } catch (error) {
    return { items, error }
  }
  return { items, error: NO_ERROR }
}

/**
 * The answer as a part of the snapshot. An error on a later page leaves what was read, marked as incomplete; on the first
 * page it is the answer. Denials win over both: who may not ask gets no half answer.
 */
export function readOf<Value>(
  value: Value,
  { items, error }: Pages<unknown>,
  where: { readonly action: string; readonly region: string; readonly readAt: string },
  unreadable = 0,
): AwsRead<Value> {
  const damaged =
    unreadable === 0 ? [] : [`${unreadable} of ${items.length} entries of ${where.action} were not readable`]
  if (error === NO_ERROR) {
    if (unreadable > 0 && unreadable === items.length) return { kind: 'failed', why: damaged.join() }
    return { kind: 'read', readAt: where.readAt, value, ...(unreadable > 0 ? { incomplete: damaged.join() } : {}) }
  }
  const trouble = troubleOf(error, where.action, where.region)
  if (trouble.kind === 'denied') return trouble
  const why = trouble.kind === 'credentials' ? `AWS refused the credentials: ${trouble.why}` : trouble.why
  if (items.length === 0) return { kind: 'failed', why }
  return {
    kind: 'read',
    readAt: where.readAt,
    value,
    incomplete: [`the answer broke off after ${items.length} entries: ${why}`, ...damaged].join('; '),
  }
}

/** As above where an incomplete answer would mislead more than none. */
export function wholeOf<Value>(read: AwsRead<Value>): AwsRead<Value> {
  return read.kind === 'read' && read.incomplete !== undefined ? { kind: 'failed', why: read.incomplete } : read
}
