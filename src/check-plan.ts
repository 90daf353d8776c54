import { readCatalog } from './collect/catalog-file.js'
import { readReportFolder } from './collect/report-folder.js'
import { readSnapshot } from './collect/snapshot-file.js'
import type { TableFormat } from './command-line.js'
import type { PriceCatalog } from './domain/catalog.js'
import type { Cluster } from './domain/cluster.js'
import type { Snapshot } from './domain/snapshot.js'
import { FailureError } from './failure.js'
import { buildCluster } from './model/build-cluster.js'
import { capacityOf } from './model/capacity/of-cluster.js'
import { packageData } from './package.js'
import { verifyPlan } from './pack/verify.js'
import type { Progress } from './progress.js'
import { checkText, type PlanCheck } from './report/plan-check.js'
import { EMBEDDED_CATALOG } from './tables.js'
import { writtenPlan, type AttachLimitsOf } from './written-plan.js'

/** The answer of `verify`, and the failure to end with where the plan breaks a rule. */
export type CheckAnswer = { readonly text: string; readonly failure: FailureError | undefined }

/**
 * Checks the plan that a report's files say against the scheduler's rules, from these files and the snapshot alone. Of
 * the program's knowledge only the volumes that a new node may attach come from elsewhere: from the catalog in the package.
 */
export async function checkPlan(
  folder: string,
  snapshots: readonly string[],
  format: TableFormat,
  progress: Progress,
): Promise<CheckAnswer> {
  const report = await readReportFolder(folder)
  const snapshot = await readSnapshot(snapshots, (objects) => progress.show(`read ${objects} objects`))
  progress.show('checking the plan')
  const cluster = buildCluster(snapshot, { name: undefined, region: undefined })
  const { plan, mustPlace, oddities } = writtenPlan(report, cluster, await attachLimits(cluster, snapshot))
  // A pod whose row could not be used is missing from the plan as well: said once is enough.
  const odd = new Set(oddities.map(({ pod }) => pod))
  const found = [
    ...oddities.map((oddity) => ({ ...oddity, inherited: false })),
    ...verifyPlan({ plan, cluster, mustPlace }).filter(({ pod, rule }) => rule !== 'MissingPod' || !odd.has(pod)),
  ]
  const check: PlanCheck = {
    pods: report.placements.length,
    nodes: report.nodes.length,
    violations: found.filter(({ inherited }) => !inherited).length,
    inherited: found.filter(({ inherited }) => inherited).length,
    found,
  }
  progress.clear()
  return { text: checkText(check, format), failure: check.violations === 0 ? undefined : brokenPlan(folder, check) }
}

const brokenPlan = (folder: string, { violations, pods, nodes }: PlanCheck): FailureError =>
  new FailureError({
    kind: 'bad-input',
    file: folder,
    problem: `the plan breaks the scheduler's rules ${violations === 1 ? 'once' : `${violations} times`} (${pods} pods on ${nodes} nodes)`,
    fix: 'Do not carry it out: run k8s-cost analyze on this snapshot again.',
  })

/** Predicted as `analyze` does for the nodes that it proposes; types that the catalog does not know have no limit. */
export async function attachLimits(cluster: Cluster, snapshot: Snapshot): Promise<AttachLimitsOf> {
  const catalog: PriceCatalog = await readCatalog(packageData(EMBEDDED_CATALOG))
  const capacity = capacityOf(cluster, snapshot, (name) => catalog.types.get(name), undefined)
  return (group, instanceType) => {
    const type = catalog.types.get(instanceType)
    return type === undefined ? {} : capacity.modelFor(group)(type).attachLimits
  }
}
