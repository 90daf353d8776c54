import { milliUp, parseQuantity, toSafeNumber, unitsUp } from '../domain/quantity.js'
import type { Resources } from '../domain/resources.js'
import type { Container, ContainerStatus, PodObject, PodSpec, QuantityMap } from '../domain/snapshot.js'
import { addAll, raiseAll, readAmounts, toResources, type Amounts } from './amounts.js'

/**
 * What kube-scheduler counts for a pod (kubernetes/kubernetes staging/src/k8s.io/component-helpers/resource/helpers.go,
 * rules of 1.36). `unreadable` names the first container and quantity that could not be read; `atLeast` is the sum of
 * all the others.
 */
export type Requested =
  | { readonly kind: 'ok'; readonly resources: Resources }
  | { readonly kind: 'unreadable'; readonly why: string; readonly atLeast: Resources }

/** Which parts of the pod API the cluster's version has: a gate that is off makes the scheduler blind to its fields. */
const isSidecarAware = (clusterMinor: number | undefined): boolean => clusterMinor === undefined || clusterMinor >= 29
const isPodLevelAware = (clusterMinor: number | undefined): boolean => clusterMinor === undefined || clusterMinor >= 32
const isResizeAware = (clusterMinor: number | undefined): boolean => clusterMinor === undefined || clusterMinor >= 33
const isPodResizeAware = (clusterMinor: number | undefined): boolean => clusterMinor === undefined || clusterMinor >= 36

/** True for an init container that keeps running beside the app containers. */
export const isSidecar = (initContainer: Container, clusterMinor: number | undefined): boolean =>
  initContainer.restartPolicy === 'Always' && isSidecarAware(clusterMinor)

const isPodLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')

/**
 * Requests of a container. Where one is missing and a limit is given the limit counts: the API server has copied it
 * into live pods (SetDefaults_Pod), but not into templates, nor into files that never saw one.
 */
function specAmounts(container: Container, flaws: string[]): Map<string, bigint> {
  const names = Object.keys(container.limits).filter((name) => !Object.hasOwn(container.requests, name))
  const missing = names.map((name) => [name, container.limits[name] ?? ''] as const)
  const quantities =
    missing.length === 0 ? container.requests : { ...Object.fromEntries(missing), ...container.requests }
  return readAmounts(quantities, `container ${container.name}`, flaws)
}

/** What a container or side-car of a placed pod holds: the most of what it asks for, was given and runs with. */
function placedAmounts(
  container: Container,
  status: ContainerStatus | undefined,
  infeasible: boolean,
  flaws: string[],
): Map<string, bigint> {
  if (status?.requests === undefined) return specAmounts(container, flaws)
  const place = `status of container ${container.name}`
  const most = infeasible ? new Map<string, bigint>() : specAmounts(container, flaws)
  raiseAll(most, readAmounts(status.requests, place, flaws))
  raiseAll(most, readAmounts(status.allocated ?? {}, place, flaws))
  return most
}

/**
 * Init containers run one after the other, each beside the side-cars started before it; then all app containers run
 * beside all side-cars. Per resource the larger phase counts.
 */
function phasePeak(
  spec: PodSpec,
  clusterMinor: number | undefined,
  placed: (container: Container) => Map<string, bigint>,
  fresh: (container: Container) => Map<string, bigint>,
): Map<string, bigint> {
  const sidecars = new Map<string, bigint>()
  const peak = new Map<string, bigint>()
  for (const container of spec.initContainers)
    if (isSidecar(container, clusterMinor)) {
      addAll(sidecars, placed(container))
      raiseAll(peak, sidecars)
    } else {
      const phase = fresh(container)
      addAll(phase, sidecars)
      raiseAll(peak, phase)
    }
  const run = sidecars
  for (const container of spec.containers) addAll(run, placed(container))
  raiseAll(peak, run)
  return peak
}

const requested = (amounts: Amounts, flaws: readonly string[]): Requested => {
  const resources = toResources(amounts, 1)
  const [why] = flaws
  return why === undefined ? { kind: 'ok', resources } : { kind: 'unreadable', why, atLeast: resources }
}

function fromSpec(spec: PodSpec, clusterMinor: number | undefined): Requested {
  const flaws: string[] = []
  const read = (container: Container): Map<string, bigint> => specAmounts(container, flaws)
  const total = phasePeak(spec, clusterMinor, read, read)
  if (isPodLevelAware(clusterMinor))
    for (const [name, amount] of readAmounts(spec.podRequests, 'pod', flaws))
      if (isPodLevel(name)) total.set(name, amount)
  addAll(total, readAmounts(spec.overhead, 'overhead', flaws))
  return requested(total, flaws)
}

function fromStatus(pod: PodObject, clusterMinor: number | undefined): Requested {
  const { spec, status } = pod
  const flaws: string[] = []
  const infeasible = status.resizePending === 'Infeasible'
  const statuses = new Map(status.containers.map((one) => [one.name, one]))
  const total = phasePeak(
    spec,
    clusterMinor,
    (container) => placedAmounts(container, statuses.get(container.name), infeasible, flaws),
    (container) => specAmounts(container, flaws),
  )
  const podAllocated = isPodResizeAware(clusterMinor)
    ? readAmounts(status.podAllocated ?? {}, 'status of pod', flaws)
    : new Map<string, bigint>()
  for (const [name, asked] of readAmounts(spec.podRequests, 'pod', flaws)) {
    const given = podAllocated.get(name)
    if (isPodLevel(name)) total.set(name, given !== undefined && (infeasible || given > asked) ? given : asked)
  }
  addAll(total, readAmounts(spec.overhead, 'overhead', flaws))
  return requested(total, flaws)
}

/** Equal specs are one object, so a workload's thousand pods are added up once per set of API features. */
const memo = new WeakMap<PodSpec, Map<string, Requested>>()

/**
 * What the pod needs on a node that it is still to be placed on: its spec alone, rounded up once. `clusterMinor` is the
 * 34 of Kubernetes 1.34; undefined counts as the newest.
 */
export function neededResources(spec: PodSpec, clusterMinor: number | undefined): Requested {
  const features = `${isSidecarAware(clusterMinor)} ${isPodLevelAware(clusterMinor)}`
  const byFeatures = memo.get(spec) ?? new Map<string, Requested>()
  const known = byFeatures.get(features)
  if (known !== undefined) return known
  const result = fromSpec(spec, clusterMinor)
  memo.set(spec, byFeatures.set(features, result))
  return result
}

/** What the pod takes up on the node that it is on: its spec, and whatever an in-place resize under way still holds. */
export function heldResources(pod: PodObject, clusterMinor: number | undefined): Requested {
  const { containers, podAllocated } = pod.status
  const resizing = containers.length > 0 || podAllocated !== undefined
  return pod.nodeName !== '' && resizing && isResizeAware(clusterMinor)
    ? fromStatus(pod, clusterMinor)
    : neededResources(pod.spec, clusterMinor)
}

/** A node's capacity or allocatable. What is missing or unreadable counts as none, as for the scheduler, and is listed. */
export type NodeResources = { readonly resources: Resources; readonly flaws: readonly string[] }

export function resourcesOf(quantities: QuantityMap): NodeResources {
  const flaws: string[] = []
  const { pods = '', ...others } = quantities
  const amounts = readAmounts(others, 'node', flaws)
  const slots = parseQuantity(pods)
  for (const name of ['cpu', 'memory', 'pods'])
    if (!Object.hasOwn(quantities, name)) flaws.push(`node: ${name} is missing`)
  if (Object.hasOwn(quantities, 'pods') && slots === undefined) flaws.push(`node: pods "${pods}" is no amount`)
  const resources = toResources(amounts, slots === undefined ? 0 : toSafeNumber(unitsUp(milliUp(slots))))
  return { resources, flaws }
}
