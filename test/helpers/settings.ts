import type { Settings } from '../../src/problem.js'

/** What a user has who says nothing, but that any node may carry everything. */
export const SETTINGS: Settings = {
  now: '2026-11-21T00:00:00Z',
  region: undefined,
  clusterName: undefined,
  priceSource: 'test',
  wantedType: () => true,
  architectures: undefined,
  cni: undefined,
  maxSpot: undefined,
  headroom: 0,
  maxNodeShare: 1,
  minNodes: undefined,
}
