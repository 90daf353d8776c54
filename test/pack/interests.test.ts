import { describe, expect, it } from 'vitest'
import { interestsOf, seenLabels, type Interests } from '../../src/pack/interests.js'
import { makePod } from './make.js'

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const expression = (key: string, operator = 'In', values = ['x']) => ({ key, operator, values })
const affinity = (...matchExpressions: readonly object[]) => ({
  nodeAffinity: { [required]: { nodeSelectorTerms: [{ matchExpressions }] } },
})

describe('labels that rules look at', () => {
  it('are those of selectors, affinities, volumes and topologies of any pod, with the values that they name', () => {
    const spec = {
      nodeSelector: { disk: 'ssd' },
      affinity: {
        ...affinity(expression('arch')),
        podAffinity: { [required]: [{ topologyKey: 'rack', labelSelector: {} }] },
        podAntiAffinity: { [required]: [{ topologyKey: 'host', labelSelector: {} }] },
      },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
    }
    const bound = {
      matchExpressions: [{ key: 'volume-zone', operator: 'In' as const, values: ['a'] }],
      matchFields: [],
    }
    const pod = makePod('a', { spec })
    const twin = { ...makePod('b', { volumes: { nodeTerms: [[bound]] } }), spec: pod.spec }
    const other = makePod('c', { spec: { nodeSelector: { disk: 'hdd' } } })
    expect([...interestsOf([pod, twin, other])]).toEqual([
      ['arch', new Set(['x'])],
      ['disk', new Set(['ssd', 'hdd'])],
      ['host', undefined],
      ['rack', undefined],
      ['volume-zone', new Set(['a'])],
      ['zone', undefined],
    ])
  })

  it('count by every value where a rule compares numbers, whatever else names them', () => {
    const greater = makePod('a', { spec: { affinity: affinity(expression('cores', 'Gt', ['4'])) } })
    const named = makePod('b', { spec: { nodeSelector: { cores: '8' } } })
    for (const pods of [
      [greater, named],
      [named, greater],
    ])
      expect([...interestsOf(pods)]).toEqual([['cores', undefined]])
  })

  it('count by their presence where a rule asks for no value', () => {
    const exists = makePod('a', { spec: { affinity: affinity(expression('gpu', 'Exists', [])) } })
    const interests = interestsOf([exists])
    expect(seenLabels({ gpu: 'a' }, interests)).toBe(seenLabels({ gpu: 'b' }, interests))
    expect(seenLabels({ gpu: 'a' }, interests)).not.toBe(seenLabels({}, interests))
  })
})

describe('labels as rules see them', () => {
  const all = (...keys: readonly string[]): Interests => new Map(keys.map((key) => [key, undefined]))

  it('are equal where no rule can tell', () => {
    expect(seenLabels({ a: '1', b: '2' }, all('a', 'c'))).toBe(seenLabels({ a: '1', b: '3' }, all('a', 'c')))
    const named: Interests = new Map([['a', new Set(['1'])]])
    expect(seenLabels({ a: '2' }, named)).toBe(seenLabels({ a: '3' }, named))
  })

  it('differ where one can', () => {
    expect(seenLabels({ a: '1' }, all('a', 'c'))).not.toBe(seenLabels({ a: '1', c: '' }, all('a', 'c')))
    expect(seenLabels({ constructor: 'x' }, all('constructor'))).not.toBe(seenLabels({}, all('constructor')))
    const named: Interests = new Map([['a', new Set(['1'])]])
    const texts = [{ a: '1' }, { a: '2' }, {}, { a: '0' }].map((labels) => seenLabels(labels, named))
    expect(new Set(texts).size).toBe(3)
  })
})
