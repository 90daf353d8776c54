import { object, text as textOf, type Json } from '../fields.js'
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  SPACE,
} from '../json-bytes.js'

/**
 * Fields of API objects that no reader wants and that make up most of a page, three quarters of a pod. Dropped only where
 * they hold an array or an object, so that a label or a resource of such a name is safe.
 */
const UNWANTED = [
  'managedFields',
  'env',
  'envFrom',
  'args',
  'command',
  'volumeMounts',
  'volumeDevices',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'securityContext',
  'projected',
  'configMap',
  'secret',
  'state',
  'lastState',
  'podIPs',
  'hostIPs',
  'imagePullSecrets',
  'images',
  'volumesInUse',
  'volumesAttached',
]

/** What a byte outside of a string is; most are nothing, which one look at a table tells faster than four comparisons. */
const OPENS = 1
const CLOSES = 2
const QUOTES = 3
const ROLE = new Uint8Array(256)
for (const byte of [OPEN_ARRAY, OPEN_OBJECT]) ROLE[byte] = OPENS
for (const byte of [CLOSE_ARRAY, CLOSE_OBJECT]) ROLE[byte] = CLOSES
ROLE[QUOTE] = QUOTES

/** By length: most keys are told apart by it, before any byte is compared. */
const NAMES: readonly (readonly Buffer[])[] = Array.from(
  { length: Math.max(...UNWANTED.map(({ length }) => length)) + 1 },
  (_, length) => UNWANTED.filter((name) => name.length === length).map((name) => Buffer.from(name)),
)
const ENV = Buffer.from('env')

/** A copy: the text is written over while fields are taken out of it. */
type SeenValue = { readonly bytes: Buffer; length: number }

/** So many containers of a pod, with one environment each, are remembered side by side. */
const SEEN_AT_ONCE = 4

/** Unwanted values as they were last seen, by the name of their field: pods of one workload have the same ones. */
class Seen {
  readonly #values = new Map<Buffer, { readonly kept: SeenValue[]; next: number }>()

  /**
   * Index after the array or object that begins at `from`. Where a known one of this field stands here again, byte for
   * byte, it ends where that one ended: a value in brackets is no beginning of a longer one.
   */
  end(field: Buffer, text: Buffer, from: number): number {
    const known = this.#values.get(field) ?? { kept: [], next: 0 }
    for (const { bytes, length } of known.kept) {
      const end = from + length
      // The last byte tells most of them apart.
      if (text[end - 1] === bytes[length - 1] && text.compare(bytes, 0, length, from, end) === 0) return end
    }
    const end = endOfValue(text, from)
    const length = end - from
    const old = known.kept[known.next]
    const value = old !== undefined && old.bytes.length >= length ? old : { bytes: Buffer.alloc(2 * length), length }
    text.copy(value.bytes, 0, from, end)
    value.length = length
    known.kept[known.next] = value
    known.next = (known.next + 1) % SEEN_AT_ONCE
    this.#values.set(field, known)
    return end
  }
}

/** A page of a list. */
export type Page<Item> = {
  /** The token of the next page, empty on the last. */
  readonly next: string
  /** To be gone through once: each item is parsed when its turn comes. Throws SyntaxError. */
  readonly items: Iterable<Item>
}

/**
 * Opens the JSON text of a page. Its items are parsed one by one, without the unwanted fields, which are cut out of the
 * text first (so its bytes change): making objects of them, only to drop these, would take more time and memory than
 * everything else together, and a page parsed as a whole outlives the cheap part of garbage collection. The token is
 * there before, so that the next page can be on its way meanwhile. Throws where the text is no list or is cut off.
 */
export function openPage<Item>(
  text: Buffer,
  options: { readonly keepEnvironment: boolean; readonly change: (item: Json) => Item },
): Page<Item> {
  const start = itemsStart(text)
  if (start === undefined) {
    const found = object(JSON.parse(text.toString()))
    // A list without any object may be written as null.
    if (found['items'] !== null) throw new Error(`a JSON ${textOf(found['kind']) || 'value'} without items`)
    return { next: nextOf(found), items: [] }
  }
  if (text[indexOfLast(text, text.length)] !== CLOSE_OBJECT) throw new SyntaxError('the JSON ends too early')
  const before = object(JSON.parse(`${text.toString('utf8', 0, start)}]}`))
  if ('metadata' in before) return { next: nextOf(before), items: parseItems(text, start, options) }
  // No API server writes it in this order.
  const items: Item[] = []
  const parsing = parseItems(text, start, options)
  let step = parsing.next()
  for (; step.done !== true; step = parsing.next()) items.push(step.value)
  return { next: nextOf(object(JSON.parse(`{"items":[${text.toString('utf8', step.value)}`))), items }
}

const nextOf = (page: Json): string => textOf(object(page['metadata'])['continue'])

/** Gives the index of the bracket after the last item in the end. */
function* parseItems<Item>(
  text: Buffer,
  start: number,
  { keepEnvironment, change }: { readonly keepEnvironment: boolean; readonly change: (item: Json) => Item },
): Generator<Item, number, undefined> {
  const seen = new Seen()
  let at = skipSpace(text, start)
  while (text[at] !== CLOSE_ARRAY) {
    if (text[at] !== OPEN_OBJECT) throw new SyntaxError('an item that is no JSON object')
    const { end, written } = pruneObject(text, at, keepEnvironment, seen)
    yield change(object(JSON.parse(text.toString('utf8', at, written))))
    at = skipSpace(text, end)
    if (text[at] === CLOSE_ARRAY) break
    if (text[at] !== COMMA) throw new SyntaxError('items without a comma between them')
    at = skipSpace(text, at + 1)
    if (text[at] === CLOSE_ARRAY) throw new SyntaxError('a comma without an item after it')
  }
  return at
}

/** Index after the bracket of the array `items` of the outermost object; undefined where it has none. */
function itemsStart(text: Buffer): number | undefined {
  let at = skipSpace(text, 0)
  if (text[at] !== OPEN_OBJECT) return undefined
  for (at = skipSpace(text, at + 1); text[at] === QUOTE;) {
    const end = endOfString(text, at)
    const name = text.toString('utf8', at + 1, end)
    const colon = skipSpace(text, end + 1)
    const value = skipSpace(text, colon + 1)
    if (text[colon] !== COLON) return undefined
    if (name === 'items') return text[value] === OPEN_ARRAY ? value + 1 : undefined
    const comma = skipSpace(text, endOfAny(text, value))
    if (text[comma] !== COMMA) return undefined
    at = skipSpace(text, comma + 1)
  }
  return undefined
}

/**
 * Takes the unwanted fields out of the object that begins at `from`, in place. Gives the index after it and the one after
 * what is left of it.
 */
function pruneObject(
  text: Buffer,
  from: number,
  keepEnvironment: boolean,
  seen: Seen,
): { readonly end: number; readonly written: number } {
  const length = text.length
  let written = from
  let copied = from
  let depth = 0
  let at = from
  while (at < length) {
    const role = ROLE[text[at] ?? 0]
    if (role !== QUOTES) {
      at += 1
      if (role === OPENS) depth += 1
      else if (role === CLOSES) {
        depth -= 1
        if (depth === 0) break
      }
      continue
    }
    const start = at
    const end = endOfString(text, at)
    at = end + 1
    const colon = skipSpace(text, at)
    if (text[colon] !== COLON) continue
    const field = unwanted(text, start + 1, end, keepEnvironment)
    if (field === undefined) continue
    const value = skipSpace(text, colon + 1)
    if (text[value] !== OPEN_ARRAY && text[value] !== OPEN_OBJECT) continue
    at = skipSpace(text, seen.end(field, text, value))
    text.copyWithin(written, copied, start)
    written += start - copied
    // One of the commas around it goes too.
    if (text[at] === COMMA) at += 1
    else if (text[indexOfLast(text, written)] === COMMA) written = indexOfLast(text, written)
    copied = at
  }
  text.copyWithin(written, copied, at)
  return { end: at, written: written + at - copied }
}

/** Index of the closing quote, or beyond the end. */
function endOfString(text: Buffer, quote: number): number {
  let at = quote + 1
  for (;;) {
    const byte = text[at]
    if (byte === QUOTE || byte === undefined) return at
    at += byte === BACKSLASH ? 2 : 1
  }
}

/** Index after the array or object that begins at `from`. */
function endOfValue(text: Buffer, from: number): number {
  let depth = 0
  const length = text.length
  for (let at = from; at < length; at += 1) {
    const role = ROLE[text[at] ?? 0]
    if (role === 0) continue
    if (role === QUOTES) at = endOfString(text, at)
    else if (role === OPENS) depth += 1
    else {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return length
}

/** Index after the value that begins at `from`, of whatever kind. */
function endOfAny(text: Buffer, from: number): number {
  const byte = text[from]
  if (byte === QUOTE) return endOfString(text, from) + 1
  if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) return endOfValue(text, from)
  let at = from
  while (at < text.length && text[at] !== COMMA && text[at] !== CLOSE_OBJECT) at += 1
  return at
}

function skipSpace(text: Buffer, from: number): number {
  let at = from
  while ((text[at] ?? QUOTE) <= SPACE) at += 1
  return at
}

function indexOfLast(text: Buffer, end: number): number {
  let at = end - 1
  while (at > 0 && (text[at] ?? QUOTE) <= SPACE) at -= 1
  return at
}

/** The name of the field, where it is an unwanted one. */
function unwanted(text: Buffer, start: number, end: number, keepEnvironment: boolean): Buffer | undefined {
  for (const name of NAMES[end - start] ?? []) {
    let at = 0
    while (at < name.length && text[start + at] === name[at]) at += 1
    if (at === name.length) return keepEnvironment && name.equals(ENV) ? undefined : name
  }
  return undefined
}
