/**
 * Kubernetes itself, for checks that no imitation can make: etcd, kube-apiserver, kube-scheduler and the DaemonSet
 * controller, built from their Go modules into one program (tools/kubernetes-main.go) and kept in the user's cache.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defaultCacheDir } from '../src/collect/aws/cache.js'

const MAIN = fileURLToPath(new URL('kubernetes-main.go', import.meta.url))
const DEFAULT_VERSION = '1.34.4'

/** `missing`: why there is none, for people. */
export type Found =
  | { readonly kind: 'found'; readonly program: string; readonly version: string }
  | { readonly kind: 'missing'; readonly why: string }

/** `K8S_COST_KUBERNETES` names another version. `say` is told before what takes long. */
export async function findKubernetes(say: (line: string) => void): Promise<Found> {
  const version = process.env['K8S_COST_KUBERNETES'] ?? DEFAULT_VERSION
  const [, minor, patch] = /^1\.(\d+)\.(\d+)$/.exec(version) ?? []
  if (minor === undefined || patch === undefined)
    return { kind: 'missing', why: `K8S_COST_KUBERNETES is "${version}", not a version such as ${DEFAULT_VERSION}` }
  const source = readFileSync(MAIN, 'utf8')
  const kept = join(defaultCacheDir(process.env, process.platform), `kubernetes-${version}`)
  const program = join(kept, process.platform === 'win32' ? 'kubernetes.exe' : 'kubernetes')
  const builtFrom = join(kept, 'main.go')
  if (existsSync(program) && existsSync(builtFrom) && readFileSync(builtFrom, 'utf8') === source)
    return { kind: 'found', program, version }
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0)
    return { kind: 'missing', why: 'there is no Go here to build it with' }
  say(`building Kubernetes ${version} from its Go modules into ${kept}: some seven minutes of processor time, once`)
  const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-kubernetes-'))
  try {
    copyFileSync(MAIN, join(folder, 'main.go'))
    const why = (await writeModule(folder, version, `0.${minor}.${patch}`)) ?? (await build(folder, version, minor))
    if (why !== undefined) return { kind: 'missing', why }
    mkdirSync(dirname(program), { recursive: true })
    copyFileSync(join(folder, 'kubernetes'), `${program}.new`)
    renameSync(`${program}.new`, program)
    writeFileSync(builtFrom, source)
    return { kind: 'found', program, version }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The build of a program that imports Kubernetes has to repeat where each part of its repository is published. */
async function writeModule(folder: string, version: string, staging: string): Promise<string | undefined> {
  const { status, stdout, stderr } = await go(folder, ['mod', 'download', '-json', `k8s.io/kubernetes@v${version}`])
  const { GoMod: file, Error: error } = JSON.parse(stdout.trim() || '{}') as { GoMod?: string; Error?: string }
  if (status !== 0 || file === undefined)
    return `the Go modules of Kubernetes ${version} cannot be had: ${error ?? lastLine(stderr)}`
  const theirs = readFileSync(file, 'utf8')
  const parts = [...theirs.matchAll(/^\s+(\S+) => \.\/staging\/src\/\S+/gm)].flatMap(([, part]) => part ?? [])
  const [, etcd] = /go\.etcd\.io\/etcd\/server\/v3 (\S+)/.exec(theirs) ?? []
  const [, language] = /^go (\S+)/m.exec(theirs) ?? []
  const lines = [
    `module k8s-cost-kubernetes`,
    `go ${language}`,
    `require k8s.io/kubernetes v${version}`,
    ...['client-go', 'component-base'].map((part) => `require k8s.io/${part} v${staging}`),
    `require go.etcd.io/etcd/server/v3 ${etcd}`,
    ...parts.map((part) => `replace ${part} => ${part} v${staging}`),
  ]
  writeFileSync(join(folder, 'go.mod'), `${lines.join('\n')}\n`)
  return undefined
}

async function build(folder: string, version: string, minor: string): Promise<string | undefined> {
  const about = 'k8s.io/component-base/version'
  const settings = { gitVersion: `v${version}`, gitMajor: '1', gitMinor: minor }
  const flags = ['-s', '-w', ...Object.entries(settings).map(([name, value]) => `-X ${about}.${name}=${value}`)]
  const { status, stderr } = await go(folder, [
    'build',
    '-p',
    '2',
    '-ldflags',
    flags.join(' '),
    '-o',
    'kubernetes',
    '.',
  ])
  return status === 0 ? undefined : `Kubernetes ${version} could not be built: ${lastLine(stderr)}`
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

type Outcome = { readonly status: number | null; readonly stdout: string; readonly stderr: string }

/** Politely: a build must not slow down what else this machine does. */
function go(cwd: string, args: readonly string[]): Promise<Outcome> {
  const hasNice = process.platform !== 'win32'
  const env = {
    ...process.env,
    GOFLAGS: '-mod=mod -buildvcs=false',
    GOTOOLCHAIN: 'local',
    CGO_ENABLED: '0',
    GO111MODULE: 'on',
    GOWORK: 'off',
  }
  const child = hasNice
    ? spawn('nice', ['-n', '10', 'go', ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    : spawn('go', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()))
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ status: null, stdout: '', stderr: error.message }))
    child.on('close', (status) => resolve({ status, ...texts }))
  })
}
