import { milliUp, parseQuantity, unitsUp } from '../../domain/quantity.js'
import type { Pod } from '../../domain/pod.js'
import type { Container, PodSpec } from '../../domain/snapshot.js'

/** CPU in millicores and memory in bytes. */
export type Requests = { readonly cpu: number; readonly memory: number }

/** What kube-scheduler takes a container without a request to ask for (scheduler/util: GetNonzeroRequests). */
const DEFAULTS = { cpu: 100n, memory: 200n * 1024n * 1024n * 1000n }
type Name = keyof typeof DEFAULTS
const NAMES: readonly Name[] = ['cpu', 'memory']

/** Equal specs are one object. */
const memo = new WeakMap<PodSpec, Partial<Record<Name, bigint>>>()

/** What a pod counts for in the score of least requests: each container without a request counts with a default. */
export function scoredRequests({ spec, needed }: Pod): Requests {
  let known = memo.get(spec)
  if (known === undefined) {
    known = peaksOf(spec)
    memo.set(spec, known)
  }
  const { cpu, memory } = known
  return {
    cpu: cpu === undefined ? needed.cpu : Number(cpu),
    memory: memory === undefined ? needed.memory : Number(unitsUp(memory)),
  }
}

/** Thousandths; only of what a container leaves open, as all else is in the pod's own requests. */
function peaksOf(spec: PodSpec): Partial<Record<Name, bigint>> {
  const all = [...spec.containers, ...spec.initContainers]
  const open = NAMES.filter(
    (name) => spec.podRequests[name] === undefined && all.some((container) => asked(container, name) === undefined),
  )
  return Object.fromEntries(open.map((name) => [name, peakOf(spec, name)]))
}

/** Init containers run one after the other, beside the side-cars started before; the larger phase counts. */
function peakOf({ containers, initContainers, overhead }: PodSpec, name: Name): bigint {
  let sidecars = 0n
  let peak = 0n
  for (const container of initContainers) {
    const amount = asked(container, name) ?? DEFAULTS[name]
    if (container.restartPolicy === 'Always') sidecars += amount
    const phase = container.restartPolicy === 'Always' ? sidecars : sidecars + amount
    if (phase > peak) peak = phase
  }
  const run = containers.reduce((total, container) => total + (asked(container, name) ?? DEFAULTS[name]), sidecars)
  return (run > peak ? run : peak) + (read(overhead[name]) ?? 0n)
}

/** A limit without a request is one: the API server copies it. */
const asked = ({ requests, limits }: Container, name: Name): bigint | undefined => read(requests[name] ?? limits[name])

const read = (text: string | undefined): bigint | undefined => {
  const amount = text === undefined ? undefined : parseQuantity(text)
  return amount === undefined ? undefined : milliUp(amount)
}
