import type { GroupLimit } from '../../src/domain/group-limit.js'
import type { NodeOption } from '../../src/domain/plan.js'
import { seenLabels, type Interests } from '../../src/pack/interests.js'
import { burdenOf, withoutDominated } from '../../src/pack/prune.js'
import { room } from '../../src/pack/shapes.js'

/** What is left of the options once those that others beat are left out, as a run offers them. */
export const remainingOf = (
  options: readonly NodeOption[],
  interests: Interests,
  { inUse = [], limit }: { readonly inUse?: readonly string[]; readonly limit?: GroupLimit | undefined } = {},
): NodeOption[] =>
  withoutDominated(
    options.map((option) => ({
      ...option,
      option,
      rate: option.price.rate,
      free: room(option),
      burden: burdenOf(option, limit),
      seen: seenLabels(option.labels, interests),
    })),
    new Set(inUse),
  ).map(({ option }) => option)
