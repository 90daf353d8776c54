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
} from './json-bytes.js'

const BYTE_ORDER_MARK = Buffer.from('\ufeff')

/** The text ends within a value. */
export class CutOffError extends Error {
  constructor() {
    super('the JSON ends too early')
  }
}

export type JsonSink = {
  /** An element of the array `items` of a document; `kind` is the document's, empty where it stands behind its items. */
  readonly item: (value: unknown, kind: string) => void
  /** A whole document, without the elements of `items` that were handed over before. */
  readonly document: (value: unknown) => void
}

/**
 * Takes JSON documents, one or several behind one another, as a stream of bytes, and hands over the elements of each one's
 * array `items` as they come. It only looks for where each of them ends and leaves what is in them to `JSON.parse`: a
 * parser that takes the text apart byte by byte needs ten times as long. Throws SyntaxError and CutOffError.
 */
export class JsonDocuments {
  readonly #sink: JsonSink
  /** What the next bytes are part of. */
  #place: 'nothing' | 'document' | 'items' | 'item' = 'nothing'
  /** Bytes of the document or item from earlier chunks; the items of a document are no part of it. */
  #pieces: Buffer[] = []
  /** Those of the document while its items are read. */
  #around: Buffer[] = []
  /** Brackets that are open in the document or item. */
  #depth = 0
  #inText = false
  /** Bytes at the start of the next chunk that a backslash escapes. */
  #escaped = 0
  readonly #fields = new OuterFields()
  /** What may come next in `items`. */
  #next: 'item or end' | 'item' | 'comma or end' = 'item or end'
  #items = 0
  #isStart = true

  constructor(sink: JsonSink) {
    this.#sink = sink
  }

  write(chunk: Buffer): void {
    const marked = this.#isStart && chunk.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    this.#isStart = false
    let at = marked ? BYTE_ORDER_MARK.length : 0
    while (at < chunk.length) at = this.#isWithin ? this.#scan(chunk, at) : this.#begin(chunk, at)
  }

  end(): void {
    if (this.#place === 'nothing') return
    // A bare number or word has no end but that of the text.
    if (this.#place !== 'document' || this.#depth > 0 || this.#inText) throw new CutOffError()
    this.#finish(Buffer.alloc(0))
  }

  get #isWithin(): boolean {
    return this.#place === 'document' || this.#place === 'item'
  }

  /** From between documents or items to the first byte of the next one. */
  #begin(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length && chunk[at]! <= SPACE) at += 1
    const byte = chunk[at]
    if (byte === undefined) return at
    if (this.#place === 'items') {
      if (byte === CLOSE_ARRAY && this.#next !== 'item') {
        this.#place = 'document'
        this.#pieces = this.#around
        this.#depth = 2
        return at
      }
      if ((byte === COMMA) !== (this.#next === 'comma or end'))
        throw new SyntaxError(`after ${this.#items} items, a comma is missing or one too many`)
      if (byte === COMMA) {
        this.#next = 'item'
        return at + 1
      }
    }
    this.#place = this.#place === 'items' ? 'item' : 'document'
    this.#pieces = []
    this.#depth = 0
    if (this.#place === 'document') this.#fields.clear()
    return at
  }

  /** From within a document or item to its end, or to the first of a document's items. */
  #scan(chunk: Buffer, from: number): number {
    const isDocument = this.#place === 'document'
    let depth = this.#depth
    let inText = this.#inText
    let textStart = from
    let at = from + this.#escaped
    this.#escaped = 0
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at]!
      if (inText) {
        if (byte === BACKSLASH) at += 1
        if (byte !== QUOTE) continue
        inText = false
        if (isDocument && depth === 1) this.#fields.text(chunk.toString('latin1', textStart, at))
      } else if (byte === QUOTE) {
        inText = true
        textStart = at + 1
        continue
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (isDocument && depth === 1 && byte === OPEN_ARRAY && this.#fields.isItems)
          return this.#open(chunk.subarray(from, at + 1), at + 1)
        depth += 1
        continue
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        depth -= 1
        // Of the array around a bare number or word, which ends before.
        if (depth < 0) return this.#ended(chunk.subarray(from, at), at)
      } else if (depth === 0) {
        if (byte === COMMA || byte <= SPACE) return this.#ended(chunk.subarray(from, at), at)
        continue
      } else {
        if (isDocument && depth === 1 && (byte === COMMA || byte === COLON)) this.#fields.mark(byte === COMMA)
        continue
      }
      if (depth === 0) return this.#ended(chunk.subarray(from, at + 1), at + 1)
    }
    if (isDocument && depth === 1 && inText) this.#fields.begin(chunk.toString('latin1', textStart))
    this.#depth = depth
    this.#inText = inText
    this.#escaped = at - chunk.length
    this.#pieces.push(chunk.subarray(from))
    return at
  }

  #open(last: Buffer, at: number): number {
    // A copy: a part of a chunk would keep all of it in memory until the list ends.
    this.#around = [Buffer.concat([...this.#pieces, last])]
    this.#place = 'items'
    this.#next = 'item or end'
    this.#items = 0
    this.#inText = false
    return at
  }

  #ended(last: Buffer, at: number): number {
    this.#inText = false
    this.#finish(last)
    return at
  }

  #finish(last: Buffer): void {
    const bytes = this.#pieces.length === 0 ? last : Buffer.concat([...this.#pieces, last])
    this.#pieces = []
    if (this.#place === 'document') {
      this.#place = 'nothing'
      this.#sink.document(JSON.parse(bytes.toString()))
      return
    }
    this.#place = 'items'
    this.#next = 'comma or end'
    this.#items += 1
    this.#sink.item(this.#parsedItem(bytes.toString()), this.#fields.kind)
  }

  #parsedItem(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (error) {
      throw new SyntaxError(`item ${this.#items}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

/**
 * The outermost fields of a document, as far as the way through it asks: at which one it is, and what `kind` says. Names
 * with escapes in them are not known again; such a list is read when it is whole.
 */
class OuterFields {
  kind = ''
  #key = ''
  #isKey = true
  /** The part of a text that stood in earlier chunks. */
  #begun = ''

  clear(): void {
    this.kind = this.#key = this.#begun = ''
    this.#isKey = true
  }

  /** A comma comes before a name, a colon before a value. */
  mark(isComma: boolean): void {
    this.#isKey = isComma
  }

  begin(part: string): void {
    this.#begun += part
  }

  text(rest: string): void {
    const whole = this.#begun + rest
    this.#begun = ''
    if (this.#isKey) this.#key = whole
    else if (this.#key === 'kind') this.kind = whole
  }

  get isItems(): boolean {
    return !this.#isKey && this.#key === 'items'
  }
}
