import type { AwsClusterFacts, AwsRead } from './domain/aws-snapshot.js'
import type { PriceBook, PriceCatalog } from './domain/catalog.js'
import type { Bill, Cluster, Node, NodeGroup } from './domain/cluster.js'
import type { GroupLimit } from './domain/group-limit.js'
import type { Architecture } from './domain/offering.js'
import type { Snapshot } from './domain/snapshot.js'
import { buildCluster } from './model/build-cluster.js'
import type { CniOverride } from './model/capacity/cni.js'
import { capacityOf, type ClusterCapacity } from './model/capacity/of-cluster.js'
import { subnetRail, type FreeAddresses } from './model/capacity/plan-addresses.js'
import { billedFargateSize } from './model/fargate.js'
import { movability, needsNoPlace, type Movability } from './model/movability.js'
import { allowedByNodePool } from './model/node-pool.js'
import { labelOfType, optionLabels } from './model/option-labels.js'
import type { SpotWords } from './model/spot-words.js'
import { offer, type Market } from './pack/offer.js'
import { isPacked, packState } from './pack/state.js'
import { bill as billOf, controlPlaneFee } from './price/bill.js'
import { nodePrice, runAsByGroup } from './price/node-price.js'
import { priceBook } from './price/price-book.js'
import type { WantedRails } from './domain/guard-rails.js'
import { guardRails } from './recommend/guard-rails.js'

/** What a user decides; everything else follows from the snapshot and the catalog. */
export type Settings = WantedRails & {
  /** The report's clock, ISO. */
  readonly now: string
  readonly region: string | undefined
  readonly clusterName: string | undefined
  /** e.g. `the price catalog in the package`. */
  readonly priceSource: string
  readonly wantedType: (name: string) => boolean
  readonly architectures: readonly Architecture[] | undefined
  readonly cni: CniOverride | undefined
  readonly maxSpot: number | undefined
  /** The user's word on workloads and spot, over what is judged. */
  readonly spotWords?: SpotWords
  /** Free addresses of the cluster's subnets by zone; absent where AWS was not asked. */
  readonly freeAddresses?: FreeAddresses | undefined
}

/** What is known of a cluster before anything is packed. */
export type Model = {
  readonly cluster: Cluster
  readonly book: PriceBook
  readonly bill: Bill
  readonly capacity: ClusterCapacity
  readonly moves: Movability
}

export function modelOf(snapshot: Snapshot, catalog: PriceCatalog, settings: Settings): Model {
  const cluster = buildCluster(snapshot, { name: settings.clusterName, region: settings.region })
  const book = priceBook(catalog, cluster.region)
  const bill = billNow(cluster, book, snapshot.aws?.cluster)
  const capacity = capacityOf(cluster, snapshot, book.type, settings.cni)
  const moves = movability(cluster, snapshot, settings.now, settings.spotWords)
  return { cluster, book, bill, capacity, moves }
}

/** What is to be packed, and the user's guard rails. */
export function problemOf({ cluster, book, bill, capacity, moves }: Model, settings: Settings) {
  const nodes = cluster.nodes.filter(isPacked)
  const limits = guardRails(nodes, settings, limitsOf(cluster))
  const market = marketOf(book, capacity, settings, cluster)
  const state = packState(cluster, {
    priceOf: (node) => priceIn(bill, node),
    optionsOf: (name, interests) => {
      const group = cluster.groups.find((one) => one.name === name)
      return group === undefined ? [] : offer(group, market, cluster.daemonSets, interests)
    },
    needsNoPlace,
    pinned: moves.pinned,
    removable: (node) => moves.nodes.get(node.name)?.removable ?? false,
    spotFit: (workload) => moves.spot.get(workload)?.eligible ?? false,
    spotRefused: (workload) => moves.spot.get(workload)?.refused ?? false,
    architectures: settings.architectures,
    limits: { ...limits, subnets: subnetRail(nodes, capacity.cni, book.type, settings.freeAddresses) },
  })
  return { limits, state }
}

/** Of groups with a NodePool that names some. */
const limitsOf = ({ groups }: Cluster): ReadonlyMap<string, GroupLimit> =>
  new Map(groups.flatMap(({ name, limit }) => (limit === undefined ? [] : [[name, limit] as const])))

export const priceIn = (bill: Bill, node: Node) =>
  bill.nodes.get(node.name) ?? ({ kind: 'unknown', why: 'not priced' } as const)

function billNow(cluster: Cluster, book: PriceBook, eks: AwsRead<AwsClusterFacts> | undefined): Bill {
  const facts = eks?.kind === 'read' ? eks.value : undefined
  const managed =
    facts !== undefined || cluster.nodes.some(({ owner }) => owner.startsWith('eks-') || owner === 'fargate')
  const fees = managed ? [controlPlaneFee(book, facts?.extendedSupport)] : []
  return billOf(cluster.nodes, (node) => nodePrice(node, book, billedFargateSize), fees)
}

function marketOf(book: PriceBook, capacity: ClusterCapacity, settings: Settings, cluster: Cluster): Market {
  const region = (group: NodeGroup): string | undefined => group.template.region ?? cluster.region
  const runAs = runAsByGroup(cluster.groups)
  return {
    types: book.types(),
    typeOf: book.type,
    wanted: settings.wantedType,
    architectures: settings.architectures,
    preferExisting: settings.preferExisting ?? 0,
    price: (type, zone, zoneId, capacityType, group) =>
      capacityType === 'spot'
        ? book.spot(type, zone, zoneId, runAs.get(group.name))
        : book.onDemand(type, zone, runAs.get(group.name)),
    offered: book.offered,
    predict: (group, type) => capacity.modelFor(group)(type),
    labels: (group, type, zone, zoneId, capacityType) =>
      optionLabels(group.template, type, zone, zoneId, capacityType, region(group)),
    labelOfType: (group, type) => labelOfType(group.template, type, region(group)),
    allowed: ({ template }, labels) =>
      template.nodePool === undefined || allowedByNodePool(template.nodePool, labels()),
  }
}
