import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  matchesNodeRules,
  matchesNodeTerms,
  matchesSelector,
  parseInt64,
  portsConflict,
  selectorFlaw,
  tolerates,
  toleratesCordon,
  unmetNodeSelector,
  unmetVolumeZones,
  untoleratedTaints,
} from '../../src/domain/requirement.js'
import type { Expression, Labels, NodeSelectorTerm, Taint, Toleration } from '../../src/domain/snapshot.js'

const where = (key: string, operator: string, ...values: string[]): Expression => ({ key, operator, values })
const term = (...matchExpressions: Expression[]): NodeSelectorTerm => ({ matchExpressions, matchFields: [] })
const field = (...matchFields: Expression[]): NodeSelectorTerm => ({ matchExpressions: [], matchFields })

describe('node selector and required node affinity', () => {
  const node = { name: 'this-node', labels: { zone: 'a', cpu: '8', arch: 'amd64', empty: '' } }
  const table: [string, Labels, NodeSelectorTerm[] | undefined, boolean][] = [
    ['nothing asked', {}, undefined, true],
    ['no terms', {}, [], false],
    ['an empty term', {}, [term()], false],
    ['an empty term beside one that matches', {}, [term(), term(where('zone', 'In', 'a'))], true],
    ['terms are ORed', {}, [term(where('zone', 'In', 'b')), term(where('arch', 'In', 'amd64'))], true],
    ['expressions are ANDed', {}, [term(where('zone', 'In', 'a'), where('arch', 'In', 'arm64'))], false],
    ['NotIn without the label', {}, [term(where('gpu', 'NotIn', 'x'))], true],
    ['NotIn with another value', {}, [term(where('zone', 'NotIn', 'b', 'c'))], true],
    ['NotIn with the value', {}, [term(where('zone', 'NotIn', 'b', 'a'))], false],
    ['DoesNotExist without the label', {}, [term(where('gpu', 'DoesNotExist'))], true],
    ['DoesNotExist with the label', {}, [term(where('zone', 'DoesNotExist'))], false],
    ['Exists with an empty value', {}, [term(where('empty', 'Exists'))], true],
    ['Exists without the label', {}, [term(where('gpu', 'Exists'))], false],
    ['Gt below', {}, [term(where('cpu', 'Gt', '7'))], true],
    ['Gt is strict', {}, [term(where('cpu', 'Gt', '8'))], false],
    ['Lt above', {}, [term(where('cpu', 'Lt', '9'))], true],
    ['Lt is strict', {}, [term(where('cpu', 'Lt', '8'))], false],
    ['Gt on a label that is no integer', {}, [term(where('arch', 'Gt', '1'))], false],
    ['Lt without the label', {}, [term(where('gpu', 'Lt', '5'))], false],
    ['a field and an expression', {}, [{ ...term(where('zone', 'In', 'a')), matchFields: [name('In')] }], true],
    ['the field of another node', {}, [field(where('metadata.name', 'In', 'other'))], false],
    ['field NotIn', {}, [field(where('metadata.name', 'NotIn', 'other'))], true],
    ['a field with two values cannot be read', {}, [field(where('metadata.name', 'In', 'this-node', 'b'))], false],
    ['another field', {}, [field(where('metadata.uid', 'In', 'this-node'))], false],
    ['fields know no Exists', {}, [field(where('metadata.name', 'Exists'))], false],
    ['selector and terms', { zone: 'a' }, [term(where('zone', 'In', 'b'))], false],
    ['selector alone', { zone: 'a', cpu: '8' }, undefined, true],
    ['a selector key that is missing', { gpu: '' }, undefined, false],
    ['a selector with an empty value', { empty: '' }, undefined, true],
    ['In without values cannot be read', {}, [term(where('zone', 'In'))], false],
    ['NotIn without values cannot be read', {}, [term(where('gpu', 'NotIn'))], false],
    ['Exists with values cannot be read', {}, [term(where('zone', 'Exists', 'a'))], false],
    ['an unknown operator cannot be read', {}, [term(where('cpu', 'Gte', '7'))], false],
    ['no operator', {}, [term(where('zone', '', 'a'))], false],
    ['Gt with two values', {}, [term(where('cpu', 'Gt', '1', '2'))], false],
    ['Gt with a quantity', {}, [term(where('cpu', 'Gt', '5Gi'))], false],
    ['another term stands in', {}, [term(where('cpu', 'Gte', '7')), term(where('zone', 'In', 'a'))], true],
    ['inherited names are no labels', {}, [term(where('constructor', 'Exists'))], false],
  ]
  it.each(table)('%s', (_, nodeSelector, terms, matches) => {
    expect(matchesNodeRules(nodeSelector, terms, node)).toBe(matches)
  })

  it('names the keys of the selector that are not met', () => {
    expect(unmetNodeSelector({ zone: 'b', cpu: '8', gpu: 'x' }, node.labels)).toEqual(['zone', 'gpu'])
  })

  it('compares integers of any spelling', () => {
    const kernel = (value: string): boolean =>
      matchesNodeTerms([term(where('kernel', 'Gt', '0204'))], { name: 'n', labels: { kernel: value } })
    expect(['0206', '+205', '205', '0204', 'new', '205.1', '-300', ''].map(kernel)).toEqual([
      ...[true, true, true],
      ...[false, false, false, false, false],
    ])
  })
})

function name(operator: string): Expression {
  return where('metadata.name', operator, 'this-node')
}

describe('integers as Go reads them', () => {
  it.each([
    ['-5', -5n],
    ['+7', 7n],
    ['007', 7n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9223372036854775808', undefined],
    ['1.5', undefined],
    ['5Gi', undefined],
    ['', undefined],
    [' 1', undefined],
    ['0x10', undefined],
    ['+', undefined],
  ])('%j', (text, value) => {
    expect(parseInt64(text)).toBe(value)
  })
})

describe('label selectors', () => {
  const labels = { app: 'web', tier: 'front' }
  const selector = (matchLabels: Labels, ...matchExpressions: Expression[]) => ({ matchLabels, matchExpressions })
  it.each([
    ['null matches nothing', undefined, false],
    ['empty matches everything', selector({}), true],
    ['labels', selector({ app: 'web' }), true],
    ['labels and expressions are ANDed', selector({ app: 'web' }, where('tier', 'In', 'back')), false],
    ['NotIn without the label', selector({}, where('version', 'NotIn', '1')), true],
    ['Gt is no label selector operator', selector({}, where('app', 'Gt', '1')), false],
  ])('%s', (_, one, matches) => {
    expect(matchesSelector(one, labels)).toBe(matches)
  })

  it('says what cannot be read', () => {
    expect(selectorFlaw(selector({}, where('app', 'Gt', '1')))).toBe('app: operator Gt is not known')
    expect(selectorFlaw(selector({}, where('app', 'In')))).toBe('app: In needs values')
    expect(selectorFlaw(selector({}, where('app', 'Exists', 'x')))).toBe('app: Exists takes no values')
    expect(selectorFlaw(selector({ app: 'web' }, where('app', 'Exists')))).toBeUndefined()
    expect(selectorFlaw(undefined)).toBeUndefined()
  })
})

describe('taints and tolerations', () => {
  const gpu: Taint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }
  const toleration = (partial: Partial<Toleration>): Toleration => ({
    key: '',
    operator: '',
    value: '',
    effect: '',
    ...partial,
  })
  it.each([
    ['key, value, effect', { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }, true],
    ['operator Equal', { key: 'dedicated', operator: 'Equal', value: 'gpu' }, true],
    ['key Exists', { key: 'dedicated', operator: 'Exists' }, true],
    ['Exists ignores the value', { key: 'dedicated', operator: 'Exists', value: 'other' }, true],
    ['Exists without a key', { operator: 'Exists' }, true],
    ['Exists without a key, of another effect', { operator: 'Exists', effect: 'NoExecute' }, false],
    ['an empty value', { key: 'dedicated' }, false],
    ['another effect', { key: 'dedicated', value: 'gpu', effect: 'NoExecute' }, false],
    ['no key and Equal', { value: 'gpu' }, false],
    ['Gt is off', { key: 'dedicated', operator: 'Gt', value: '1' }, false],
  ])('%s', (_, partial, passes) => {
    expect(tolerates(toleration(partial), gpu)).toBe(passes)
    expect(untoleratedTaints([gpu], [toleration(partial)])).toEqual(passes ? [] : [gpu])
  })

  it('asks a toleration for every taint, save PreferNoSchedule', () => {
    const soft: Taint = { key: 'x', value: '', effect: 'PreferNoSchedule' }
    const hard: Taint = { key: 'y', value: '', effect: 'NoExecute' }
    expect(untoleratedTaints([soft], [])).toEqual([])
    expect(untoleratedTaints([gpu, soft, hard], [toleration({ key: 'dedicated', value: 'gpu' })])).toEqual([hard])
    expect(untoleratedTaints([{ key: 'y', value: '', effect: 'NoExecute' }], [toleration({ key: 'y' })])).toEqual([])
  })

  it('lets only pods that tolerate the cordon taint onto cordoned nodes', () => {
    const key = 'node.kubernetes.io/unschedulable'
    expect(toleratesCordon([])).toBe(false)
    expect(toleratesCordon([toleration({ key, operator: 'Exists', effect: 'NoSchedule' })])).toBe(true)
    expect(toleratesCordon([toleration({ key, operator: 'Exists', effect: 'NoExecute' })])).toBe(false)
    expect(toleratesCordon([toleration({ operator: 'Exists' })])).toBe(true)
  })
})

describe('host ports', () => {
  const port = (ip: string, protocol: string, number: number) => ({ ip, protocol, port: number })
  it.each([
    [port('0.0.0.0', 'TCP', 80), port('10.0.0.1', 'TCP', 80), true],
    [port('0.0.0.0', 'TCP', 80), port('0.0.0.0', 'UDP', 80), false],
    [port('10.0.0.1', 'TCP', 80), port('10.0.0.2', 'TCP', 80), false],
    [port('10.0.0.1', 'TCP', 80), port('0.0.0.0', 'TCP', 80), true],
    [port('10.0.0.1', 'TCP', 80), port('10.0.0.1', 'TCP', 81), false],
    [port('', '', 80), port('10.0.0.1', 'TCP', 80), true],
    [port('::', 'TCP', 80), port('10.0.0.1', 'TCP', 80), false],
  ])('%j against %j', (used, wanted, conflict) => {
    expect(portsConflict(used, wanted)).toBe(conflict)
    expect(portsConflict(wanted, used)).toBe(conflict)
  })
})

describe('zone labels of volumes', () => {
  const zone = 'topology.kubernetes.io/zone'
  const betaZone = 'failure-domain.beta.kubernetes.io/zone'
  it.each([
    ['the same zone', [where(zone, 'In', 'a')], { [zone]: 'a' }, true],
    ['another zone', [where(zone, 'In', 'a')], { [zone]: 'b' }, false],
    ['one of a set', [where(zone, 'In', 'a', 'b')], { [zone]: 'b' }, true],
    ['a node without any zone or region', [where(zone, 'In', 'a')], {}, true],
    ['a node with a region only', [where(zone, 'In', 'a')], { 'topology.kubernetes.io/region': 'r' }, false],
    ['the old label of a volume, the new one of a node', [where(betaZone, 'In', 'a')], { [zone]: 'a' }, true],
    ['the old label of both', [where(betaZone, 'In', 'a')], { [betaZone]: 'a', [zone]: 'b' }, true],
    ['the new label of a volume, the old one of a node', [where(zone, 'In', 'a')], { [betaZone]: 'a' }, false],
  ])('%s', (_, zoneLabels, labels, fits) => {
    expect(unmetVolumeZones(zoneLabels, labels).length === 0).toBe(fits)
  })
})

it('never matches a node by what was added to an ANDed term', () => {
  const expressions = fc.record({
    key: fc.constantFrom('zone', 'cpu', 'arch'),
    operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'),
    values: fc.array(fc.constantFrom('a', 'b', '7', '8'), { maxLength: 2 }),
  })
  const labels = fc.dictionary(fc.constantFrom('zone', 'cpu', 'arch'), fc.constantFrom('a', 'b', '7', '8'))
  fc.assert(
    fc.property(fc.array(expressions, { minLength: 1, maxLength: 3 }), expressions, labels, (some, more, have) => {
      const node = { name: 'n', labels: have }
      const matches = matchesNodeTerms([term(...some, more)], node)
      expect(matches && !matchesNodeTerms([term(...some)], node)).toBe(false)
    }),
  )
})
