import { askedNodes, asksAws, readAws } from './aws.js'
import { awsFindings } from './collect/aws/findings.js'
import { redactAws } from './collect/aws/redact.js'
import { Connection } from './collect/cluster/connection.js'
import { openKubeConfig, type ClusterChoice } from './collect/cluster/kube-config.js'
import { checkFile, PageStore } from './collect/cluster/page-store.js'
import { readCluster, type ClusterSink, type ReadOptions } from './collect/cluster/read-cluster.js'
import { redactionKey, redactor } from './collect/cluster/redact.js'
import { text, type Json } from './collect/fields.js'
import { readNode } from './collect/read-kinds.js'
import { notesObject, SnapshotBuilder, type CollectNotes } from './collect/snapshot-file.js'
import type { AwsSnapshot } from './domain/aws-snapshot.js'
import type { Finding, NodeObject, Snapshot } from './domain/snapshot.js'
import type { AwsOptions } from './options.js'
import { VERSION } from './package.js'
import type { Logger, Progress } from './progress.js'

type Reporting = { readonly progress: Progress; readonly log: Logger }

/** Sent with each request, so that the people of the cluster know who asks. */
const USER_AGENT = `k8s-cost/${VERSION}`

/** Asks AWS about the instances of these nodes. */
export type AskAws = (nodes: readonly NodeObject[], signal: AbortSignal) => Promise<AwsSnapshot | undefined>

/** Reads a live cluster straight into a Snapshot: the same one that `collectToFile` and `--snapshot` would give. */
export async function readLive(
  choice: ClusterChoice,
  reporting: Reporting,
  ask: AskAws | undefined,
): Promise<Snapshot> {
  const builder = new SnapshotBuilder()
  const connection = await open(choice, reporting)
  const sink: ClusterSink = {
    add: (_, items) => {
      for (const item of items) builder.add(item, connection.label)
    },
    drop: (kind) => builder.drop(kind),
  }
  const { notes, aws } = await readBoth(connection, sink, readOptions(reporting), ask)
  builder.note(notes)
  if (aws !== undefined) builder.addAws(aws, connection.label)
  return builder.snapshot()
}

/** Reads a live cluster and AWS into a file for `--snapshot`; gives the number of objects, and the region asked about. */
export async function collectToFile(
  options: AwsOptions & { readonly cluster: ClusterChoice },
  { file, redact }: { readonly file: string; readonly redact: boolean },
  reporting: Reporting,
): Promise<{ readonly objects: number; readonly aws: string | undefined }> {
  const { progress, log } = reporting
  checkFile(file)
  const connection = await open(options.cluster, reporting)
  const reading = readOptions(reporting)
  const change = redact ? redactor(await redactionKey(connection, reading)) : undefined
  const store = new PageStore(change)
  let asked: ReturnType<typeof askedNodes> = []
  const ask: AskAws = (nodes, signal) => {
    asked = askedNodes(nodes)
    return readAws(nodes, options, reporting, signal)
  }
  const { notes, aws } = await readBoth(connection, store, reading, asksAws(options) ? ask : undefined)
  progress.show(`writing ${file}`)
  const kept = aws === undefined || change === undefined ? aws : redactAws(aws, pseudonymOf(change))
  store.write(file, [...(kept === undefined ? [] : [kept]), notesObject(notes)])
  for (const { code, subject, detail } of notes.findings) log.warn(detail, { code, subject })
  if (aws !== undefined) warnOnce(awsFindings(aws, asked), log)
  return { objects: store.objects, aws: aws?.region }
}

/** The pseudonyms of the Kubernetes objects: ids are found again in the providerIDs of nodes, names in labels. */
const pseudonymOf =
  (change: (item: Json) => Json): Parameters<typeof redactAws>[1] =>
  (kind, name) =>
    ['instance', 'subnet', 'vpc', 'reservation'].includes(kind)
      ? text(change({ providerID: name })['providerID'])
      : text(change({ name })['name'])

/** One line for each code: what holds for one instance holds for hundreds. */
function warnOnce(findings: readonly Finding[], log: Logger): void {
  for (const code of new Set(findings.map((finding) => finding.code))) {
    const [first, ...others] = findings.filter((finding) => finding.code === code)
    if (first !== undefined) log.warn(first.detail, { code, subject: first.subject, more: others.length })
  }
}

/** Reads the cluster, and AWS beside it from the moment on at which the nodes are known. */
async function readBoth(
  connection: Connection,
  sink: ClusterSink,
  options: ReadOptions,
  ask: AskAws | undefined,
): Promise<{ readonly notes: CollectNotes; readonly aws: AwsSnapshot | undefined }> {
  if (ask === undefined) return { notes: await readCluster(connection, sink, options), aws: undefined }
  const abort = new AbortController()
  let known: (nodes: readonly NodeObject[]) => void = () => undefined
  const nodes = new Promise<readonly NodeObject[]>((resolve) => (known = resolve))
  const watched = new NodeWatch(sink, (all) => known(all))
  try {
    const [notes, aws] = await Promise.all([
      readCluster(connection, watched, options).then((done) => {
        watched.end()
        return done
      }),
      nodes.then((all) => ask(all, abort.signal)),
    ])
    return { notes, aws }
  } finally {
    abort.abort()
  }
}

/** Lets everything pass, and tells the nodes once their list is whole, which it is when the next kind begins. */
class NodeWatch implements ClusterSink {
  readonly #sink: ClusterSink
  readonly #onNodes: (nodes: readonly NodeObject[]) => void
  #nodes: NodeObject[] = []

  constructor(sink: ClusterSink, onNodes: (nodes: readonly NodeObject[]) => void) {
    this.#sink = sink
    this.#onNodes = onNodes
  }

  readonly add: ClusterSink['add'] = (kind, items) => {
    if (kind !== 'Node') this.end()
    this.#sink.add(kind, kind === 'Node' ? this.#seen(items) : items)
  }

  readonly drop: ClusterSink['drop'] = (kind) => {
    if (kind === 'Node') this.#nodes = []
    else this.end()
    this.#sink.drop(kind)
  }

  /** Telling them again changes nothing. */
  end(): void {
    this.#onNodes(this.#nodes)
  }

  *#seen(items: Iterable<Json>): Generator<Json, void, undefined> {
    for (const item of items) {
      this.#nodes.push(readNode(item))
      yield item
    }
  }
}

/** A connection to the cluster; nothing is asked yet. */
export async function open(choice: ClusterChoice, { progress, log }: Reporting): Promise<Connection> {
  const access = await openKubeConfig(choice, process.env)
  log.info('reading', { source: access.label })
  progress.show(`reading ${access.label}`)
  return new Connection(access, USER_AGENT)
}

export const readOptions = ({ progress, log }: Reporting) =>
  ({
    onProgress: (objects: number) => progress.show(`read ${objects} objects`),
    onWait: (why: string, ms: number) => {
      log.info(`${why}; trying again`, { afterMs: ms })
      progress.show(`${why}; trying again in ${Math.ceil(ms / 1000)} s`)
    },
  }) satisfies ReadOptions
