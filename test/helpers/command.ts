import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const ENTRY = fileURLToPath(new URL('../../dist/entry.js', import.meta.url))

export type Run = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }

/**
 * The environment of this process, without what npm and the tests' own settings would add to the command's, and without
 * anybody's AWS account.
 */
export const cleanEnvironment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_|K8S_COST_|AWS_|SOURCE_DATE_EPOCH$|NO_COLOR$|NODE_OPTIONS$)/.test(name),
    ),
  ),
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: join(ROOT, 'absent', 'aws-config'),
  AWS_SHARED_CREDENTIALS_FILE: join(ROOT, 'absent', 'aws-credentials'),
})

const textOf = ({ status, stdout, stderr }: SpawnSyncReturns<string>): Run => ({ exitCode: status, stdout, stderr })

/** Runs the built command (dist/entry.js, which test/build-once.ts makes). */
export const k8sCost = (
  args: readonly string[],
  {
    cwd,
    env = {},
    input,
  }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly input?: string | Buffer } = {},
): Run =>
  textOf(
    spawnSync(process.execPath, [ENTRY, ...args], {
      encoding: 'utf8',
      env: { ...cleanEnvironment(), ...env },
      ...(cwd === undefined ? {} : { cwd }),
      ...(input === undefined ? {} : { input }),
    }),
  )

export const runIn = (cwd: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Run =>
  textOf(spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...cleanEnvironment(), ...env } }))
