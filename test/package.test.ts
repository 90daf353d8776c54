import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, runIn } from './helpers/command.js'

/** What a user gets: the packed project, installed into an empty folder without any registry. */
let folder: string
let tarball: string
let packed: readonly { readonly path: string; readonly size: number }[]

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-cost-package-'))
  // dist/ is fresh from test/build-once.ts; the project's own scripts would build it again under the other tests.
  const pack = runIn(ROOT, 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder])
  expect(pack.exitCode, pack.stderr).toBe(0)
  const [result] = JSON.parse(pack.stdout) as [{ filename: string; files: { path: string; size: number }[] }]
  tarball = join(folder, result.filename)
  packed = result.files
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the tarball', () => {
  test('holds the program, its data and the licences, and nothing of the workshop', () => {
    const paths = packed.map(({ path }) => path)
    expect(paths).toEqual(
      expect.arrayContaining([
        'package.json',
        'LICENSE',
        'dist/entry.js',
        'dist/THIRD-PARTY-LICENSES.txt',
        'data/catalog.json.gz',
        'data/sample-cluster.json.gz',
      ]),
    )
    const strange = paths.filter((path) => !/^(dist\/|data\/|package\.json$|LICENSE$|README\.md$)/.test(path))
    expect(strange).toEqual([])
  })

  test('is small', () => {
    // Half of it is the solver of linear programmes.
    expect(statSync(tarball).size).toBeLessThan(3 * 1024 * 1024)
  })

  test('has no dependencies', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>
    expect(manifest['dependencies'] ?? {}).toEqual({})
    expect(manifest['bin']).toEqual({ 'k8s-cost': 'dist/entry.js' })
  })

  test('says whose software it contains, with the text of each licence', () => {
    const notices = readFileSync(join(ROOT, 'dist', 'THIRD-PARTY-LICENSES.txt'), 'utf8')
    for (const name of ['commander', 'zod', 'js-yaml', 'pino', 'csv-stringify']) {
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((MIT|ISC|Apache-2.0)\\)$`, 'm'))
    }
    expect(notices).toContain('Permission is hereby granted, free of charge')
  })
})

test('npx runs the demo from the installed tarball, without network', () => {
  const project = mkdtempSync(join(folder, 'project-'))
  const offline = { npm_config_offline: 'true' }
  const install = runIn(project, 'npm', ['install', '--no-audit', '--no-fund', tarball], offline)
  expect(install.exitCode, install.stderr).toBe(0)
  expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['k8s-cost'])

  const demo = runIn(project, 'npx', ['--no-install', 'k8s-cost', 'demo', '--now', '2026-07-01T00:00:00Z'], offline)
  expect(demo.exitCode, demo.stderr).toBe(0)
  const report = /reports\/\S+?(?=\/report\.md)/.exec(demo.stdout)?.[0]
  expect(readdirSync(join(project, report ?? 'no report was named'))).toEqual(
    expect.arrayContaining([
      'report.md',
      'report.json',
      'nodes.csv',
      'node-groups.csv',
      'workloads.csv',
      'max-pods.csv',
      'scenarios.csv',
      'plan-nodes.csv',
      'placements.csv',
      'plan-nodes.json',
    ]),
  )
})
