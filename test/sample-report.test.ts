import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { k8sCost, ROOT } from './helpers/command.js'

const SAMPLE = join(ROOT, 'reports', 'sample')
const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-sample-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('reports/sample is what demo writes: npx k8s-cost demo --out reports/sample --now 2026-11-21T00:00:00Z', () => {
  const out = join(folder, 'report')
  const { exitCode, stdout, stderr } = k8sCost(['demo', '--out', out, '--now', '2026-11-21T00:00:00Z'])
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain(join(out, 'report.md'))
  const names = readdirSync(SAMPLE).sort()
  expect(readdirSync(out).sort()).toEqual(names)
  expect(names.length).toBeGreaterThan(5)
  for (const name of names)
    expect(readFileSync(join(out, name), 'utf8'), name).toBe(readFileSync(join(SAMPLE, name), 'utf8'))
})

test('the README and its picture show that report (node tools/make-picture.mjs)', () => {
  const report = readFileSync(join(SAMPLE, 'report.md'), 'utf8')
  const [sentence = ''] = /^Cluster .*$/m.exec(report) ?? []
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  expect(readme.replaceAll(/\n> /g, ' ')).toContain(sentence)
  expect(readFileSync(join(ROOT, 'docs', 'report.svg'), 'utf8')).toBe(
    execFileSync(process.execPath, [join(ROOT, 'tools', 'make-picture.mjs'), '--print'], { encoding: 'utf8' }),
  )
})
