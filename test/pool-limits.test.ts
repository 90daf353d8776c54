import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readCatalog } from '../src/collect/catalog-file.js'
import type { Analysis } from '../src/domain/recommendation.js'
import { analyse } from '../src/pipeline.js'
import { reportOf } from '../src/report/files.js'
import { ROOT } from './helpers/command.js'
import { nodePoolObject } from './helpers/objects.js'
import { snapshotOfPart, TWO_GROUPS } from './helpers/part-of-sample.js'
import { SETTINGS } from './helpers/settings.js'

const snapshot = snapshotOfPart(TWO_GROUPS)
const catalog = await readCatalog(join(ROOT, 'data', 'catalog.json.gz'))

/** A part of the sample cluster once the NodePool of its group `batch`, whose nodes have 40 cores today, has a limit. */
function limitedTo(cpu: string): Analysis {
  const pool = nodePoolObject({ metadata: { name: 'batch' }, spec: { limits: { cpu } } })
  return analyse({ ...snapshot, nodePools: [pool] }, catalog, { ...SETTINGS, maxNodeShare: undefined }, () => {})
}

function recommendedOf({ scenarios }: Analysis) {
  const outcome = scenarios.find(({ id }) => id === 'recommended')?.outcome
  if (outcome?.kind !== 'planned') throw new Error('nothing is recommended')
  const batch = outcome.plan.nodes.filter(({ group }) => group === 'batch')
  return {
    rate: outcome.plan.cost.rate,
    cores: batch.reduce((sum, { capacity }) => sum + capacity.cpu / 1000, 0),
    bought: batch.filter(({ action }) => action === 'new').length,
  }
}

const reportFor = (analysis: Analysis): string => reportOf(analysis, ['md']).files.get('report.md') ?? ''

describe('a NodePool that may have no more than some cores', () => {
  const roomy = limitedTo('1000')
  const tight = limitedTo('22')

  it('costs nothing where they are enough', () => {
    const { cores, bought } = recommendedOf(roomy)
    expect([cores, bought]).toEqual([24, 2])
    expect(roomy.findings.filter(({ code }) => code === 'pool-over-limit')).toEqual([])
    expect(reportFor(roomy)).toContain('no node bought beyond the limits of 1 NodePool')
    expect(reportFor(roomy)).not.toContain('raise the limit')
  })

  it('needs more of them while old and new nodes run beside each other, which the report says', () => {
    const analysis = limitedTo('36')
    expect(recommendedOf(analysis)).toEqual(recommendedOf(roomy))
    expect(reportFor(analysis)).toMatch(
      /raise the limit until the old nodes are gone, .* batch \(cpu: 56 in all, limit 36\)\./,
    )
  })

  it('gets no new node that goes beyond them, in any scenario', () => {
    const { rate, cores, bought } = recommendedOf(tight)
    expect(rate).toBeGreaterThan(recommendedOf(roomy).rate)
    expect(rate).toBeLessThan(tight.currentCost.rate)
    expect(bought === 0 || cores <= 22).toBe(true)
    for (const { id, outcome } of tight.scenarios) {
      if (outcome.kind !== 'planned' || id === 'current') continue
      const own = outcome.plan.nodes.filter(({ group }) => group === 'batch')
      const all = own.reduce((sum, { capacity }) => sum + capacity.cpu / 1000, 0)
      expect(all <= 22 || own.every(({ action }) => action === 'keep'), id).toBe(true)
    }
    expect(tight.findings).toContainEqual({
      code: 'pool-over-limit',
      subject: 'NodePool batch',
      detail: "its nodes have 40 of cpu, its limit is 22: a plan may buy nodes there only with fewer of today's",
    })
  })
})
