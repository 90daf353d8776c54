import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readCatalog } from '../src/collect/catalog-file.js'
import type { Analysis } from '../src/domain/recommendation.js'
import { analyse } from '../src/pipeline.js'
import type { Settings } from '../src/problem.js'
import { ROOT } from './helpers/command.js'
import { snapshotOfPart, TWO_GROUPS } from './helpers/part-of-sample.js'
import { SETTINGS as ANYTHING } from './helpers/settings.js'

const SETTINGS: Settings = { ...ANYTHING, maxNodeShare: undefined }

function recommendedOf({ scenarios }: Analysis) {
  const outcome = scenarios.find(({ id }) => id === 'recommended')?.outcome
  if (outcome?.kind !== 'planned') throw new Error('nothing is recommended')
  const { nodes, cost } = outcome.plan
  return { rate: cost.rate, bought: nodes.filter(({ action }) => action === 'new').length }
}

it('a plan keeps more of the nodes of today where new ones count as dearer, and is never dearer than today', async () => {
  const snapshot = snapshotOfPart(TWO_GROUPS)
  const catalog = await readCatalog(join(ROOT, 'data', 'catalog.json.gz'))
  const ask = (preferExisting: number): Analysis =>
    analyse(snapshot, catalog, { ...SETTINGS, preferExisting }, () => {})
  const free = ask(0)
  const kept = ask(10)
  const [cheapest, mostKept] = [recommendedOf(free), recommendedOf(kept)]
  expect(cheapest.bought).toBeGreaterThan(2)
  expect(mostKept.bought).toBeLessThan(2)
  expect(mostKept.rate).toBeGreaterThan(cheapest.rate)
  expect(mostKept.rate).toBeLessThan(kept.currentCost.rate)
  const rails = ({ assumptions }: Analysis): string | undefined =>
    assumptions.find((text) => text.startsWith('Guard rails'))
  expect(rails(free)).not.toContain('dearer')
  expect(rails(kept)).toContain('new nodes count as 1000 % dearer than they are')
})
