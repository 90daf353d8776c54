/**
 * Scheduling cases of our own, in the format of the shared ones (../shared/data/cases/README.md), for rules that those do
 * not touch. The rules are those of kube-scheduler 1.36; `why` says which. Filter cases go both ways: by the board that
 * the search uses, and by the second path that checks plans.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { RawCase } from './case.js'
import { checkFilter } from './filter.js'
import { checkProvision } from './provision.js'
import { checkRequest } from './request.js'
import { verifiedRefusals } from './verify.js'

const FOLDER = new URL('own/', import.meta.url)
const cases = readdirSync(FOLDER)
  .sort()
  .flatMap((name) => (JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as { cases: RawCase[] }).cases)
const ofType = (type: string) =>
  cases.filter((one) => one.type === type).map((one) => [one.id, one.title, one] as const)

it('there are many, each with an id of its own', () => {
  expect(cases.length).toBeGreaterThan(90)
  expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length)
})

describe('the board says where a pod may go', () => {
  it.each(ofType('filter'))('%s: %s', (_, __, one) => {
    expect(checkFilter(one)).toEqual([])
  })
})

/** Whether a pod may be scheduled at all is not asked of a pod that has a place. */
const isGated = ({ pod }: RawCase): boolean => JSON.stringify(pod).includes('schedulingGates')
/** That a disk cannot be attached to a second node is a promise of plans, under a name of its own. */
const nameOf = (rule: string): string => (rule === 'SharedClaim' ? 'VolumeRestrictions' : rule)

describe('the second path agrees', () => {
  it.each(ofType('filter').filter(([, , one]) => !isGated(one)))('%s: %s', (_, __, one) => {
    const told = verifiedRefusals(one)
    const fits = Object.keys(told).filter((name) => told[name]!.length === 0)
    expect({ told, fits: fits.sort() }).toEqual({ told, fits: [...(one.expect.fits ?? [])].sort() })
    for (const [node, filter] of Object.entries(one.expect.rejects ?? {}))
      expect(told[node]!.map(nameOf)).toContain(filter)
  })
})

describe('what a pod asks for', () => {
  it.each(ofType('request'))('%s: %s', (_, __, one) => {
    expect(checkRequest(one)).toEqual([])
  })
})

describe('new nodes', () => {
  it.each(ofType('provision'))('%s: %s', (_, __, one) => {
    expect(checkProvision(one)).toEqual([])
  })
})
