import { createHmac } from 'node:crypto'
import { object, text, type Json } from '../fields.js'
import type { Connection } from './connection.js'
import { openPatience, type ReadOptions } from './read-cluster.js'

/**
 * Words that say nothing about anybody. They stay, so that what everybody's cluster has (kube-system, aws-node,
 * default-scheduler) is still recognised.
 */
const PUBLIC = new Set(
  (
    'kube system public lease default scheduler node nodes aws ebs efs csi controller core dns coredns proxy cluster ' +
    'autoscaler karpenter fargate metrics server critical priority cni vpc pod identity agent eks ip ec2 internal ' +
    'compute amazonaws com local spot on demand gp2 gp3 io1 io2 sc1 st1 linux windows amd64 arm64 true false owned ' +
    'shared daemonset deployment statefulset'
  ).split(' '),
)

/** Labels whose values describe machines and places: rules about them must go on meaning the same. */
const DESCRIPTIVE =
  /^(karpenter\.k8s\.aws\/instance-|karpenter\.sh\/capacity-type$|eks\.amazonaws\.com\/(instance-|capacityType$|compute-type$)|node\.kubernetes\.io\/|topology\.|failure-domain\.|(beta\.)?kubernetes\.io\/(arch|os|instance-type)$)/
/** Whose label keys everybody knows; another domain is that of a company. */
const PUBLIC_DOMAIN =
  /^([a-z0-9.-]+\.)?(kubernetes\.io|k8s\.io|k8s\.aws|amazonaws\.com|karpenter\.sh|eksctl\.io|k8s-cost|kubecost\.com|nvidia\.com)\//
const CLUSTER_LABEL = 'kubernetes.io/cluster/'

const NAME_FIELDS = new Set(
  (
    'name namespace nodeName nominatedNodeName claimName volumeName storageClassName priorityClassName ' +
    'runtimeClassName schedulerName containerName'
  ).split(' '),
)
const LABEL_KEYS = new Set(['topologyKey', 'matchLabelKeys', 'mismatchLabelKeys'])
const LABEL_MAPS = new Set(['labels', 'matchLabels', 'nodeSelector', 'tags'])
/** Their entries have names that are not anybody's: variables of the VPC CNI, drivers. */
const PUBLIC_LISTS = new Set(['env', 'drivers'])
const CLOUD_IDS = new Set(['providerID', 'volumeHandle', 'volumeID'])
const ADDRESSES = new Set(['address', 'hostIP'])
const OPEN_ADDRESSES = new Set(['', '0.0.0.0', '127.0.0.1', '::', '::1'])

/**
 * Replaces the names in reduced objects by pseudonyms: the same name gets the same one wherever it stands, and in every
 * run on this cluster. A name is replaced word by word, because names are made of names: the claim of a pod's volume is
 * called `<pod>-<volume>`. Instance types, zones, quantities, paths and the last parts of label keys stay.
 *
 * The pseudonyms cannot be undone, nor guessed names tested, without the key.
 */
export function redactor(key: string): (item: Json) => Json {
  const hash = (word: string, length: number): string =>
    createHmac('sha256', key).update(word).digest('hex').slice(0, length)
  const known = new Map<string, string>()
  const pseudonym = (word: string): string => {
    const made = known.get(word) ?? `x${hash(word, 6)}`
    known.set(word, made)
    return made
  }
  /** Ordinals stay; what an address or an id is made of does not. */
  const name = (value: string): string =>
    /^\d+$/.test(value)
      ? value
      : value.replaceAll(/[A-Za-z0-9]+/g, (word) =>
          PUBLIC.has(word.toLowerCase()) || /^\d$/.test(word) ? word : pseudonym(word),
        )
  const labelValue = (label: string, value: string): string => (DESCRIPTIVE.test(label) ? value : name(value))
  const labelKey = (label: string): string => {
    if (label.startsWith(CLUSTER_LABEL)) return CLUSTER_LABEL + name(label.slice(CLUSTER_LABEL.length))
    const slash = label.indexOf('/')
    return slash < 0 || PUBLIC_DOMAIN.test(label) ? label : name(label.slice(0, slash)) + label.slice(slash)
  }
  const labels = (map: Json): Json =>
    Object.fromEntries(
      Object.entries(map).map(([label, value]) => [
        labelKey(label),
        typeof value === 'string' ? labelValue(label, value) : value,
      ]),
    )
  const annotations = (map: Json): Json =>
    Object.fromEntries(
      Object.entries(map).map(([label, value]) => [
        label,
        label.endsWith('/selected-node') ? name(text(value)) : value,
      ]),
    )
  const address = (value: string): string => {
    if (OPEN_ADDRESSES.has(value)) return value
    const digits = hash(value, 8)
    const byte = (at: number): number => Number.parseInt(digits.slice(at, at + 2), 16)
    return value.includes(':')
      ? `fd00::${digits.slice(0, 4)}:${digits.slice(4)}`
      : `10.${byte(0)}.${byte(2)}.${byte(4)}`
  }
  /** `aws:///us-east-1a/i-0123` and `vol-0123` keep their form and their zone. */
  const cloudId = (value: string): string => {
    const last = value.split('/').at(-1) ?? ''
    const kind = /^[a-z]+-/.exec(last)?.[0] ?? ''
    return value.slice(0, value.length - last.length) + kind + hash(last, 17)
  }

  /** What a feature of the VPC CNI is called is everybody's; its value is the name of an ENIConfig. */
  const feature = (given: Json): Json =>
    typeof given['value'] === 'string' ? { ...given, value: name(given['value']) } : given

  const string = (field: string, value: string): string => {
    if (NAME_FIELDS.has(field) || field === 'namespaces') return name(value)
    if (field === 'uid') return hash(value, 32)
    if (CLOUD_IDS.has(field)) return cloudId(value)
    if (ADDRESSES.has(field)) return address(value)
    if (LABEL_KEYS.has(field)) return labelKey(value)
    return field === 'message' ? 'redacted' : value
  }

  const redact = (field: string, value: unknown): unknown => {
    if (typeof value === 'string') return string(field, value)
    if (Array.isArray(value)) return PUBLIC_LISTS.has(field) ? value : value.map((each) => redact(field, each))
    if (typeof value !== 'object' || value === null) return value
    const given = object(value)
    if (LABEL_MAPS.has(field)) return labels(given)
    if (field === 'annotations') return annotations(given)
    if (field === 'features') return feature(given)
    const label = given['key']
    // An expression of a selector, a taint or a toleration: what it is about decides what its values are.
    if (typeof label === 'string') {
      const values = given['values']
      return {
        ...given,
        key: labelKey(label),
        ...('value' in given ? { value: labelValue(label, text(given['value'])) } : {}),
        ...(Array.isArray(values) ? { values: values.map((each) => labelValue(label, String(each))) } : {}),
      }
    }
    return Object.fromEntries(Object.entries(given).map(([key_, entry]) => [key_, redact(key_, entry)]))
  }
  return (item) => object(redact('', item))
}

/** A key that stays the same for a cluster and that only its users can know: the uid of its oldest namespace. */
export async function redactionKey(connection: Connection, options: ReadOptions): Promise<string> {
  const abort = new AbortController()
  try {
    const patience = openPatience(connection, options, abort.signal)
    const uid = (body: Buffer): string => text(object(object(JSON.parse(body.toString()))['metadata'])['uid'])
    const answer = await patience.get('/api/v1/namespaces/kube-system', uid)
    return 'value' in answer && answer.value !== '' ? answer.value : connection.label
  } finally {
    abort.abort()
  }
}
