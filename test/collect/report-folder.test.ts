import fc from 'fast-check'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readReportFolder } from '../../src/collect/report-folder.js'
import * as columns from '../../src/report/columns.js'
import { csv } from '../../src/report/csv.js'

const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-folder-'))
afterAll(() => rmSync(folder, { recursive: true }))

const NODES = JSON.stringify({
  apiVersion: 'v1',
  kind: 'List',
  items: [{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, spec: {}, status: {} }],
})

it('has the names that were written, apostrophes and what spreadsheets take for formulas among them', async () => {
  const sign = fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠', '"', ',', '\n', 'a')
  const name = fc.oneof(fc.string({ minLength: 1 }), fc.string({ unit: sign, minLength: 1, maxLength: 5 }))
  const node = fc.oneof(name, fc.constant(''))
  writeFileSync(join(folder, 'plan-nodes.json'), NODES)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ namespace: name, pod: name, node })), async (rows) => {
      writeFileSync(join(folder, 'placements.csv'), csv(columns.PLACEMENTS, rows))
      const { placements } = await readReportFolder(folder)
      expect(placements.map(({ pod, node: on }) => [pod, on])).toEqual(
        rows.map((row) => [`${row.namespace}/${row.pod}`, row.node]),
      )
    }),
  )
})
