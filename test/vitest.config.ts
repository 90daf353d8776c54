import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'

/** Tests of the built command: they need dist/, which is made once for all of them, and only when one of them runs. */
const BUILT = [
  'test/aws-wiring.test.ts',
  'test/bad-input.test.ts',
  'test/adds-up.test.ts',
  'test/cli.test.ts',
  'test/clusters.test.ts',
  'test/live-command.test.ts',
  'test/package.test.ts',
  'test/sample-report.test.ts',
  'test/upload-command.test.ts',
  'test/verify-command.test.ts',
]

/** What takes longest begins first, else it would run alone at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(...[files]: Parameters<BaseSequencer['sort']>): ReturnType<BaseSequencer['sort']> {
    const isLongest = ({ moduleId }: (typeof files)[number]): boolean => moduleId.endsWith('/test/clusters.test.ts')
    const sorted = await super.sort(files)
    return [...sorted.filter(isLongest), ...sorted.filter((file) => !isLongest(file))]
  }
}

const SETUP = 'test/same-examples.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

export default defineConfig({
  root,
  test: {
    // Vitest leaves a core free: of two cores it would use one.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', fileURLToPath(new URL('totals-reporter.ts', import.meta.url))],
    projects: [
      {
        root,
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: BUILT,
          setupFiles: SETUP,
          // Against tests that hang: busy machines take ten times as long.
          testTimeout: 120_000,
        },
      },
      {
        root,
        test: {
          name: 'built',
          include: BUILT,
          setupFiles: SETUP,
          globalSetup: 'test/build-once.ts',
          // A cluster of 300 nodes takes four minutes on a core of its own.
          testTimeout: 900_000,
        },
      },
    ],
  },
})
