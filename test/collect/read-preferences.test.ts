import { describe, expect, it } from 'vitest'
import { readPodSpec } from '../../src/collect/read-pod.js'

const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

describe('preferred terms of a pod', () => {
  it('are read with their weights', () => {
    const spec = readPodSpec({
      affinity: {
        nodeAffinity: {
          [PREFERRED]: [{ weight: 7, preference: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] } }],
        },
        podAntiAffinity: {
          [PREFERRED]: [
            { weight: 100, podAffinityTerm: { labelSelector: { matchLabels: { app: 'x' } }, topologyKey: 'host' } },
          ],
        },
      },
    })
    expect(spec.preferredTerms).toBe(2)
    expect(spec.preferences).toEqual({
      nodes: [
        { weight: 7, term: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }], matchFields: [] } },
      ],
      near: [],
      apart: [
        {
          weight: 100,
          term: {
            labelSelector: { matchLabels: { app: 'x' }, matchExpressions: [] },
            namespaces: [],
            namespaceSelector: undefined,
            topologyKey: 'host',
            matchLabelKeys: [],
            mismatchLabelKeys: [],
          },
        },
      ],
    })
  })

  it('take no room in a pod that has none', () => {
    expect(readPodSpec({})).not.toHaveProperty('preferences')
    expect(readPodSpec({ affinity: { nodeAffinity: { [PREFERRED]: [] } } })).not.toHaveProperty('preferences')
  })

  it('are harmless where they are of the wrong shape', () => {
    expect(readPodSpec({ affinity: { podAffinity: { [PREFERRED]: ['near'] } } }).preferences?.near).toEqual([
      expect.objectContaining({ weight: 0 }),
    ])
  })
})
