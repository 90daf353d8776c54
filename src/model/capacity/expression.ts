import { Environment } from '@marcbachmann/cel-js'
import type { InstanceType } from '../../domain/offering.js'

/**
 * CEL expressions that compute kubelet settings from the instance type: nodeadm's `maxPodsExpression`, and in newer
 * Karpenter `maxPods`, `kubeReserved` and `systemReserved`. Sources: awslabs/amazon-eks-ami
 * nodeadm/internal/kubelet/eni_max_pods.go; aws/karpenter-provider-aws pkg/cel/environment.go.
 */
export type ExpressionDialect = 'nodeadm' | 'karpenter'

export type ExpressionResult =
  { readonly kind: 'value'; readonly value: number } | { readonly kind: 'failed'; readonly why: string }

const LARGEST_INT32 = 2 ** 31 - 1

const larger = (a: bigint | number, b: bigint | number): bigint | number => (a > b ? a : b)
const smaller = (a: bigint | number, b: bigint | number): bigint | number => (a < b ? a : b)

/** Karpenter adds `min` and `max` of two numbers; a mix of int and double gives a double. */
function withMinAndMax(environment: Environment): Environment {
  for (const [name, pick] of [
    ['max', larger],
    ['min', smaller],
  ] as const) {
    environment.registerFunction(`${name}(int, int): int`, pick)
    environment.registerFunction(`${name}(double, double): double`, pick)
    environment.registerFunction(`${name}(int, double): double`, (a: bigint, b: number) => Number(pick(a, b)))
    environment.registerFunction(`${name}(double, int): double`, (a: number, b: bigint) => Number(pick(a, b)))
  }
  return environment
}

const withNumbers = (environment: Environment, names: readonly string[]): Environment =>
  names.reduce((all, name) => all.registerVariable(name, 'int'), environment)

const ENVIRONMENTS: Readonly<Record<ExpressionDialect, Environment>> = {
  nodeadm: withNumbers(new Environment(), ['default_enis', 'ips_per_eni', 'max_pods', 'vcpus', 'physical_memory_mib']),
  karpenter: withMinAndMax(
    withNumbers(new Environment(), ['default_enis', 'ips_per_eni', 'max_pods', 'vcpus', 'memory_mib']).registerVariable(
      'instance_type',
      'string',
    ),
  ),
}

const message = (error: unknown): string =>
  error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)

/**
 * The whole number that an expression gives for a type; doubles are cut off. `maxPods` is what the expression sees as
 * `max_pods`. Fails on a syntax or type error, on a result that is no number, and on one that is not above `atLeast`.
 */
export function evaluateExpression(
  dialect: ExpressionDialect,
  expression: string,
  type: InstanceType,
  maxPods: number,
  lowest: 0 | 1,
): ExpressionResult {
  const numbers = {
    default_enis: BigInt(type.enis),
    ips_per_eni: BigInt(type.ipv4PerEni),
    max_pods: BigInt(maxPods),
    vcpus: BigInt(type.vcpus),
    memory_mib: BigInt(type.memoryMib),
    physical_memory_mib: BigInt(type.memoryMib),
    instance_type: type.name,
  }
  try {
    const checked = ENVIRONMENTS[dialect].check(expression)
    if (!checked.valid)
      return { kind: 'failed', why: checked.error === undefined ? 'not valid' : message(checked.error) }
    const result: unknown = ENVIRONMENTS[dialect].evaluate(expression, numbers)
    if (typeof result !== 'bigint' && typeof result !== 'number')
      return { kind: 'failed', why: 'the result is no number' }
    const value = Math.trunc(Number(result))
    if (!Number.isFinite(value)) return { kind: 'failed', why: 'the result is not finite' }
    if (value < lowest || value > LARGEST_INT32) return { kind: 'failed', why: `the result ${value} is out of range` }
    return { kind: 'value', value }
  } catch (error) {
    return { kind: 'failed', why: message(error) }
  }
}
