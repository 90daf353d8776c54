import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openPage } from '../../../src/collect/cluster/page.js'
import { LISTED_KINDS } from '../../../src/collect/cluster/kinds.js'
import { reduceObject } from '../../../src/collect/cluster/reduce.js'
import type { Json } from '../../../src/collect/fields.js'

const page = (text: string, keepEnvironment = false) =>
  openPage(Buffer.from(text), { keepEnvironment, change: (item) => item })

/** What is left of one item. */
const pruned = (item: string, keepEnvironment = false): unknown =>
  [...page(`{"metadata":{},"items":[${item}]}`, keepEnvironment).items][0]

describe('unwanted fields', () => {
  test.each([
    ['{"env":[1],"a":2}', { a: 2 }],
    ['{"a":2,"env":[1]}', { a: 2 }],
    ['{"env":[1]}', {}],
    ['{"a":1,"env":[1],"args":["x"],"b":2}', { a: 1, b: 2 }],
    ['{"a":1,"env":[1],"args":["x"]}', { a: 1 }],
    ['{ "a" : 1 ,\n "env" : [ 1 ] ,\n "b" : 2 }', { a: 1, b: 2 }],
    ['{ "a" : 1 ,\n "env" : [ 1 ] }', { a: 1 }],
    ['{"managedFields":[{"a":{"b":["]","}","\\"",[]]}}],"x":{"secret":{"y":1}}}', { x: {} }],
  ])('are cut out of %s', (text, wanted) => {
    expect(pruned(text)).toEqual(wanted)
  })

  test.each([
    '{"env":"production","state":7,"images":null,"args":true}',
    '{"a":"\\"env\\":[1]"}',
    '{"a":["env",[1]]}',
    '{"environment":[1],"en":[1],"args ":[1]}',
    '{"é":"\\\\","b":"]}"}',
    '{}',
  ])('%s has none', (text) => {
    expect(pruned(text)).toEqual(JSON.parse(text))
  })

  test('that stand there again, or begin like one before, end where they end', () => {
    const values = [
      '[1]',
      '[1,2]',
      '[1]',
      '{"a":"]"}',
      '{"a":"]"}',
      '[[1],2]',
      '[[1]]',
      '[1]',
      '[]',
      '[1,2]',
      '[[1],2]',
    ]
    const items = values.map((value, at) => `{"env":${value},"at":${at},"x":{"env":${values.at(-1 - at)},"y":[${at}]}}`)
    const { items: read } = page(`{"metadata":{},"items":[${items.join(',')}]}`)
    expect([...read]).toEqual(values.map((_, at) => ({ at, x: { y: [at] } })))
    expect(() => [...page('{"metadata":{},"items":[{"env":[1,2]},{"env":[1,]}').items]).toThrow(SyntaxError)
  })

  test('the environment stays where it is wanted', () => {
    expect(pruned('{"env":[1],"args":[2]}', true)).toEqual({ env: [1] })
  })

  test('what is left is what dropping them after parsing would leave', () => {
    const names = ['env', 'args', 'state', 'a', 'b', 'managedFields', 'env ']
    const dropped = new Set(['env', 'args', 'state', 'managedFields'])
    const drop = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(drop)
      if (typeof value !== 'object' || value === null) return value
      const kept = Object.entries(value).filter(
        ([key, entry]) => !(dropped.has(key) && typeof entry === 'object' && entry !== null),
      )
      return Object.fromEntries(kept.map(([key, entry]) => [key, drop(entry)]))
    }
    const { item } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<unknown>(null, 1, true, 'text', 'with " and \\', '],}', 'é\u2028'),
        fc.array(tie('value'), { maxLength: 3 }),
        tie('item'),
      ),
      item: fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 4 }),
    }))
    fc.assert(
      fc.property(fc.array(item, { maxLength: 3 }), fc.constantFrom(undefined, 2), (items, indent) => {
        const text = JSON.stringify({ kind: 'List', metadata: { continue: 'x' }, items }, null, indent)
        const { next, items: read } = page(text)
        expect([next, [...read]]).toEqual(['x', items.map(drop)])
      }),
    )
  })

  test('are none that readers of the sample cluster want', () => {
    const text = gunzipSync(readFileSync(new URL('../../../data/sample-cluster.json.gz', import.meta.url))).toString()
    const { items } = JSON.parse(text) as { items: Json[] }
    for (const { kind } of LISTED_KINDS) {
      const ofKind = items.filter((item) => item['kind'] === kind)
      const options = {
        keepEnvironment: kind === 'DaemonSet',
        change: (item: Json) => reduceObject(kind, 'v1', item),
      }
      const read = openPage(Buffer.from(JSON.stringify({ metadata: {}, items: ofKind })), options).items
      expect([...read]).toEqual(ofKind.map((item) => reduceObject(kind, 'v1', item)))
    }
  })
})

describe('a page', () => {
  test.each([
    ['{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"x"},"items":[{"a":1},{"a":2}]}', 'x', 2],
    ['{"items":[{"a":1}],"metadata":{"continue":"x"}}', 'x', 1],
    ['{"items":[{"a":1}]}', '', 1],
    ['{"metadata":{"resourceVersion":"1"},"items":[]}\n', '', 0],
    ['{"metadata":{"continue":"\\u0078"},"items":null}', 'x', 0],
    ['{"n":1,"t":true,"o":{"items":[1]},"s":"\\"items\\":[","metadata":{},"items":[{}]}', '', 1],
  ])('%s', (text, next, count) => {
    const opened = page(text)
    expect([opened.next, [...opened.items].length]).toEqual([next, count])
  })

  test.each(['', '42', '[]', '"', '{', '{"kind":"Pod"}', '{"items":{}}', '{"items":[', '<html>"items":['])(
    'that is none is refused at once: %s',
    (text) => {
      expect(() => page(text)).toThrow()
    },
  )

  test.each(['[1]', '[{"a":1},]', '[{"a":1}{"a":2}]', '[,{}]', '[{"a":}]', '[{"a":"\\"}]', '[[]]', '[{]', '[{"a":1}'])(
    'with damaged items %s is refused when these are read',
    (items) => {
      expect(() => [...page(`{"metadata":{},"items":${items}}`).items]).toThrow(SyntaxError)
    },
  )
})
