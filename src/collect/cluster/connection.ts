import http from 'node:http'
import https from 'node:https'
import { Bodies } from './bodies.js'
import type { ClusterAccess } from './kube-config.js'
import { LOGIN_FIX, loginError, SLOW_FIX, TransportError, transportError } from './transport-error.js'

/** What came back, whatever its status; the body is unpacked. */
export type Answer = {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: Buffer
  /** Hands the memory of the body back for another one. Whoever does not call it wastes some. */
  readonly release: () => void
  /** Counts how often the credentials had been renewed when this was asked. */
  readonly generation: number
}

export type Limits = {
  /** Longest time until the request is on its way. */
  readonly connectMs: number
  /** Longest silence of the server, before and within an answer. */
  readonly idleMs: number
  /** Longest time for one answer, however steadily it drips in. */
  readonly requestMs: number
  /** Longest time that a credential plugin may take: it may have to ask a person to log in. */
  readonly loginMs: number
  /** Largest answer, packed and unpacked. */
  readonly maxBytes: number
}

/** The API server itself gives up a request after 60 s. */
export const LIMITS: Limits = {
  connectMs: 15_000,
  idleMs: 65_000,
  requestMs: 180_000,
  loginMs: 120_000,
  maxBytes: 400 * 1024 * 1024,
}

/** Credentials are asked for again this often: plugins cost a process each, and tokens are valid for minutes at least. */
const CREDENTIALS_MS = 30_000

type Credentials = {
  readonly options: https.RequestOptions
  readonly agent: http.Agent
  readonly generation: number
}

/** GETs to one API server over few, kept connections. One `get` is one request: trying again is `patience.ts`. */
export class Connection {
  readonly #access: ClusterAccess
  readonly #limits: Limits
  readonly #userAgent: string
  readonly #bodies = new Bodies()
  #config: ReturnType<ClusterAccess['load']> | undefined
  #held: { readonly promise: Promise<Credentials>; readonly at: number } | undefined
  #agent: { readonly agent: http.Agent; readonly identity: string } | undefined
  #generation = 0

  constructor(access: ClusterAccess, userAgent: string, limits: Limits = LIMITS) {
    this.#access = access
    this.#limits = limits
    this.#userAgent = userAgent
  }

  get label(): string {
    return this.#access.label
  }

  /**
   * One answer. `path` begins with a slash and has its query; `timeMs` shortens the limit of one request.
   * Throws a TransportError, or the reason of the signal.
   */
  async get(path: string, signal: AbortSignal, timeMs = Infinity): Promise<Answer> {
    const { options, agent, generation } = await this.#current(signal)
    signal.throwIfAborted()
    const longestMs = Math.min(timeMs, this.#limits.requestMs)
    return { ...(await this.#exchange(path, { ...options, agent }, signal, longestMs)), generation }
  }

  /** Forgets the credentials of this generation, once, however many requests found them expired. */
  renew(generation: number): void {
    if (generation !== this.#generation) return
    this.#generation += 1
    this.#config = undefined
    this.#held = undefined
  }

  close(): void {
    this.#agent?.agent.destroy()
  }

  #current(signal: AbortSignal): Promise<Credentials> {
    if (this.#held !== undefined && performance.now() - this.#held.at < CREDENTIALS_MS) return this.#held.promise
    const promise = this.#fetch(signal)
    // Several lists ask at once: until it is there, all wait for the same one.
    const held = { promise, at: Infinity }
    this.#held = held
    promise.then(
      () => (held.at = performance.now()),
      () => (this.#held = this.#held === held ? undefined : this.#held),
    )
    return promise
  }

  async #fetch(signal: AbortSignal): Promise<Credentials> {
    const generation = this.#generation
    this.#config ??= this.#access.load()
    const options: https.RequestOptions = {}
    try {
      const config = await this.#config
      await withinTime(config.applyToHTTPSOptions(options), this.#limits.loginMs, signal)
    } catch (error) {
      throw loginError(error, signal)
    }
    const { agent, ca, cert, key, headers, auth } = options
    const identity = [ca, cert, key].map(String).join('\n')
    if (this.#agent?.identity !== identity) {
      // The library makes an agent per call, each with connections of its own and none of them kept.
      const kept = agent instanceof http.Agent ? agent : new https.Agent()
      Object.assign(kept, { keepAlive: true })
      if ('options' in kept) Object.assign(kept.options as object, { keepAlive: true })
      this.#agent = { agent: kept, identity }
    }
    // What TLS needs is in the agent.
    const plain = { ...(headers === undefined ? {} : { headers }), ...(auth === undefined ? {} : { auth }) }
    return { options: plain, agent: this.#agent.agent, generation }
  }

  #exchange(
    path: string,
    options: https.RequestOptions,
    signal: AbortSignal,
    timeMs: number,
  ): Promise<Omit<Answer, 'generation'>> {
    const { connectMs, idleMs, maxBytes } = this.#limits
    const url = this.#access.server + path
    const headers = {
      ...options.headers,
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'user-agent': this.#userAgent,
    }
    return new Promise((resolve, reject) => {
      const request = (url.startsWith('http:') ? http : https).get(url, { ...options, headers, signal })
      const stop = (message: string): void => {
        request.destroy(new TransportError('slow', message, SLOW_FIX))
      }
      let idle = setTimeout(() => stop(`no connection within ${seconds(connectMs)} s`), connectMs)
      const total = setTimeout(() => stop(`no whole answer within ${seconds(timeMs)} s`), timeMs)
      const fail = (error: Error): void => reject(signal.aborted ? signal.reason : transportError(error))
      request.on('error', fail).on('close', () => {
        clearTimeout(idle)
        clearTimeout(total)
      })
      request.on('finish', () => {
        clearTimeout(idle)
        idle = setTimeout(() => stop(`the server was silent for ${seconds(idleMs)} s`), idleMs)
      })
      request.on('response', (response) => {
        const refresh = (): void => void idle.refresh()
        refresh()
        this.#bodies.read(response, maxBytes, refresh).then(
          (body) =>
            resolve({
              status: response.statusCode ?? 0,
              retryAfter: response.headers['retry-after'],
              body,
              release: () => this.#bodies.release(body),
            }),
          (error: Error) => {
            fail(error)
            request.destroy()
          },
        )
      })
    })
  }
}

const seconds = (ms: number): string => String(Math.round(ms / 100) / 10)

/** The plugin of the library cannot be stopped; not waiting for it any longer is what is left. */
async function withinTime(work: Promise<unknown>, timeMs: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const problem = `no credentials: the program that fetches them was not done in ${seconds(timeMs)} s`
    timer = setTimeout(() => reject(new TransportError('refused', problem, LOGIN_FIX)), timeMs)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
