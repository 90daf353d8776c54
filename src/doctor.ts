import { profileRegion, regionOfNodes } from './aws.js'
import { checkAws, type AwsCheck, type AwsCheckResult } from './collect/aws/check.js'
import { checkCluster, firstNodes, type SourceCheck } from './collect/cluster/check.js'
import type { NodeObject } from './domain/snapshot.js'
import { explain, FailureError } from './failure.js'
import { open, readOptions } from './live.js'
import { clusterName } from './model/group-name.js'
import type { AwsOptions, ClusterOptions } from './options.js'
import { VERSION } from './package.js'
import type { Logger, Progress } from './progress.js'
import { aligned } from './report/aligned.js'
import { s3Place, s3Url } from './s3-url.js'

type Reporting = { readonly progress: Progress; readonly log: Logger }

/** One half of the answer: its lines, and whether anything in it works. */
type Half = { readonly lines: readonly string[]; readonly works: boolean; readonly failure?: FailureError }

/**
 * Asks each source, of the cluster and of AWS, for a little, and says what works, what is denied, and what to add. A
 * failure comes with it only where nothing works at all.
 */
export async function examineSources(
  options: AwsOptions & { readonly cluster: ClusterOptions; readonly out?: string | undefined },
  reporting: Reporting,
): Promise<{ readonly text: string; readonly failure: FailureError | undefined }> {
  const { nodes, ...cluster } = await examineCluster(options.cluster, reporting)
  reporting.progress.show('asking AWS')
  const aws = await examineAws(nodes, options)
  const target = await examineTarget(options)
  const text = [...cluster.lines, '', ...aws.lines, '', ...target].join('\n')
  if (cluster.works || aws.works) return { text, failure: undefined }
  const nothing = new FailureError({
    kind: 'unreadable-source',
    source: 'cluster and AWS',
    problem: 'nothing may be read',
    fix: 'Add the permissions that are listed, or use other credentials.',
  })
  return { text, failure: cluster.failure ?? aws.failure ?? nothing }
}

async function examineCluster(
  choice: ClusterOptions,
  reporting: Reporting,
): Promise<Half & { readonly nodes: readonly NodeObject[] }> {
  let label = 'cluster'
  try {
    const connection = await open(choice, reporting)
    label = connection.label
    const nodes = await firstNodes(connection, readOptions(reporting))
    const checks = await checkCluster(connection, readOptions(reporting))
    const missing = checks.filter(({ state, need }) => state !== 'works' && need === 'needed')
    const verdict =
      missing.length === 0
        ? 'A report can be made.'
        : `No report can be made without ${missing.map(({ source }) => source).join(' and ')}.`
    const rows = checks.map(({ source, state, remedy }) => [source, state, remedy])
    return { lines: [label, '', ...aligned(rows), '', verdict], works: checks.some(works), nodes }
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    const lines = [label, '', explain(error.failure).text, '', 'No report of a live cluster can be made.']
    return { lines, works: false, failure: error, nodes: [] }
  }
}

/** The bucket that `--out` names; no line where it names none. */
async function examineTarget({
  out,
  region,
}: {
  readonly out?: string | undefined
  readonly region: string | undefined
}): Promise<readonly string[]> {
  const place = out === undefined ? undefined : s3Place(out)
  if (place === undefined) return []
  const { checkTarget } = await import('./upload/check.js')
  const deps = { region: (await profileRegion()) ?? region ?? 'us-east-1', version: VERSION, env: process.env }
  const rows = (await checkTarget(place, deps)).map(({ action, state, remedy }) => [action, state, remedy])
  return [`Upload to ${s3Url(place)}`, '', ...aligned(rows), '']
}

const works = ({ state }: SourceCheck): boolean => state === 'works'

async function examineAws(nodes: readonly NodeObject[], options: AwsOptions): Promise<Half> {
  const region = options.region ?? regionOfNodes(nodes) ?? (await profileRegion())
  if (region === undefined)
    return {
      lines: ['AWS', '', 'Not tried: the region is not known. Pass --region, or set AWS_REGION.'],
      works: false,
    }
  const request = { region, clusterName: clusterName(nodes), pricingProfile: options.pricingProfile }
  const check = await checkAws(request, { now: new Date(), version: VERSION, env: process.env })
  const title = `AWS in ${region}`
  if (check.identity.kind === 'none') {
    const failure = new FailureError(check.identity.failure)
    return { lines: [title, '', failure.message, '', PACKAGE_VERDICT], works: false, failure }
  }
  const { account, arn } = check.identity
  const who = account === undefined ? '' : `, account ${account}${arn === undefined ? '' : `, as ${arn}`}`
  return {
    lines: [`${title}${who}`, '', ...aligned(check.results.map(rowOf)), '', ...additions(check), verdictOf(check)],
    works: check.results.some(({ outcome }) => outcome.kind === 'works'),
  }
}

const PACKAGE_VERDICT = 'Prices will be those of the catalog in the package.'

const verdictOf = ({ results }: AwsCheck): string =>
  results.some(({ action, outcome }) => action === 'pricing:GetProducts' && outcome.kind === 'works')
    ? "Prices will be AWS's own."
    : PACKAGE_VERDICT

function rowOf({ action, gives, outcome }: AwsCheckResult): string[] {
  switch (outcome.kind) {
    case 'works':
      return [action, 'works', '']
    case 'denied':
      return [action, 'denied', `no ${gives}`]
    case 'failed':
      return [action, 'fails', outcome.why]
    case 'untried':
      return [action, 'absent', outcome.why]
    default:
      return outcome satisfies never
  }
}

const additions = ({ policy }: AwsCheck): readonly string[] =>
  policy === undefined ? [] : ['Add to an IAM policy:', ...JSON.stringify(policy, undefined, 2).split('\n'), '']
