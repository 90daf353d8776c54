import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesNodeTerm } from '../../src/domain/requirement.js'
import type { Expression } from '../../src/domain/snapshot.js'
import { allows, ANY_VALUE, intersect, isImpossible, valuesOf, valuesOfAll } from '../../src/domain/value-set.js'

const where = (operator: string, ...values: string[]): Expression => ({ key: 'k', operator, values })

const values = ['a', 'b', '-3', '0', '7', '07', '8', '9']
const anyExpression = fc.record({
  key: fc.constant('k'),
  operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt', 'Odd'),
  values: fc.array(fc.constantFrom(...values), { maxLength: 2 }),
})
const anyValue = fc.option(fc.constantFrom(...values), { nil: undefined })

describe('values that expressions leave', () => {
  it('agrees with matching one value', () => {
    fc.assert(
      fc.property(anyExpression, anyValue, (expression, value) => {
        const node = { name: 'n', labels: value === undefined ? {} : { k: value } }
        const matches = matchesNodeTerm({ matchExpressions: [expression], matchFields: [] }, node)
        expect(allows(valuesOf(expression), value)).toBe(matches)
      }),
      { numRuns: 1000 },
    )
  })

  it('leaves to an intersection what both leave, in any order', () => {
    fc.assert(
      fc.property(fc.array(anyExpression, { maxLength: 4 }), anyValue, (expressions, value) => {
        const expected = expressions.every((expression) => allows(valuesOf(expression), value))
        expect(allows(valuesOfAll(expressions), value)).toBe(expected)
        expect(allows(valuesOfAll([...expressions].reverse()), value)).toBe(expected)
        expect(isImpossible(valuesOfAll(expressions)) && expected).toBe(false)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['two lists apart', [where('In', 'a'), where('In', 'b')], true],
    ['a list used up', [where('In', 'a', 'b'), where('NotIn', 'a', 'b')], true],
    ['missing and there', [where('Exists'), where('DoesNotExist')], true],
    ['missing, or another value', [where('DoesNotExist'), where('NotIn', 'a')], false],
    ['no integer between 7 and 8', [where('Gt', '7'), where('Lt', '8')], true],
    ['8 is between 7 and 9', [where('Gt', '7'), where('Lt', '9')], false],
    ['Gte and Lte meet', [where('Gte', '8'), where('Lte', '8')], false],
    ['Gte above Lte', [where('Gte', '9'), where('Lte', '8')], true],
    ['a list out of range', [where('In', '1', '2', 'x'), where('Gt', '2')], true],
    ['nothing above the largest integer', [where('Gt', '9223372036854775807')], true],
    ['nothing below the smallest integer', [where('Lt', '-9223372036854775808')], true],
    ['an operator that nobody knows', [where('Near', 'a')], true],
    ['one that cannot be read', [where('In')], true],
    ['nothing asked', [], false],
  ])('%s', (_, expressions, impossible) => {
    expect(isImpossible(valuesOfAll(expressions))).toBe(impossible)
  })

  it('has a neutral element', () => {
    expect(intersect(ANY_VALUE, valuesOf(where('In', 'a')))).toEqual(valuesOf(where('In', 'a')))
    expect(allows(ANY_VALUE, undefined)).toBe(true)
  })
})
