import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { RawCase } from '../cases/case.js'
import { verifiedRefusals } from '../cases/verify.js'

const FOLDER = new URL('../../../shared/data/cases/', import.meta.url)
const isPresent = existsSync(FOLDER)

const readCases = (): RawCase[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => (JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as { cases: RawCase[] }).cases)
    .filter(({ type }) => type === 'filter')

const title = isPresent ? 'the shared scheduling cases' : 'the shared scheduling cases (skipped: ../shared is absent)'
describe.skipIf(!isPresent)(title, () => {
  const cases = isPresent ? readCases() : []
  it('are there', () => {
    expect(cases.length).toBeGreaterThan(30)
  })
  it.each(cases.map((one) => [one.id, one.title, one] as const))('%s: %s', (_, __, one) => {
    const told = verifiedRefusals(one)
    const fits = Object.keys(told).filter((name) => told[name]!.length === 0)
    expect({ told, fits: fits.sort() }).toEqual({ told, fits: [...(one.expect.fits ?? [])].sort() })
    for (const [node, filter] of Object.entries(one.expect.rejects ?? {})) expect(told[node]).toContain(filter)
  })
})
