import type {
  LimitRangeObject,
  NodeUsageObject,
  ObjectMeta,
  PodUsageObject,
  QuantityMap,
  ResourceQuotaObject,
} from '../domain/snapshot.js'
import { list, object, quantityMap, readMeta, text, type Json } from './fields.js'

/** Readers of what bounds requests in a namespace, and of what was really used. */

/** Names by which a quota bounds requests; the short ones mean the same (kubernetes/api core/v1 ResourceQuota). */
export const QUOTA_NAMES = ['requests.cpu', 'requests.memory', 'cpu', 'memory'] as const

const only = (names: readonly string[], quantities: QuantityMap): QuantityMap =>
  Object.fromEntries(names.flatMap((name) => (quantities[name] === undefined ? [] : [[name, quantities[name]]])))

export function readResourceQuota(item: Json): ResourceQuotaObject {
  const spec = object(item['spec'])
  return {
    metadata: readMeta(item['metadata']),
    hard: only(QUOTA_NAMES, quantityMap(spec['hard'])),
    used: only(QUOTA_NAMES, quantityMap(object(item['status'])['used'])),
    scoped: list(spec['scopes']).length > 0 || typeof spec['scopeSelector'] === 'object',
  }
}

/**
 * A default limit is the maximum where none is given; a default request is the default limit, else the minimum
 * (kubernetes/kubernetes pkg/apis/core/v1/defaults.go, SetDefaults_LimitRangeItem).
 */
export function readLimitRange(item: Json): LimitRangeObject {
  const items = list(object(item['spec'])['limits']).map(object)
  return {
    metadata: readMeta(item['metadata']),
    containers: items
      .filter(({ type }) => type === 'Container')
      .map((one) => {
        const limits = { ...quantityMap(one['max']), ...quantityMap(one['default']) }
        return { limits, requests: { ...quantityMap(one['min']), ...limits, ...quantityMap(one['defaultRequest']) } }
      }),
  }
}

const NAMELESS: ObjectMeta = {
  name: '',
  namespace: '',
  uid: '',
  labels: {},
  annotations: {},
  owners: [],
  createdAt: undefined,
  deletedAt: undefined,
}

const USED = ['cpu', 'memory'] as const

/** There is one for each pod: what is empty is shared. */
export function readPodUsage(item: Json): PodUsageObject {
  const { name, namespace } = object(item['metadata'])
  return {
    metadata: { ...NAMELESS, name: text(name), namespace: text(namespace) },
    containers: list(item['containers']).map((entry) => ({
      name: text(object(entry)['name']),
      usage: only(USED, quantityMap(object(entry)['usage'])),
    })),
  }
}

export const readNodeUsage = (item: Json): NodeUsageObject => ({
  metadata: { ...NAMELESS, name: text(object(item['metadata'])['name']) },
  usage: only(USED, quantityMap(item['usage'])),
})
