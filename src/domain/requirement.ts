import type { HostPort } from './pod.js'
import type { Expression, Labels, LabelSelector, NodeSelectorTerm, Taint, Toleration } from './snapshot.js'

/** Base-10 signed 64-bit integer, as Go's `strconv.ParseInt(text, 10, 64)` reads it; undefined where it would fail. */
export function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = BigInt(text.replace(/^\+/, ''))
  return BigInt.asIntN(64, value) === value ? value : undefined
}

const SELECTOR_OPERATORS: readonly string[] = ['In', 'NotIn', 'Exists', 'DoesNotExist']
const NODE_OPERATORS: readonly string[] = [...SELECTOR_OPERATORS, 'Gt', 'Lt']

/** Why the API server or the scheduler could not read an expression; undefined where it is sound. */
function flaw(expression: Expression, operators: readonly string[]): string | undefined {
  const { key, operator, values } = expression
  if (!operators.includes(operator)) return `${key}: operator ${operator || '(none)'} is not known`
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0 ? undefined : `${key}: ${operator} needs values`
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0 ? undefined : `${key}: ${operator} takes no values`
    default:
      return values.length === 1 && parseInt64(values[0] ?? '') !== undefined
        ? undefined
        : `${key}: ${operator} needs one integer`
  }
}

/** What makes a pod's label selector unreadable; undefined where nothing does. */
export function selectorFlaw(selector: LabelSelector | undefined): string | undefined {
  for (const expression of selector?.matchExpressions ?? []) {
    const text = flaw(expression, SELECTOR_OPERATORS)
    if (text !== undefined) return text
  }
  return undefined
}

const matchesSound = ({ operator, values }: Expression, value: string | undefined): boolean => {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default: {
      const left = value === undefined ? undefined : parseInt64(value)
      const right = parseInt64(values[0] ?? '')
      if (left === undefined || right === undefined) return false
      return operator === 'Gt' ? left > right : left < right
    }
  }
}

const matchesField = ({ key, operator, values }: Expression, nodeName: string): boolean =>
  key === 'metadata.name' &&
  values.length === 1 &&
  (operator === 'In' ? values[0] === nodeName : operator === 'NotIn' && values[0] !== nodeName)

/** What node rules look at. */
export type NodeIdentity = { readonly name: string; readonly labels: Labels }

/**
 * One term of a node selector: expressions and fields are ANDed; an empty term and a term that cannot be read match
 * nothing (component-helpers scheduling/corev1/nodeaffinity).
 */
export function matchesNodeTerm(term: NodeSelectorTerm, node: NodeIdentity): boolean {
  const { matchExpressions, matchFields } = term
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  return (
    matchExpressions.every(
      (each) => !flaw(each, NODE_OPERATORS) && matchesSound(each, valueOf(node.labels, each.key)),
    ) && matchFields.every((each) => matchesField(each, node.name))
  )
}

/** What makes expressions of these terms unreadable, one text each; such a term matches nothing. */
export const nodeTermFlaws = (terms: readonly NodeSelectorTerm[]): string[] =>
  terms.flatMap(({ matchExpressions }) => matchExpressions.flatMap((each) => flaw(each, NODE_OPERATORS) ?? []))

/** Terms are ORed; an empty list matches no node. */
export const matchesNodeTerms = (terms: readonly NodeSelectorTerm[], node: NodeIdentity): boolean =>
  terms.some((term) => matchesNodeTerm(term, node))

/** Label values by key, deaf to names that every JavaScript object inherits. */
export const valueOf = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined

/** Keys of a nodeSelector that the node lacks or has with another value. */
export const unmetNodeSelector = (nodeSelector: Labels, labels: Labels): string[] =>
  Object.keys(nodeSelector).filter((key) => valueOf(labels, key) !== nodeSelector[key])

/** Plugin NodeAffinity: the nodeSelector and, where there is one, the required node affinity. */
export const matchesNodeRules = (
  nodeSelector: Labels,
  requiredTerms: readonly NodeSelectorTerm[] | undefined,
  node: NodeIdentity,
): boolean =>
  unmetNodeSelector(nodeSelector, node.labels).length === 0 &&
  (requiredTerms === undefined || matchesNodeTerms(requiredTerms, node))

/** Undefined (null) and unreadable selectors match nothing, an empty one matches everything. */
export const matchesSelector = (selector: LabelSelector | undefined, labels: Labels): boolean =>
  selector !== undefined &&
  selectorFlaw(selector) === undefined &&
  Object.entries(selector.matchLabels).every(([key, value]) => valueOf(labels, key) === value) &&
  selector.matchExpressions.every((expression) => matchesSound(expression, valueOf(labels, expression.key)))

export const isEmptySelector = (selector: LabelSelector): boolean =>
  selector.matchExpressions.length === 0 && Object.keys(selector.matchLabels).length === 0

/** Operators Lt and Gt are an alpha feature, off in Kubernetes 1.36: they tolerate nothing. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key, operator, value, effect } = toleration
  if (effect !== '' && effect !== taint.effect) return false
  if (key === '') return operator === 'Exists'
  if (key !== taint.key) return false
  return operator === 'Exists' || ((operator === '' || operator === 'Equal') && value === taint.value)
}

/** Taints that keep the pod away: PreferNoSchedule never does. */
export const untoleratedTaints = (taints: readonly Taint[], tolerations: readonly Toleration[]): Taint[] =>
  taints.filter(
    (taint) =>
      (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') &&
      !tolerations.some((toleration) => tolerates(toleration, taint)),
  )

const CORDON: Taint = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' }

/** Plugin NodeUnschedulable: who may be put on a node with `spec.unschedulable`. */
export const toleratesCordon = (tolerations: readonly Toleration[]): boolean =>
  tolerations.some((toleration) => tolerates(toleration, CORDON))

const ANY_IP = '0.0.0.0'

/** Plugin NodePorts. `::` is no wildcard. */
export const portsConflict = (a: HostPort, b: HostPort): boolean => {
  const [ipA, ipB] = [a.ip || ANY_IP, b.ip || ANY_IP]
  return (
    a.port === b.port &&
    (a.protocol || 'TCP') === (b.protocol || 'TCP') &&
    (ipA === ipB || ipA === ANY_IP || ipB === ANY_IP)
  )
}

const ZONE_LABELS_BY_BETA: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
}

/** Labels that make plugin VolumeZone look at a node at all. */
export const VOLUME_ZONE_LABELS: readonly string[] = Object.entries(ZONE_LABELS_BY_BETA).flat()

/** Plugin VolumeZone: a volume's zone labels (operator In). A volume's beta label is also sought under its current name. */
export function unmetVolumeZones(zoneLabels: readonly Expression[], labels: Labels): Expression[] {
  if (!VOLUME_ZONE_LABELS.some((key) => Object.hasOwn(labels, key))) return []
  return zoneLabels.filter(({ key, values }) => {
    const value = valueOf(labels, key) ?? valueOf(labels, ZONE_LABELS_BY_BETA[key] ?? key)
    return value === undefined || !values.includes(value)
  })
}
