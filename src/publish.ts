/**
 * Puts a report into its folder all together or not at all: written beside, then swapped in.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { FailureError } from './failure.js'

/** Every name that a report of this or an earlier version may have in its folder. */
const REPORT_NAMES: ReadonlySet<string> = new Set([
  'report.md',
  'report.html',
  'report.json',
  'nodes.csv',
  'node-groups.csv',
  'workloads.csv',
  'max-pods.csv',
  'scenarios.csv',
  'blockers.csv',
  'frontier.csv',
  'plan-nodes.csv',
  'placements.csv',
  'plan-nodes.json',
  'focus.csv',
  'iac',
])

/** `<cluster>/<UTC date>`: cluster names come from outside, so only harmless characters are kept. */
export function reportPath(clusterName: string, isoTime: string): string {
  const safe = clusterName.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replaceAll(/^[.-]+|[.-]+$/g, '')
  return `${safe === '' ? 'cluster' : safe.slice(0, 100)}/${isoTime.slice(0, 10)}`
}

const DEFAULT_PARENT = 'reports'

/** The folder of a report that nobody named. */
export const defaultFolder = (clusterName: string, isoTime: string): string =>
  join(DEFAULT_PARENT, reportPath(clusterName, isoTime))

/**
 * Writes `files` (path inside the folder to text) so that `folder` holds exactly them. An earlier report there is
 * replaced as a whole. Fails with `bad-output`, and leaves everything as it was, where the folder holds anything else or
 * cannot be written.
 *
 * Synchronous on purpose: a signal is then handled before or after it, never in the middle.
 */
export function publish(folder: string, files: ReadonlyMap<string, string>): void {
  try {
    refuseOthersFiles(folder, files)
    // Through a link to a folder, the folder it stands for is written.
    const target = existsSync(folder) ? realpathSync(folder) : resolve(folder)
    if (existsSync(target) && !canBeSwapped(target)) replaceInside(target, files)
    else replaceWhole(target, files)
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw badOutput(folder, wordingOf(error), error)
  }
}

/** Looks before anything is computed, so that a long run does not end in a refusal; leaves everything as it was. */
export function checkFolder(folder: string | undefined): void {
  try {
    if (folder !== undefined) refuseOthersFiles(folder, new Map())
    tryToWrite(folder ?? defaultFolder('', ''))
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw badOutput(folder ?? DEFAULT_PARENT, wordingOf(error), error)
  }
}

/** Makes a folder where `publish` will make its first one: permissions do not tell what every file system allows. */
function tryToWrite(folder: string): void {
  const target = existsSync(folder) ? realpathSync(folder) : resolve(folder)
  let place = existsSync(target) && !canBeSwapped(target) ? target : dirname(target)
  while (!existsSync(place)) place = dirname(place)
  try {
    rmdirSync(mkdtempSync(join(place, `${PREFIX}${process.pid}-`)))
  } catch (error) {
    if (isSystemError(error)) error.path = place
    throw error
  }
}

function refuseOthersFiles(folder: string, files: ReadonlyMap<string, string>): void {
  if (!existsSync(folder)) return
  if (!statSync(folder).isDirectory()) throw badOutput(folder, 'is a file, not a folder')
  const ours = new Set([...REPORT_NAMES, ...[...files.keys()].map((path) => path.split('/', 1)[0] ?? path)])
  // A volume of its own has `lost+found`; what a killed run left begins with our prefix.
  const strange = readdirSync(folder).filter(
    (name) => !ours.has(name) && name !== 'lost+found' && !name.startsWith(PREFIX),
  )
  if (strange.length === 0) return
  const named = strange.sort().slice(0, 5).join(', ')
  const more = strange.length > 5 ? ` and ${strange.length - 5} more` : ''
  throw badOutput(folder, `holds files that are no part of a report (${named}${more}), which would be lost`)
}

const PREFIX = '.k8s-cost-'

/** A mount point and the working directory cannot be renamed away; a parent without write permission forbids it. */
function canBeSwapped(target: string): boolean {
  const toHere = relative(target, process.cwd())
  if (toHere === '' || !(toHere === '..' || toHere.startsWith(`..${sep}`))) return false
  const parent = dirname(target)
  if (statSync(parent).dev !== statSync(target).dev) return false
  try {
    accessSync(parent, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The usual way: a sibling folder takes the place of the old one, in two renames. */
function replaceWhole(target: string, files: ReadonlyMap<string, string>): void {
  makeFolder(dirname(target))
  const fresh = join(dirname(target), `${PREFIX}${process.pid}-new-${basename(target)}`)
  const old = join(dirname(target), `${PREFIX}${process.pid}-old-${basename(target)}`)
  removeLeftovers(dirname(target))
  const aside: Move[] = existsSync(target) ? [{ from: target, to: old }] : []
  try {
    writeAll(fresh, files)
    moveAll([...aside, { from: fresh, to: target }])
    rmSync(old, { recursive: true, force: true })
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** Where the folder itself must stay: its entries are exchanged one by one, and all go back if one fails. */
function replaceInside(target: string, files: ReadonlyMap<string, string>): void {
  const fresh = join(target, `${PREFIX}${process.pid}-new`)
  const old = join(target, `${PREFIX}${process.pid}-old`)
  removeLeftovers(target)
  try {
    const present = readdirSync(target).filter((name) => REPORT_NAMES.has(name))
    writeAll(fresh, files)
    mkdirSync(old)
    moveAll([
      ...present.map((name) => ({ from: join(target, name), to: join(old, name) })),
      ...readdirSync(fresh).map((name) => ({ from: join(fresh, name), to: join(target, name) })),
    ])
    rmSync(old, { recursive: true, force: true })
  } catch (error) {
    // Empty again once everything went back; what could not go back stays there.
    if (existsSync(old) && readdirSync(old).length === 0) rmSync(old, { recursive: true })
    throw error
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** What a killed run of this machine left: its name holds a process id that is ours now, or nobody's. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(/^\.k8s-cost-(\d+)-/.exec(name)?.[1])
    if (pid === process.pid || (pid > 0 && !isAlive(pid))) rmSync(join(folder, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(isSystemError(error) && error.code === 'ESRCH')
  }
}

function writeAll(folder: string, files: ReadonlyMap<string, string>): void {
  mkdirSync(folder)
  for (const [path, text] of files) {
    makeFolder(dirname(join(folder, path)))
    writeFileSync(join(folder, path), text)
  }
}

/** Unlike `mkdir -p` of Node 20, it ends where a file system answers "no such file" for a folder that is there (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path)
}

type Move = { readonly from: string; readonly to: string }

/** All moves, or none: the first that fails takes back those before it. */
function moveAll(moves: readonly Move[]): void {
  const done: Move[] = []
  try {
    for (const move of moves) {
      renameSync(move.from, move.to)
      done.push(move)
    }
  } catch (error) {
    for (const { from, to } of done.reverse()) renameSync(to, from)
    throw error
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && 'syscall' in error

function wordingOf(error: NodeJS.ErrnoException): string {
  const where = error.path === undefined ? '' : ` (${error.path})`
  switch (error.code) {
    case 'EACCES':
    case 'EPERM':
      return `cannot be written: permission denied${where}`
    case 'EROFS':
      return `cannot be written: the file system is read-only${where}`
    case 'ENOSPC':
    case 'EDQUOT':
      return `cannot be written: no space left${where}`
    case 'ENOTDIR':
    case 'EEXIST':
      return `cannot be made: a part of the path is a file${where}`
    default:
      return `cannot be written: ${error.code ?? error.message}${where}`
  }
}

const badOutput = (path: string, problem: string, cause?: Error): FailureError =>
  new FailureError({ kind: 'bad-output', path, problem, fix: 'Name another folder with --out.' }, { cause })
