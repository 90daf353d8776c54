import { setTimeout as wait } from 'node:timers/promises'
import type { Answer, Connection } from './connection.js'
import { TransportError } from './transport-error.js'

/** What a run takes from the outside; tests bring their own. */
export type Surroundings = {
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number
  /** Of this day, for a Retry-After that names a time of day. */
  readonly today: () => number
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** 0 to 1. */
  readonly random: () => number
}

export const SURROUNDINGS: Surroundings = {
  clock: () => performance.now(),
  today: () => Date.now(),
  sleep: (ms, signal) => wait(ms, undefined, { signal }),
  random: () => Math.random(),
}

/** Why something was not read, in words: for a message, or for a gap in the report. */
export class Unread extends Error {
  readonly fix: string
  /** Nothing else will be read either. */
  readonly hopeless: boolean

  constructor(problem: string, fix: string, hopeless: boolean, options?: ErrorOptions) {
    super(problem, options)
    this.name = 'Unread'
    this.fix = fix
    this.hopeless = hopeless
  }
}

/** Failures of one request in a row, after which it is given up. Being told to wait is none. */
const TRIES = 5
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 20_000

/**
 * Asks until there is an answer: waits as long as a busy server says (Retry-After), or twice as long each time where it
 * says nothing, with jitter so that not all clients come back at once; renews expired credentials once. All within one
 * time limit for everything that is asked.
 */
export class Patience {
  readonly #connection: Connection
  readonly #around: Surroundings
  readonly #deadline: number
  readonly #totalMs: number
  readonly #signal: AbortSignal
  readonly #onWait: (why: string, ms: number) => void

  constructor(
    connection: Connection,
    options: {
      readonly around: Surroundings
      readonly totalMs: number
      readonly signal: AbortSignal
      readonly onWait: (why: string, ms: number) => void
    },
  ) {
    this.#connection = connection
    this.#around = options.around
    this.#totalMs = options.totalMs
    this.#deadline = options.around.clock() + options.totalMs
    this.#signal = options.signal
    this.#onWait = options.onWait
  }

  /**
   * The answer of status 200, or one that asking again would not change (400, 403, 404, 410, …). `accept` looks into the
   * body of a 200 and throws where it is not what it should be; that counts as a failed try. It may hand the memory of
   * the body back once it is done with it.
   */
  async get<Value>(
    path: string,
    accept: (body: Buffer, release: () => void) => Value,
    tries = TRIES,
  ): Promise<{ readonly status: 200; readonly value: Value } | { readonly status: number; readonly body: Buffer }> {
    let renewed = false
    for (let failures = 0; ;) {
      const answer = await this.#ask(path)
      let why: string
      let fix = 'Try again later.'
      let waitMs: number | undefined
      if (answer instanceof TransportError) {
        if (answer.reason === 'refused') throw new Unread(answer.message, answer.fix, true, { cause: answer })
        why = answer.message
        fix = answer.fix
        failures += 1
      } else if (answer.status === 200) {
        try {
          return { status: 200, value: accept(answer.body, answer.release) }
        } catch (error) {
          why = `an answer that is no list (${firstLine(error)})`
          fix = 'Check that the server of the kubeconfig is a Kubernetes API server.'
          failures += 1
        }
      } else if (answer.status === 401) {
        // A token that expired in the middle of the run; a second refusal is about the login itself.
        if (renewed) throw new Unread('the server does not accept the credentials (401)', LOGIN_FIX, true)
        renewed = true
        this.#connection.renew(answer.generation)
        continue
      } else if (answer.status === 429 || answer.status >= 500) {
        why = `the server answered ${answer.status}${answer.status === 429 ? ' (too many requests)' : ''}`
        waitMs = retryAfterMs(answer.retryAfter, this.#around.today())
        if (answer.status !== 429 || waitMs === undefined) failures += 1
      } else return { status: answer.status, body: answer.body }

      if (failures >= tries) throw new Unread(`${why}, ${failures} times in a row`, fix, false)
      await this.#pause(why, failures, waitMs)
    }
  }

  async #ask(path: string): Promise<Answer | TransportError> {
    const left = this.#deadline - this.#around.clock()
    if (left <= 0) throw this.#outOfTime('reading took too long')
    try {
      return await this.#connection.get(path, this.#signal, left)
    } catch (error) {
      if (error instanceof TransportError) return error
      throw error
    }
  }

  async #pause(why: string, failures: number, askedMs: number | undefined): Promise<void> {
    const { random, clock, sleep } = this.#around
    const backOff = Math.min(FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1), LONGEST_PAUSE_MS)
    // Never earlier than asked for; otherwise somewhere in the upper half.
    const ms = Math.round(askedMs === undefined ? backOff * (0.5 + random() / 2) : askedMs + random() * FIRST_PAUSE_MS)
    if (clock() + ms >= this.#deadline) throw this.#outOfTime(why)
    this.#onWait(why, ms)
    await sleep(ms, this.#signal)
  }

  #outOfTime(why: string): Unread {
    const problem = `${why}, and the time for the whole cluster (${Math.round(this.#totalMs / 1000)} s) is over`
    return new Unread(problem, 'Try again when the API server has less to do.', true)
  }
}

const LOGIN_FIX = 'Log in again, or check how the user of the kubeconfig is mapped to the cluster.'

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''

/** Retry-After is a number of seconds or a date (RFC 9110, 10.2.3); undefined where it is absent or neither. */
export function retryAfterMs(value: string | undefined, today: number): number | undefined {
  if (value === undefined) return undefined
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - today)
}
