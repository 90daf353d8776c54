import { bytes, milliCpu, podSlots, type Bytes, type MilliCpu, type PodSlots } from './units.js'

/**
 * What a pod asks for or a node offers. `extended` holds every other scalar that kube-scheduler counts: GPUs, huge
 * pages, `vpc.amazonaws.com/pod-eni`, …, in the unit of the resource (devices, bytes). Absent means none.
 */
export type Resources = {
  readonly cpu: MilliCpu
  readonly memory: Bytes
  readonly ephemeralStorage: Bytes
  readonly pods: PodSlots
  readonly extended: Readonly<Record<string, number>>
}

export const NO_RESOURCES: Resources = {
  cpu: milliCpu(0),
  memory: bytes(0),
  ephemeralStorage: bytes(0),
  pods: podSlots(0),
  extended: {},
}

/** A resource that a node ran out of, by its Kubernetes name, and how much is missing in that resource's unit. */
export type Shortfall = { readonly resource: string; readonly by: number }

const combine = (a: Resources, b: Resources, sign: 1 | -1): Resources => {
  const extended: Record<string, number> = { ...a.extended }
  for (const [name, amount] of Object.entries(b.extended)) extended[name] = (extended[name] ?? 0) + sign * amount
  return {
    cpu: milliCpu(a.cpu + sign * b.cpu),
    memory: bytes(a.memory + sign * b.memory),
    ephemeralStorage: bytes(a.ephemeralStorage + sign * b.ephemeralStorage),
    pods: podSlots(a.pods + sign * b.pods),
    extended,
  }
}

export const add = (a: Resources, b: Resources): Resources => combine(a, b, 1)

/** May be negative: a node can be over-committed by static pods or by a resize. */
export const subtract = (a: Resources, b: Resources): Resources => combine(a, b, -1)

export const sum = (all: Iterable<Resources>): Resources => {
  let total = NO_RESOURCES
  for (const one of all) total = add(total, one)
  return total
}

/**
 * Every resource of which `free` has less than `need`. A resource that is not asked for never falls short, not even on
 * an over-committed node (kube-scheduler, plugin NodeResourcesFit).
 */
export function shortfalls(free: Resources, need: Resources): Shortfall[] {
  const missing: Shortfall[] = []
  const check = (resource: string, has: number, wants: number): void => {
    if (wants > 0 && wants > has) missing.push({ resource, by: wants - has })
  }
  check('cpu', free.cpu, need.cpu)
  check('memory', free.memory, need.memory)
  check('ephemeral-storage', free.ephemeralStorage, need.ephemeralStorage)
  check('pods', free.pods, need.pods)
  for (const [name, amount] of Object.entries(need.extended)) check(name, free.extended[name] ?? 0, amount)
  return missing
}
