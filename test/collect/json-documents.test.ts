import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CutOffError, JsonDocuments } from '../../src/collect/json-documents.js'

type Heard = { readonly items: unknown[]; readonly kinds: Set<string>; readonly documents: unknown[] }

/** What is handed over when the bytes come in pieces of these lengths, over and over. */
function heard(text: string | Buffer, lengths: readonly number[] = [Infinity]): Heard {
  const all: Heard = { items: [], kinds: new Set(), documents: [] }
  const parser = new JsonDocuments({
    item: (value, kind) => {
      all.items.push(value)
      all.kinds.add(kind)
    },
    document: (value) => void all.documents.push(value),
  })
  const bytes = Buffer.from(text)
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    const end = Math.min(bytes.length, at + (lengths[piece % lengths.length] ?? 1))
    parser.write(bytes.subarray(at, end))
    at = end
  }
  parser.end()
  return all
}

const pieces = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 })
const blanks = fc.constantFrom('', ' ', '\n', '\r\n\t ')
/** Names that a list has too, and texts full of what JSON itself is made of. */
const words = fc.oneof(
  fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', ',', ':', 'é', '🚀', 'a') }),
  fc.string(),
)
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(words, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(words, fc.constantFrom('items', 'kind')), tie('any'), { maxKeys: 3 }),
  ),
})).any

describe('documents in a stream of bytes', () => {
  test('items are what JSON.parse makes of them, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), value, pieces, blanks, (items, other, lengths, blank) => {
        const list = `[${blank}${items.map((item) => JSON.stringify(item)).join(`${blank},${blank}`)}${blank}]`
        const text = `${blank}{"kind":"PodList",${blank}"other":${JSON.stringify(other)},"items"${blank}:${blank}${list}${blank},"last":1}${blank}`
        const found = heard(text, lengths)
        expect(found.items).toEqual(JSON.parse(list))
        expect([...found.kinds]).toEqual(items.length === 0 ? [] : ['PodList'])
        expect(found.documents).toEqual([
          { kind: 'PodList', other: JSON.parse(JSON.stringify(other)), items: [], last: 1 },
        ])
      }),
    )
  })

  test('documents behind one another come one by one', () => {
    const documents = fc.array(fc.dictionary(words, value, { maxKeys: 4 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(documents, pieces, blanks, (all, lengths, blank) => {
        const plain = all.map((one) => Object.fromEntries(Object.entries(one).filter(([name]) => name !== 'items')))
        const found = heard(plain.map((one) => JSON.stringify(one)).join(blank), lengths)
        expect(found).toEqual({ items: [], kinds: new Set(), documents: JSON.parse(JSON.stringify(plain)) })
      }),
    )
  })

  test('a text that is cut off anywhere is never taken for a whole one', () => {
    const whole = '{"kind":"List","items":[{"a":"\\"]"},[1],-2.5e3,"x",null],"metadata":{}}'
    for (let end = 1; end < whole.length; end += 1)
      expect(() => heard(whole.slice(0, end), [3]), whole.slice(0, end)).toThrow(CutOffError)
  })

  test.each([
    ['items without a comma', '{"items":[{} {}]}', 'after 1 items'],
    ['two commas', '{"items":[{},,{}]}', 'after 1 items'],
    ['a comma before the end', '{"items":[{},]}', 'after 1 items|item 2'],
    ['a comma at the start', '{"items":[,{}]}', 'after 0 items'],
    ['the wrong bracket', '{"items":[{"a":[}]}]}', 'item 1'],
    ['a flaw in an item', '{"items":[{},{"a":tru}]}', 'item 2'],
    ['a flaw around the items', '{"kind" "List","items":[]}', ''],
    ['a bracket too many', '{}}', ''],
    ['something behind it', '{}%', ''],
    ['a comma between documents', '{},{}', ''],
  ])('%s is an error', (_, text, message) => {
    for (const lengths of [[Infinity], [1], [2, 5]])
      expect(() => heard(text, lengths)).toThrow(
        expect.objectContaining({ name: 'SyntaxError', message: expect.stringMatching(message) }),
      )
  })

  test('a byte order mark, a list without an array, and a kind behind the items', () => {
    expect(heard('\ufeff{"items":[7]}').items).toEqual([7])
    expect(heard('{"items":{"a":1}}').documents).toEqual([{ items: { a: 1 } }])
    expect(heard('{"items":[1],"kind":"PodList"}')).toEqual({
      items: [1],
      kinds: new Set(['']),
      documents: [{ items: [], kind: 'PodList' }],
    })
  })
})
