import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node'
import { FailureError } from '../../failure.js'

/** Which cluster to read; undefined is what kubectl would take. */
export type ClusterChoice = { readonly kubeconfig: string | undefined; readonly context: string | undefined }
type Environment = Readonly<Record<string, string | undefined>>

/** A cluster that can be asked. */
export type ClusterAccess = {
  /** For messages: the context and the server. */
  readonly label: string
  /** Base URL without a slash at its end; may have a path, as behind Rancher. */
  readonly server: string
  /** Credentials of nothing but this cluster, read afresh, so that no token of an earlier call is in them. */
  readonly load: () => Promise<KubeConfig>
}

export const KUBECTL_WAY =
  'Or save its objects with "kubectl get nodes,pods,daemonsets,replicasets,deployments,statefulsets,jobs,' +
  'poddisruptionbudgets,persistentvolumes,persistentvolumeclaims,storageclasses,csinodes,namespaces,priorityclasses ' +
  '-A -o json > cluster.json" and pass --snapshot cluster.json.'

const IN_CLUSTER_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/**
 * Finds the cluster as kubectl does: the file that was named, KUBECONFIG, ~/.kube/config, then the service account of
 * the pod. Fails with `unreadable-source` where there is none, or what there is names no cluster; with `bad-option` where
 * --context names none of its contexts.
 */
export async function openKubeConfig(choice: ClusterChoice, environment: Environment): Promise<ClusterAccess> {
  const { where, load } = await sourceOf(choice, environment)
  const config = await load()
  const { context } = choice
  if (context !== undefined && config.getContextObject(context) === null) {
    const names = config.getContexts().map(({ name }) => name)
    const want = names.length === 0 ? 'nothing: there are no contexts' : `one of ${names.sort().join(', ')}`
    throw new FailureError({ kind: 'bad-option', name: '--context', got: context, want: `${want} (${where})` })
  }
  const wanted = context ?? config.getCurrentContext()
  if (!wanted) throw unusable(where, 'it has no current context', 'Name one with --context.')
  const found = config.getContextObject(wanted)
  if (found === null) throw unusable(where, `its current context "${wanted}" is not in it`, 'Name one with --context.')
  const cluster = config.getCluster(found.cluster)
  if (cluster === null)
    throw unusable(where, `context "${wanted}" names the cluster "${found.cluster}", which is not in it`, REPAIR)
  if (found.user && config.getUser(found.user) === null)
    throw unusable(where, `context "${wanted}" names the user "${found.user}", which is not in it`, REPAIR)

  const url = URL.canParse(cluster.server) ? new URL(cluster.server) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw unusable(where, `the server of cluster "${cluster.name}" is no http(s) URL: ${cluster.server}`, REPAIR)
  // A token must not cross a network in the clear; on this machine (kubectl proxy) there is none.
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw unusable(where, `the server of cluster "${cluster.name}" is ${cluster.server}, without encryption`, REPAIR)
  return {
    label: `cluster (context ${wanted}, ${url.origin}${url.pathname === '/' ? '' : url.pathname})`,
    server: cluster.server.replace(/\/+$/, ''),
    load: async () => narrowed(await load(), wanted, environment),
  }
}

const REPAIR = 'Repair it, or name another context with --context.'

const unusable = (where: string, problem: string, fix: string, cause?: unknown): FailureError =>
  new FailureError({ kind: 'unreadable-source', source: where, problem, fix: `${fix} ${KUBECTL_WAY}` }, { cause })

type Source = { readonly where: string; readonly load: () => Promise<KubeConfig> }

async function sourceOf({ kubeconfig }: ClusterChoice, environment: Environment): Promise<Source> {
  // Loaded here only, as a run on a file needs none of it; and this module only, as the whole client is large.
  const client = await import('@kubernetes/client-node/dist/config.js')
  const listed = (environment['KUBECONFIG'] ?? '').split(process.platform === 'win32' ? ';' : ':').filter(Boolean)
  const home = join(environment['HOME'] || homedir(), '.kube', 'config')
  const files =
    kubeconfig !== undefined ? [kubeconfig] : listed.length > 0 ? listed : existsSync(home) ? [home] : undefined
  if (files !== undefined) {
    const where = `kubeconfig ${files.join(', ')}`
    return { where, load: async () => fromFiles(files, where, client.KubeConfig) }
  }
  if (existsSync(IN_CLUSTER_TOKEN) && environment['KUBERNETES_SERVICE_HOST'])
    return {
      where: 'service account of this pod',
      load: async () => {
        const config = new client.KubeConfig()
        config.loadFromCluster()
        return config
      },
    }
  const problem = `no kubeconfig found (looked at KUBECONFIG and ${home}, and this is no pod with a service account)`
  throw unusable('cluster', problem, 'Name a kubeconfig with --kubeconfig.')
}

/** Like kubectl: files that are missing are passed over as long as there is one, and the first to say something wins. */
function fromFiles(files: readonly string[], where: string, Config: typeof KubeConfig): KubeConfig {
  const there = files.filter((file) => existsSync(file))
  if (there.length === 0) throw unusable(where, 'no kubeconfig found: no such file', 'Check the path.')
  const [first, ...others] = there.map((file) => {
    const config = new Config()
    try {
      config.loadFromFile(file)
      return config
    } catch (error) {
      // What the client throws at an empty file, or at one of another kind.
      const reason = error instanceof TypeError ? 'it is empty or no mapping' : firstLine(error)
      throw unusable(`kubeconfig ${file}`, `it cannot be used: ${reason}`, REPAIR, error)
    }
  })
  const merged = first ?? new Config()
  const current = [merged, ...others].find((config) => config.getCurrentContext())?.getCurrentContext()
  for (const other of others)
    merged.loadFromOptions({
      clusters: union(merged.getClusters(), other.getClusters()),
      users: union(merged.getUsers(), other.getUsers()),
      contexts: union(merged.getContexts(), other.getContexts()),
      currentContext: current,
    })
  return merged
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''

const union = <Value extends { readonly name: string }>(a: readonly Value[], b: readonly Value[]): Value[] => [
  ...a,
  ...b.filter(({ name }) => a.every((known) => known.name !== name)),
]

/** One context, with what the client leaves to its callers: a user where none is needed, plain http, the proxy. */
function narrowed(config: KubeConfig, wanted: string, environment: Environment): KubeConfig {
  const context = config.getContextObject(wanted)
  const cluster = context === null ? null : config.getCluster(context.cluster)
  if (context === null || cluster === null) return config
  // Without any user the client would forget the cluster's certificate too.
  const user: User = (context.user ? config.getUser(context.user) : null) ?? { name: 'nobody' }
  const proxyUrl = cluster.proxyUrl ?? proxyFor(cluster.server, environment)
  const reached: Cluster = {
    ...cluster,
    // The client's condition for http at all.
    skipTLSVerify: cluster.skipTLSVerify || cluster.server.startsWith('http:'),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
  }
  config.loadFromOptions({
    clusters: [reached],
    users: [user],
    contexts: [{ ...context, user: user.name }],
    currentContext: wanted,
  })
  return config
}

/** The proxy that the environment names for a server, by the rules of Go's http.ProxyFromEnvironment, as for kubectl. */
export function proxyFor(server: string, environment: Environment): string | undefined {
  const { protocol, hostname } = new URL(server)
  if (LOOPBACK.test(hostname)) return undefined
  const named = (name: string): string | undefined => environment[name] || environment[name.toLowerCase()] || undefined
  const proxy = named(protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY')
  if (proxy === undefined) return undefined
  const exempt = (named('NO_PROXY') ?? '').split(',').some((entry) => {
    const rule = entry
      .trim()
      .toLowerCase()
      .replace(/:\d+$/, '')
      .replace(/^\*?\./, '.')
    if (rule === '') return false
    return rule === '*' || hostname === rule || hostname.endsWith(rule.startsWith('.') ? rule : `.${rule}`)
  })
  if (exempt) return undefined
  return proxy.includes('://') ? proxy : `http://${proxy}`
}
