import type { NodeOption } from '../../src/domain/plan.js'
import type { Pod } from '../../src/domain/pod.js'
import type { PackProblem } from '../../src/pack/problem.js'
import { holds, room } from '../../src/pack/shapes.js'
import { staticRefusals } from '../../src/pack/board/static-fit.js'

/** Could a node of this kind, holding nothing but its overhead, take the pod? Asked of each machine for itself. */
export const mayHold = (option: NodeOption, pod: Pod, suits: PackProblem['suits']): boolean =>
  holds(room(option), pod.needed) &&
  suits(pod, option) &&
  staticRefusals(pod, { ...option, name: '', unschedulable: false }).length === 0
