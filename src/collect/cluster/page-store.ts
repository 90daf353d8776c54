import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { FailureError } from '../../failure.js'
import type { Json } from '../fields.js'
import type { Kind } from '../snapshot-file.js'
import { LISTED_KINDS } from './kinds.js'
import type { ClusterSink } from './read-cluster.js'

/** Most of the gain at a fraction of the time of the default level. */
const LEVEL = { level: 4 } as const

/**
 * Keeps the pages of a cluster packed until all are there: 150,000 pods are some 20 MiB. Nothing is on disk before, so a
 * list may be taken back, and a run that is stopped leaves nothing.
 */
export class PageStore implements ClusterSink {
  readonly #pages = new Map<Kind, { readonly objects: number; readonly bytes: Buffer }[]>()
  readonly #change: (item: Json) => Json

  constructor(change: (item: Json) => Json = (item) => item) {
    this.#change = change
  }

  readonly add = (kind: Kind, items: Iterable<Json>): void => {
    const texts: string[] = []
    for (const item of items) texts.push(JSON.stringify(this.#change(item)))
    if (texts.length === 0) return
    const pages = this.#pages.get(kind) ?? []
    this.#pages.set(kind, pages)
    pages.push({ objects: texts.length, bytes: packed(texts) })
  }

  readonly drop = (kind: Kind): void => void this.#pages.delete(kind)

  get objects(): number {
    return [...this.#pages.values()].flat().reduce((sum, { objects }) => sum + objects, 0)
  }

  /**
   * Writes one v1 List of everything, then `further` objects, all at once or not at all: plain, or gzip where the name
   * ends in `.gz`. The order does not depend on which list arrived first. Synchronous on purpose: a signal is then
   * handled before or after it. Fails with `bad-output`.
   */
  write(file: string, further: readonly Json[]): void {
    const zipped = file.endsWith('.gz')
    const text = (words: string): Buffer => (zipped ? gzipSync(words, LEVEL) : Buffer.from(words))
    const pages = LISTED_KINDS.flatMap(({ kind }) => this.#pages.get(kind) ?? []).map(({ bytes }) => bytes)
    if (further.length > 0) pages.push(packed(further.map((item) => JSON.stringify(item))))
    const fresh = freshName(file)
    try {
      const descriptor = openSync(fresh, 'w')
      try {
        const put = (bytes: Buffer): void => {
          for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
        }
        // Gzip files laid end to end are a gzip file of their contents laid end to end (RFC 1952, 2.2).
        put(text('{"apiVersion":"v1","kind":"List","metadata":{},"items":[\n'))
        pages.forEach((page, index) => {
          if (index > 0) put(text(',\n'))
          put(zipped ? page : gunzipSync(page))
        })
        put(text('\n]}\n'))
        fsyncSync(descriptor)
      } finally {
        closeSync(descriptor)
      }
      renameSync(fresh, file)
    } catch (error) {
      rmSync(fresh, { force: true })
      throw notWritten(file, error)
    }
  }
}

/** Tries before the cluster is read whether `write` could begin; leaves nothing behind. */
export function checkFile(file: string): void {
  const fresh = freshName(file)
  try {
    closeSync(openSync(fresh, 'w'))
    rmSync(fresh)
  } catch (error) {
    throw notWritten(file, error)
  }
}

const freshName = (file: string): string => join(dirname(file), `.${basename(file)}.${process.pid}.new`)

function notWritten(file: string, error: unknown): FailureError {
  const { code, message } = error as NodeJS.ErrnoException
  const problem = `cannot be written (${code ?? message})`
  const fix = 'Name another file with --out.'
  return new FailureError({ kind: 'bad-output', path: file, problem, fix }, { cause: error })
}

const packed = (texts: readonly string[]): Buffer => gzipSync(texts.join(',\n'), LEVEL)
