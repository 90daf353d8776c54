import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { explain, FailureError } from '../src/failure.js'
import { checkFolder, defaultFolder, publish } from '../src/publish.js'

const faults = vi.hoisted(() => ({ failOn: undefined as ((from: string, to: string) => boolean) | undefined }))
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>()
  const renameSync: typeof real.renameSync = (from, to) => {
    if (faults.failOn?.(String(from), String(to)) === true) {
      throw Object.assign(new Error('EIO: broken disk'), { code: 'EIO', syscall: 'rename' })
    }
    real.renameSync(from, to)
  }
  return { ...real, renameSync }
})

const home = process.cwd()
let parent: string
let out: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'k8s-cost-publish-'))
  out = join(parent, 'report')
})
afterEach(() => {
  faults.failOn = undefined
  process.chdir(home)
  rmSync(parent, { recursive: true })
})

const OLD = new Map([
  ['report.md', 'old'],
  ['report.json', '{"schemaVersion": 1}'],
  ['focus.csv', 'a\n'],
])
const NEW = new Map([
  ['report.md', 'new'],
  ['nodes.csv', 'node\n'],
  ['iac/pool.yaml', 'kind: NodePool\n'],
])

/** Path → text of everything below a folder. */
function contents(folder: string): Map<string, string> {
  const files = new Map<string, string>()
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.slice(folder.length + 1), readFileSync(path, 'utf8'))
  }
  return files
}

function failureOf(work: () => void): string {
  try {
    work()
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    expect(explain(error.failure).exitCode).toBe(2)
    return error.message.replaceAll(parent, 'DIR')
  }
  throw new Error('nothing failed')
}

describe('publish', () => {
  test('makes the folder and its parents, with nested files', () => {
    out = join(parent, 'a', 'b')
    publish(out, NEW)
    expect(contents(parent)).toEqual(new Map([...NEW].map(([path, text]) => [`a/b/${path}`, text])))
  })

  test('replaces an earlier report as a whole, and leaves nothing beside it', () => {
    publish(out, OLD)
    publish(out, NEW)
    expect(contents(out)).toEqual(NEW)
    expect(readdirSync(parent)).toEqual(['report'])
  })

  test('refuses a folder with other files, and names them', () => {
    mkdirSync(out)
    for (const name of ['thesis.txt', 'report.md']) writeFileSync(join(out, name), 'mine')
    expect(failureOf(() => publish(out, NEW))).toBe(
      'DIR/report: holds files that are no part of a report (thesis.txt), which would be lost. Name another folder with --out.',
    )
    expect(failureOf(() => checkFolder(out))).toMatch('(thesis.txt)')
    expect(contents(out)).toEqual(
      new Map([
        ['thesis.txt', 'mine'],
        ['report.md', 'mine'],
      ]),
    )
  })

  test('a file in the way', () => {
    writeFileSync(out, 'mine')
    expect(failureOf(() => publish(out, NEW))).toMatch('DIR/report: is a file, not a folder.')
    expect(failureOf(() => publish(join(out, 'below'), NEW))).toMatch('cannot be made: a part of the path is a file')
    expect(readFileSync(out, 'utf8')).toBe('mine')
  })

  test.skipIf(process.getuid?.() === 0)('a parent that may not be written (skipped for root, who may)', () => {
    chmodSync(parent, 0o500)
    expect(failureOf(() => publish(out, NEW))).toMatch('DIR/report: cannot be written: permission denied')
    chmodSync(parent, 0o700)
  })

  test('a file system that cannot be written', () => {
    // Not even root can make a folder there.
    expect(failureOf(() => publish('/proc/k8s-cost/report', NEW))).toMatch('/proc/k8s-cost/report: cannot be ')
  })

  test('is tried before, and what was tried leaves nothing behind', () => {
    process.chdir(parent)
    for (const folder of [undefined, out, join(out, 'a', 'b')]) checkFolder(folder)
    expect(readdirSync(parent)).toEqual([])
    publish(out, OLD)
    checkFolder(out)
    process.chdir(out)
    checkFolder('.')
    expect(readdirSync(parent)).toEqual(['report'])
    expect(contents(out)).toEqual(OLD)
    writeFileSync('file', 'mine')
    expect(failureOf(() => checkFolder(join(out, 'file', 'a', 'b')))).toMatch('a part of the path is a file')
    expect(failureOf(() => checkFolder('/proc/k8s-cost/report'))).toMatch(
      /^\/proc\/k8s-cost\/report: cannot be .*\(\/proc\)/,
    )
  })

  test('follows a link to a folder', () => {
    mkdirSync(join(parent, 'real'))
    symlinkSync(join(parent, 'real'), out)
    publish(out, OLD)
    publish(out, NEW)
    expect(contents(join(parent, 'real'))).toEqual(NEW)
    expect(readdirSync(parent).sort()).toEqual(['real', 'report'])
  })

  test('the working directory stays the same folder', () => {
    mkdirSync(out)
    process.chdir(out)
    publish('.', OLD)
    publish('.', NEW)
    expect(contents(process.cwd())).toEqual(NEW)
    expect(contents(out)).toEqual(NEW)
  })

  test.each([
    ['beside', false],
    ['inside', true],
  ])('a disk that breaks at any move (%s) leaves the old report', (_, inside) => {
    publish(out, OLD)
    if (inside) process.chdir(out)
    let broken = 0
    for (let at = 1; ; at++) {
      let count = 0
      // Only the move number `at` fails: what takes the earlier ones back must work.
      faults.failOn = () => ++count === at
      let failed = true
      try {
        publish(out, NEW)
        failed = false
      } catch (error) {
        expect(error).toBeInstanceOf(FailureError)
      }
      if (!failed) break
      broken++
      expect(contents(out)).toEqual(OLD)
      expect(readdirSync(parent)).toEqual(['report'])
    }
    expect(broken).toBe(inside ? OLD.size + NEW.size : 2)
    expect(contents(out)).toEqual(NEW)
  })

  test('sweeps up what a killed run left, and nothing of a run that lives', () => {
    // Process ids end at 4,194,304 on Linux, so this one is nobody's.
    const dead = join(parent, '.k8s-cost-9999999-new-report')
    const alive = join(parent, `.k8s-cost-${process.ppid}-new-report`)
    for (const left of [dead, alive]) mkdirSync(left)
    publish(out, NEW)
    expect([existsSync(dead), existsSync(alive)]).toEqual([false, true])
  })
})

test.each([
  ['prod', 'reports/prod/2026-07-01'],
  ['../../etc', 'reports/etc/2026-07-01'],
  ['arn:aws:eks:eu-west-1:1:cluster/a b', 'reports/arn-aws-eks-eu-west-1-1-cluster-a-b/2026-07-01'],
  ['', 'reports/cluster/2026-07-01'],
  ['..', 'reports/cluster/2026-07-01'],
])('the folder of cluster %j', (name, folder) => {
  expect(defaultFolder(name, '2026-07-01T10:00:00.000Z')).toBe(folder)
  expect(dirname(dirname(folder))).toBe('reports')
})
