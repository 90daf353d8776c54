import { expect, test } from 'vitest'
import { hostLabels } from '../../src/pack/host-labels.js'

const HOST = 'kubernetes.io/hostname'

test('a machine has its own labels in their order, and the name of its host instead of any other', () => {
  const labels = { b: '2', [HOST]: 'template', a: '1' }
  expect(Object.entries(hostLabels({ labels }, 'new-1'))).toEqual([
    ['b', '2'],
    [HOST, 'new-1'],
    ['a', '1'],
  ])
  expect(Object.keys(hostLabels({ labels: { a: '1' } }, 'new-1'))).toEqual(['a', HOST])
})

test('each has a copy of its own, and the labels of the machine type stay as they are', () => {
  const labels = { a: '1' }
  const [first, second] = [hostLabels({ labels }, 'new-1'), hostLabels({ labels }, 'new-2')]
  expect([first[HOST], second[HOST]]).toEqual(['new-1', 'new-2'])
  expect(labels).toEqual({ a: '1' })
})
