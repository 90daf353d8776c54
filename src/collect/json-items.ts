import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { FailureError } from '../failure.js'
import { object, text, type Json } from './fields.js'
import { CutOffError, JsonDocuments } from './json-documents.js'

const GZIP_MAGIC = [0x1f, 0x8b]
/** Up to this many bytes a file is parsed in one go, which is the fastest way. */
const SMALL_FILE = 32 * 1024 * 1024
/** Unpacked bytes that are handed over at once: fewer turns between threads than with the 16 KiB of the default. */
const CHUNK = 256 * 1024
const HOW = 'Pass the output of the kubectl command in the README, plain or gzip.'

/** Bytes of a file or of standard input (`-`), unpacked where they are gzip. */
async function* contents(file: string): AsyncGenerator<Buffer> {
  const source: Readable = file === '-' ? process.stdin : createReadStream(file)
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let head = Buffer.alloc(0)
  // A pipe may hand over its first byte alone; two are needed to know gzip.
  while (head.length < GZIP_MAGIC.length) {
    const next = await chunks.next()
    if (next.done === true) break
    head = Buffer.concat([head, Buffer.from(next.value)])
  }
  async function* whole(): AsyncGenerator<Buffer> {
    yield head
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield Buffer.from(next.value)
  }
  if (!GZIP_MAGIC.every((byte, index) => head[index] === byte)) return yield* whole()
  const { Readable: NodeReadable, pipeline } = await import('node:stream')
  const unpacked = createGunzip({ chunkSize: CHUNK })
  // Errors of either side surface where the unpacked bytes are read.
  pipeline(NodeReadable.from(whole()), unpacked, () => undefined)
  yield* unpacked as AsyncIterable<Buffer>
}

function whatIsWrong(file: string, error: unknown): FailureError {
  const { code, message } = error as NodeJS.ErrnoException
  const bad = (problem: string, fix: string): FailureError =>
    new FailureError({ kind: 'bad-input', file, problem, fix }, { cause: error })
  switch (code) {
    case 'ENOENT':
      return bad('no such file', 'Check the path given to --snapshot.')
    case 'EISDIR':
      return bad('is a folder, not a file', 'Pass the snapshot file itself.')
    case 'EACCES':
      return bad('may not be read by this user', 'Change its permissions, or pass a copy.')
    case 'Z_BUF_ERROR':
      return bad(
        'the gzip stream ends too early: the file was cut off',
        'Write it again and check that the disk is not full.',
      )
    case 'Z_DATA_ERROR':
      return bad(`damaged gzip data (${message})`, 'Write it again.')
    default:
      if (error instanceof CutOffError) return bad(`${message}: the file was cut off`, HOW)
      return bad(`not JSON (${message.split('\n')[0] ?? ''})`, HOW)
  }
}

/**
 * Calls `onItem` for each Kubernetes object in a file: the items of a v1 `List` or of a typed list (`PodList`, …), single
 * objects, several of these one after another, one a line, or lists in a list, as `jq -s` joins them. Large files are read as
 * a stream, because such a List is longer than the longest string that the engine can hold. Throws a FailureError that says
 * what is wrong with the file.
 */
export async function readItems(file: string, onItem: (item: Json) => void): Promise<void> {
  let documents = 0
  let unnamed: Json[] = []
  const parser = new JsonDocuments({
    item(value, listKind) {
      const item = object(value)
      if (text(item['kind']) === '' && listKind === '') unnamed.push(item)
      else handOver(item, listKind, file, onItem)
    },
    document(value) {
      documents += 1
      const { document, kind } = asDocument(value, file)
      for (const item of unnamed) handOver(item, kind, file, onItem)
      unnamed = []
      handOverDocument(document, kind, file, onItem)
    },
  })
  try {
    let bytes = 0
    let head: Buffer[] = []
    for await (const chunk of contents(file)) {
      bytes += chunk.length
      if (bytes > SMALL_FILE && head.length === 0) {
        parser.write(chunk)
        continue
      }
      head.push(chunk)
      if (bytes <= SMALL_FILE) continue
      parser.write(Buffer.concat(head))
      head = []
    }
    if (bytes === 0) throw empty(file)
    const whole = Buffer.concat(head)
    if (bytes <= SMALL_FILE && readWhole(whole, file, onItem)) return
    parser.write(whole)
    parser.end()
    if (documents === 0) throw empty(file)
  } catch (error) {
    throw error instanceof FailureError ? error : whatIsWrong(file, error)
  }
}

/** An item of a typed list does not repeat its kind: the list's name has it. */
const withKind = (item: Json, listKind: string): Json =>
  text(item['kind']) === '' && listKind.endsWith('List') ? { ...item, kind: listKind.slice(0, -'List'.length) } : item

function asDocument(value: unknown, file: string): { readonly document: Json; readonly kind: string } {
  const document = object(value)
  const kind = text(document['kind'])
  if (!('items' in document) && kind === '') throw notAList(file, value)
  if (kind === 'Status') throw apiError(file, text(document['message']))
  return { document, kind }
}

/** Of a list its items, else the document itself. */
function handOverDocument(document: Json, kind: string, file: string, onItem: (item: Json) => void): void {
  if (!('items' in document) && kind !== 'List') return onItem(document)
  for (const item of itemsOf(document, file)) handOver(object(item), kind, file, onItem)
}

/** An item of a list; of a list within it, that one's items. */
function handOver(item: Json, listKind: string, file: string, onItem: (item: Json) => void): void {
  const named = withKind(item, listKind)
  const kind = text(named['kind'])
  if (!kind.endsWith('List')) return onItem(named)
  handOverDocument(named, kind, file, onItem)
}

/** Anything but an array would pass as a cluster in which there is nothing. */
function itemsOf(list: Json, file: string): readonly unknown[] {
  const { items } = list
  if (Array.isArray(items)) return items
  const found = `a ${text(list['kind']) || 'list'} whose items are ${wordFor(items)}, not an array`
  throw new FailureError({ kind: 'bad-input', file, problem: found, fix: HOW })
}

/** False where the bytes are not one JSON document: several of them, or a damaged one, which the parser can describe. */
function readWhole(bytes: Buffer, file: string, onItem: (item: Json) => void): boolean {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    return false
  }
  const { document, kind } = asDocument(value, file)
  handOverDocument(document, kind, file, onItem)
  return true
}

const empty = (file: string): FailureError =>
  new FailureError({ kind: 'bad-input', file, problem: 'the input is empty', fix: HOW })

/** What `kubectl get --raw` and API clients write when they are refused. */
const apiError = (file: string, message: string): FailureError =>
  new FailureError({
    kind: 'bad-input',
    file,
    problem: `holds an error of the API server, not its objects (${message.replaceAll(/\s+/g, ' ') || 'without a message'})`,
    fix: HOW,
  })

const wordFor = (value: unknown): string =>
  value === undefined ? 'missing' : value === null ? 'null' : `a JSON ${typeof value}`

const notAList = (file: string, value: unknown): FailureError => {
  const found = Array.isArray(value)
    ? 'a JSON array'
    : typeof value === 'object' && value !== null
      ? `a JSON object with the keys ${Object.keys(value).slice(0, 5).join(', ') || '(none)'}`
      : `a bare JSON ${value === null ? 'null' : typeof value}`
  return new FailureError({ kind: 'bad-input', file, problem: `${found}, not a Kubernetes List or object`, fix: HOW })
}
