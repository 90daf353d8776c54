/** Runs all benchmarks, one after the other, each in a process of its own; exits with 1 where one of them fails. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const BENCHMARKS: readonly { readonly title: string; readonly module: string }[] = [
  { title: 'Start and demo', module: './start.ts' },
  { title: 'Checking plans', module: './verify.ts' },
  { title: 'Reading a cluster', module: './cluster-list.ts' },
  { title: 'A large cluster', module: './large.ts' },
  { title: 'Packing (npm run bench:pack)', module: './pack/run.ts' },
]

const failed = BENCHMARKS.filter(({ title, module }) => {
  console.log(`\n== ${title}`)
  const file = fileURLToPath(new URL(module, import.meta.url))
  // With the loader that runs this module.
  const { status } = spawnSync(process.execPath, [...process.execArgv, file], { stdio: 'inherit' })
  return status !== 0
})
if (failed.length > 0) {
  console.log(`\nFAILED: ${failed.map(({ title }) => title).join(', ')}`)
  process.exitCode = 1
}
