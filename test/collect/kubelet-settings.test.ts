import { describe, expect, it } from 'vitest'
import { readNodeClass, readNodePool } from '../../src/collect/read-kinds.js'

const nodeClass = (kubelet: unknown) => readNodeClass({ metadata: { name: 'default' }, spec: { kubelet } }).kubelet

describe('kubelet settings of a node class', () => {
  it('keep a number as a number, however it is written', () => {
    expect(nodeClass({ maxPods: 58 })).toMatchObject({ maxPods: 58, maxPodsExpression: undefined })
    expect(nodeClass({ maxPods: ' 58 ' })).toMatchObject({ maxPods: 58, maxPodsExpression: undefined })
  })

  it('keep the text of an expression', () => {
    const text = 'min(110, max_pods * 4)'
    expect(nodeClass({ maxPods: text })).toMatchObject({ maxPods: undefined, maxPodsExpression: text })
    const pool = readNodePool({ metadata: { name: 'p' }, spec: { template: { spec: { kubelet: { maxPods: text } } } } })
    expect(pool.kubelet?.maxPodsExpression).toBe(text)
  })

  it('take nothing else for either', () => {
    for (const maxPods of [undefined, null, '', '  ', true, {}, []])
      expect(nodeClass({ maxPods })).toMatchObject({ maxPods: undefined, maxPodsExpression: undefined })
    expect(nodeClass(undefined)).toBeUndefined()
  })
})
