import { describe, expect, it } from 'vitest'
import type { Pod } from '../../src/domain/pod.js'
import { hopelessPods } from '../../src/pack/hopeless.js'
import type { Api } from '../helpers/objects.js'
import { makeNamespace, makePod, type PodParts } from './make.js'

const HOST = 'kubernetes.io/hostname'
const ZONE = 'topology.kubernetes.io/zone'
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const pod = (name: string, app: string, affinity: Api = {}, parts: PodParts = {}): Pod =>
  makePod(name, { labels: { app }, spec: { affinity }, ...parts })
const to = (app: string, topologyKey = HOST, more: Api = {}): Api => ({
  [REQUIRED]: [{ labelSelector: { matchLabels: { app } }, topologyKey, ...more }],
})
const reasonsOf = (...pods: readonly Pod[]): Record<string, string> =>
  Object.fromEntries(
    [...hopelessPods([makeNamespace('other', { team: 'x' })], pods)].map(([{ name }, reason]) => [name, reason]),
  )

describe('pods that no node takes', () => {
  it('are none where nothing stands against them', () => {
    expect(reasonsOf(pod('a', 'web'), pod('b', 'cache', { podAffinity: to('web') }))).toEqual({})
  })

  it('are those near pods of which there are none', () => {
    expect(reasonsOf(pod('a', 'web', { podAffinity: to('cache') }))).toEqual({
      a: 'it has to be near pods of which there are none: app=cache in namespace default',
    })
    // Of its own kind it may be the first.
    expect(reasonsOf(pod('a', 'web', { podAffinity: to('web') }))).toEqual({})
  })

  it('look into the namespaces that the term names', () => {
    const cache = makePod('cache', { namespace: 'other', labels: { app: 'cache' } })
    expect(Object.keys(reasonsOf(pod('a', 'web', { podAffinity: to('cache') }), cache))).toEqual(['a'])
    const there = to('cache', HOST, { namespaceSelector: { matchLabels: { team: 'x' } } })
    expect(reasonsOf(pod('a', 'web', { podAffinity: there }), cache)).toEqual({})
  })

  it('are those near two kinds of pods of which none is both', () => {
    const both = { podAffinity: { [REQUIRED]: [...(to('x')[REQUIRED] as Api[]), ...(to('y')[REQUIRED] as Api[])] } }
    expect(Object.keys(reasonsOf(pod('a', 'web', both), pod('b', 'x'), pod('c', 'y')))).toEqual(['a'])
  })

  it('are those near and apart from the same pods by one label', () => {
    const against = (near: string, apart: string): Api => ({
      podAffinity: to('cache', near),
      podAntiAffinity: to('cache', apart),
    })
    const cache = pod('b', 'cache')
    expect(Object.keys(reasonsOf(pod('a', 'web', against(HOST, HOST)), cache))).toEqual(['a'])
    // One zone, another host.
    expect(reasonsOf(pod('a', 'web', against(ZONE, HOST)), cache)).toEqual({})
    // The only one of its kind keeps no other away.
    const own = { podAffinity: to('web'), podAntiAffinity: to('web') }
    expect(reasonsOf(pod('a', 'web', own))).toEqual({})
    expect(Object.keys(reasonsOf(pod('a', 'web', own), pod('b', 'web', own)))).toEqual(['a', 'b'])
  })

  it('are those with a hard selector that cannot be read, of ordinary pods only', () => {
    const broken = { podAntiAffinity: { [REQUIRED]: [{ topologyKey: HOST, labelSelector: BROKEN }] } }
    expect(reasonsOf(pod('a', 'web', broken), pod('d', 'web', broken, { role: 'daemon' }))).toEqual({
      a: "the pod's selector cannot be read: app: operator Like is not known",
    })
    const soft = {
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: BROKEN },
      ],
    }
    expect(reasonsOf(makePod('a', { spec: soft }))).toEqual({})
  })
})

const BROKEN = { matchExpressions: [{ key: 'app', operator: 'Like', values: ['a'] }] }
