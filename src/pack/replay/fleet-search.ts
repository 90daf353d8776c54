import type { Alternatives, Fleet } from './fleet.js'
import type { ReplayScheduler } from './replay.js'
import type { Shop } from './shop.js'

/** What a search for fleets that the scheduler fills by itself is given. */
export type FleetSearch = {
  readonly scheduler: ReplayScheduler
  readonly groups: readonly Alternatives[]
  readonly shop: Shop
  /** Do the pods have a place there that also keeps to what the scheduler does not know, such as fitness for spot? */
  readonly hasPlaces: (fleet: Fleet) => boolean
  /** Exchanges nodes so that limits over all of them hold that the scheduler does not know; absent: there are none. */
  readonly ease?: (fleet: Fleet) => Fleet
}
