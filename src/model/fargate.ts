import type { Pod } from '../domain/pod.js'
import type { Resources } from '../domain/resources.js'
import { bytes, GIBIBYTE, MEBIBYTE, milliCpu, type Bytes, type MilliCpu } from '../domain/units.js'

/** What AWS bills a Fargate pod for; its gigabytes are binary ones. */
export type FargateSize = { readonly cpu: MilliCpu; readonly memory: Bytes }

/** Kept for the kubelet, kube-proxy and containerd that run beside the pod. */
const SYSTEM_MEMORY = 256 * MEBIBYTE

const steps = (from: number, to: number, step: number): number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step)

/** Pairs that exist: millicores, and the gigabytes that go with them (EKS user guide, fargate-pod-configuration). */
const SIZES: readonly (readonly [cpu: number, gigabytes: readonly number[]])[] = [
  [250, [0.5, 1, 2]],
  [500, steps(1, 4, 1)],
  [1000, steps(2, 8, 1)],
  [2000, steps(4, 16, 1)],
  [4000, steps(8, 30, 1)],
  [8000, steps(16, 60, 4)],
  [16000, steps(32, 120, 8)],
]

/** The smallest size that holds the pod's requests; undefined where Fargate has none so large. */
export function fargateSize({ cpu, memory }: Resources): FargateSize | undefined {
  for (const [size, gigabytes] of SIZES) {
    const enough = gigabytes.find((gigabyte) => gigabyte * GIBIBYTE >= memory + SYSTEM_MEMORY)
    if (size >= cpu && enough !== undefined) return { cpu: milliCpu(size), memory: bytes(enough * GIBIBYTE) }
  }
  return undefined
}

/** Set on a pod by Fargate's admission: the size that is billed. */
export const CAPACITY_ANNOTATION = 'CapacityProvisioned'

/** Reads `0.25vCPU 0.5GB`; undefined where the annotation says something else. */
export function parseCapacityProvisioned(text: string): FargateSize | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)vCPU\s+(\d+(?:\.\d+)?)GB\s*$/.exec(text)
  if (match === null) return undefined
  return { cpu: milliCpu(Math.round(Number(match[1]) * 1000)), memory: bytes(Math.round(Number(match[2]) * GIBIBYTE)) }
}

/**
 * vCPUs and GB that AWS bills for a pod on Fargate: what its annotation says was provisioned, else the smallest size that
 * its requests fit. Undefined where neither is known.
 */
export function billedFargateSize(pod: Pod): { readonly vcpu: number; readonly memoryGb: number } | undefined {
  const provisioned = parseCapacityProvisioned(pod.annotations[CAPACITY_ANNOTATION] ?? '')
  const size = provisioned ?? (pod.unreadable === undefined ? fargateSize(pod.needed) : undefined)
  return size && { vcpu: size.cpu / 1000, memoryGb: size.memory / GIBIBYTE }
}
