import { resourcesOf } from '../../src/model/requests.js'
import type { Resources } from '../../src/domain/resources.js'
import { sceneOf, type RawCase } from './case.js'

const amountOf = (resources: Resources, name: string): number => {
  const native: Readonly<Record<string, number>> = {
    cpu: resources.cpu,
    memory: resources.memory,
    'ephemeral-storage': resources.ephemeralStorage,
    pods: resources.pods,
  }
  return native[name] ?? resources.extended[name] ?? 0
}

/** What differs from the expectation; empty: the case passes. */
export function checkRequest(raw: RawCase): string[] {
  const { pod } = sceneOf(raw)
  if (pod === undefined) return ['the case has no pod']
  if (pod.unreadable !== undefined) return [pod.unreadable]
  const quantities = Object.fromEntries(Object.entries(raw.expect).map(([name, value]) => [name, String(value)]))
  const expected = resourcesOf(quantities).resources
  return Object.keys(quantities).flatMap((name) => {
    const [got, want] = [amountOf(pod.held, name), amountOf(expected, name)]
    return got === want ? [] : [`${name} is ${got}, not ${want}`]
  })
}
