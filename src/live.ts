import { checkCluster } from './collect/cluster/check.js'
import { Connection } from './collect/cluster/connection.js'
import { openKubeConfig, type ClusterChoice } from './collect/cluster/kube-config.js'
import { PageStore } from './collect/cluster/page-store.js'
import { readCluster, type ReadOptions } from './collect/cluster/read-cluster.js'
import { redactionKey, redactor } from './collect/cluster/redact.js'
import { notesObject, SnapshotBuilder } from './collect/snapshot-file.js'
import type { Snapshot } from './domain/snapshot.js'
import { VERSION } from './package.js'
import type { Logger, Progress } from './progress.js'

type Reporting = { readonly progress: Progress; readonly log: Logger }

/** Sent with each request, so that the people of the cluster know who asks. */
const USER_AGENT = `k8s-cost/${VERSION}`

/** Reads a live cluster straight into a Snapshot: the same one that `collectToFile` and `--snapshot` would give. */
export async function readLive(choice: ClusterChoice, reporting: Reporting): Promise<Snapshot> {
  const builder = new SnapshotBuilder()
  const connection = await open(choice, reporting)
  const notes = await readCluster(
    connection,
    {
      add: (_, items) => {
        for (const item of items) builder.add(item, connection.label)
      },
      drop: (kind) => builder.drop(kind),
    },
    readOptions(reporting),
  )
  builder.note(notes)
  return builder.snapshot()
}

/** Reads a live cluster into a file for `--snapshot`; gives the number of objects in it. */
export async function collectToFile(
  choice: ClusterChoice,
  { file, redact }: { readonly file: string; readonly redact: boolean },
  reporting: Reporting,
): Promise<number> {
  const connection = await open(choice, reporting)
  const options = readOptions(reporting)
  const store = new PageStore(redact ? redactor(await redactionKey(connection, options)) : undefined)
  const notes = await readCluster(connection, store, options)
  reporting.progress.show(`writing ${file}`)
  store.write(file, [notesObject(notes)])
  for (const { code, subject, detail } of notes.findings) reporting.log.warn(detail, { code, subject })
  return store.objects
}

/** Asks each source for a little, and says what works, what is denied, and what to add. */
export async function checkSources(choice: ClusterChoice, reporting: Reporting): Promise<string> {
  const connection = await open(choice, reporting)
  const checks = await checkCluster(connection, readOptions(reporting))
  const rows = checks.map(({ source, state, remedy }) => [source, state, remedy])
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const missing = checks.filter(({ state, need }) => state !== 'works' && need === 'needed')
  const verdict =
    missing.length === 0
      ? 'A report can be made.'
      : `No report can be made without ${missing.map(({ source }) => source).join(' and ')}.`
  return [connection.label, '', ...lines, '', verdict, ''].join('\n')
}

async function open(choice: ClusterChoice, { progress, log }: Reporting): Promise<Connection> {
  const access = await openKubeConfig(choice, process.env)
  log.info('reading', { source: access.label })
  progress.show(`reading ${access.label}`)
  return new Connection(access, USER_AGENT)
}

const readOptions = ({ progress, log }: Reporting) =>
  ({
    onProgress: (objects: number) => progress.show(`read ${objects} objects`),
    onWait: (why: string, ms: number) => {
      log.info(`${why}; trying again`, { afterMs: ms })
      progress.show(`${why}; trying again in ${Math.ceil(ms / 1000)} s`)
    },
  }) satisfies ReadOptions
