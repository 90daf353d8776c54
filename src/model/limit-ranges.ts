import type { Container, LimitRangeObject, PodSpec, QuantityMap } from '../domain/snapshot.js'

/**
 * A template's spec as the API server would admit a pod of it into this namespace: where a container says nothing of a
 * resource, what the namespace's LimitRanges give (kubernetes/kubernetes plugin/pkg/admission/limitranger). A limit of its
 * own comes first: it has become the request before LimitRanges are looked at. Live pods have all this already.
 */
export function admitted(spec: PodSpec, namespace: string, limitRanges: readonly LimitRangeObject[]): PodSpec {
  const items = limitRanges
    .filter(({ metadata }) => metadata.namespace === namespace)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap(({ containers }) => containers)
  if (items.length === 0) return spec
  const withDefaults = (container: Container): Container => {
    const requests: QuantityMap = { ...container.limits, ...container.requests }
    return items.reduce<Container>(
      (known, item) => ({
        ...known,
        requests: { ...item.requests, ...known.requests },
        limits: { ...item.limits, ...known.limits },
      }),
      { ...container, requests },
    )
  }
  return {
    ...spec,
    containers: spec.containers.map(withDefaults),
    initContainers: spec.initContainers.map(withDefaults),
  }
}
