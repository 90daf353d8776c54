import { describe, expect, it } from 'vitest'
import type { SpotFitness } from '../../src/domain/recommendation.js'
import { indexBudgets } from '../../src/model/budgets.js'
import { spotFitness, type SpotContext } from '../../src/model/spot-fitness.js'
import { configuredFitness, refusedOnSpot, strayPatterns } from '../../src/model/spot-words.js'
import { makeNode } from '../pack/make-plan.js'
import { makeSite } from '../pack/make.js'
import { pod, workload } from './fixtures.js'

const named = (namespace: string, kind: string, name: string) => ({ namespace, kind, name })
const CART = named('shop', 'Deployment', 'cart')
const word = (eligible: readonly string[], ineligible: readonly string[] = []): boolean | undefined =>
  configuredFitness(CART, { eligible, ineligible })?.eligible

describe("the user's word on a workload", () => {
  it.each([
    ['shop/cart', true],
    ['shop/ca*', true],
    ['shop/c?rt', true],
    ['*/cart', true],
    ['shop/deployment/cart', true],
    ['Shop/Deployment/*', true],
    ['*/*', true],
    ['*/*/*', true],
    ['shop/StatefulSet/cart', undefined],
    ['shop/car', undefined],
    ['sho/cart', undefined],
    // A star does not reach over a slash.
    ['shop*', undefined],
    ['s*t', undefined],
    ['shop/Deployment*', undefined],
    ['shop.cart/cart', undefined],
  ])('%s', (pattern, eligible) => {
    expect(word([pattern])).toBe(eligible)
    expect(word([], [pattern])).toBe(eligible === undefined ? undefined : false)
  })

  it('says who decided, and that ineligible wins', () => {
    expect(configuredFitness(CART, { eligible: ['shop/*'], ineligible: ['shop/cart'] })).toEqual({
      eligible: false,
      reason: 'set by --spot-ineligible',
      refused: true,
    })
    expect(configuredFitness(CART, { eligible: ['shop/*'], ineligible: ['pay/*'] })).toEqual({
      eligible: true,
      reason: 'set by --spot-eligible',
    })
    expect(configuredFitness(CART)).toBeUndefined()
  })

  it('has a finding for each pattern that matches nothing', () => {
    expect(strayPatterns([CART], { eligible: ['shop/*', 'shp/*'], ineligible: ['shop/Job/*', 'shop/Job/*'] })).toEqual([
      {
        code: 'spot-pattern-unmatched',
        subject: 'shp/*',
        detail: '--spot-eligible shp/* matches no workload of the cluster',
      },
      {
        code: 'spot-pattern-unmatched',
        subject: 'shop/Job/*',
        detail: '--spot-ineligible shop/Job/* matches no workload of the cluster',
      },
    ])
    expect(strayPatterns([CART])).toEqual([])
  })
})

describe('fitness for spot', () => {
  const CONTEXT: SpotContext = {
    nodes: new Map([['node-1', { capacityType: 'spot' }]]),
    budgets: indexBudgets([]),
    spotTaints: [],
    now: undefined,
    controller: undefined,
    runs: [],
    namespaceAnnotations: {},
  }
  const fit = (parts: Parameters<typeof pod>[0], eligible: string[], ineligible: string[] = []): SpotFitness =>
    spotFitness(workload({ pods: [pod(parts)], replicas: 1 }), { ...CONTEXT, words: { eligible, ineligible } })

  it('follows the configuration over what is judged and what runs today', () => {
    expect(fit({ nodeName: '' }, []).eligible).toBe(false)
    expect(fit({ nodeName: '' }, ['shop/web'])).toEqual({ eligible: true, reason: 'set by --spot-eligible' })
    expect(fit({}, []).reason).toBe('runs on spot today')
    expect(fit({}, [], ['shop/*'])).toMatchObject({ eligible: false, reason: 'set by --spot-ineligible' })
  })

  it('lets whoever says no win, configuration or annotation', () => {
    const says = (value: string) => ({ annotations: { 'k8s-cost/spot': value } })
    expect(fit(says('true'), [], ['shop/*']).reason).toBe('set by --spot-ineligible')
    expect(fit(says('false'), ['shop/*'])).toEqual({
      eligible: false,
      reason: 'annotation k8s-cost/spot=false',
      refused: true,
    })
    expect(fit(says('true'), ['shop/*']).reason).toBe('set by --spot-eligible')
  })

  it('cannot overrule the scheduler or the kind of pod', () => {
    const bound = { spec: { nodeSelector: { 'karpenter.sh/capacity-type': 'on-demand' } } }
    expect(fit(bound, ['shop/*']).reason).toMatch(/^explicitly on-demand/)
    expect(fit({ role: 'daemon' }, [], ['shop/*']).reason).toBe('follows its node')
  })
})

describe('what its owner refuses and runs on spot', () => {
  const nodes = [makeNode(makeSite('node-1'), [], { capacityType: 'spot' }), makeNode(makeSite('node-2'))]
  const web = workload({ pods: [pod({ name: 'a' }), pod({ name: 'b' }), pod({ name: 'c', nodeName: 'node-2' })] })
  it('is named with the number of pods', () => {
    const refused: SpotFitness = { eligible: false, reason: 'set by --spot-ineligible', refused: true }
    expect(refusedOnSpot({ nodes, workloads: [web] }, new Map([[web.key, refused]]))).toEqual([
      expect.objectContaining({
        code: 'refused-on-spot',
        subject: web.key,
        detail: expect.stringMatching(/^2 pods run on spot nodes today.*\(set by --spot-ineligible\)/),
      }),
    ])
    const judged: SpotFitness = { eligible: false, reason: 'single replica' }
    expect(refusedOnSpot({ nodes, workloads: [web] }, new Map([[web.key, judged]]))).toEqual([])
  })
})
