/**
 * How long it takes to list a cluster's pods from a TLS server in pages of 500, and how much memory: our reading (into a
 * Snapshot, and into a collect file) against the typed client's list, which keeps no more of each page than a name and
 * the requests. Server and clients are processes of their own.
 *
 *   tsx bench/cluster-list.ts [PODS]     default 20000; the target is for 150000
 */
import { fork, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Connection } from '../src/collect/cluster/connection.js'
import { openKubeConfig } from '../src/collect/cluster/kube-config.js'
import { PAGE_SIZE } from '../src/collect/cluster/list.js'
import { PageStore } from '../src/collect/cluster/page-store.js'
import { readCluster } from '../src/collect/cluster/read-cluster.js'
import { notesObject, SnapshotBuilder } from '../src/collect/snapshot-file.js'
import { makeCertificate, writeKubeconfig } from '../test/collect/cluster/api-server.js'

export type ListBench = {
  readonly pods: number
  readonly mebibytes: number
  readonly seconds: { readonly snapshot: number; readonly collect: number; readonly typed: number }
  readonly peakRssMiB: { readonly snapshot: number; readonly collect: number; readonly typed: number }
  /** Of the typed client's time to ours; the target is 2. */
  readonly ratio: number
  /** The same of processor time, which other work on the machine disturbs less. */
  readonly cpuRatio: number
}

const DEFAULT_PODS = 20_000
const ROUNDS = 2
/** So many pods take long enough for one round to be steady. */
const LONG_RUN = 50_000
const TARGET_RATIO = 2
const TARGET_PEAK_MIB = 450
const WORKLOADS_PER_PAGE = 25

/** Stands for the number of the page, and is as long as it. */
const PAGE_MARK = '@@@@'

/**
 * A pod as API servers send it: some 11 KB, a third of it managedFields. Times, addresses and the name of the token's
 * volume are each pod's own, as they are in a cluster: no two pods have all fields alike.
 */
function podOf(index: number): object {
  const workload = `checkout-${PAGE_MARK}-${index % WORKLOADS_PER_PAGE}`
  const name = `${workload}-6d5f8c7b9d-${index.toString(36).padStart(5, 'x')}`
  const uid = `6f1c2a9e-0000-4000-8000-${PAGE_MARK}-${index}`
  const labels = { app: workload, 'pod-template-hash': '6d5f8c7b9d', 'app.kubernetes.io/part-of': 'shop', tier: 'web' }
  const probe = { httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' }, timeoutSeconds: 1, periodSeconds: 10 }
  const container = (container: string): object => ({
    name: container,
    image: `123456789012.dkr.ecr.us-east-1.amazonaws.com/${container}:2026.7.1`,
    args: ['--port=8080', '--log-level=info', '--config=/etc/config/app.yaml'],
    env: Array.from({ length: 12 }, (_, at) => ({
      name: `SETTING_${at}`,
      value: `http://service-${at}.shop.svc:8080`,
    })),
    ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
    resources: { limits: { memory: '512Mi' }, requests: { cpu: `${100 + (index % 5) * 50}m`, memory: '512Mi' } },
    volumeMounts: [{ name: token, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
    livenessProbe: probe,
    readinessProbe: probe,
    terminationMessagePath: '/dev/termination-log',
    imagePullPolicy: 'IfNotPresent',
  })
  const time = `2026-06-25T13:${String(10 + (index % 50))}:${String(10 + (index % 49))}Z`
  const ip = `10.0.${index % 250}.${index % 240}`
  const token = `kube-api-access-${(index * 7919).toString(36).padStart(5, 'q')}`
  const fields = Object.fromEntries(
    Array.from({ length: 40 }, (_, at) => [`f:field-${at}`, { '.': {}, 'f:name': {}, 'f:value': {} }]),
  )
  const names = ['checkout', 'istio-proxy']
  return {
    metadata: {
      name,
      generateName: `${workload}-6d5f8c7b9d-`,
      namespace: `team-${index % 40}`,
      uid,
      resourceVersion: `${1_000_000 + index}`,
      creationTimestamp: '2026-06-25T13:50:08Z',
      labels,
      annotations: { 'prometheus.io/scrape': 'true', 'checksum/config': '0123456789abcdef'.repeat(4) },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `${workload}-6d5f8c7b9d`,
          uid: `0b7e5d3c-0000-4000-8000-${PAGE_MARK}-${index % WORKLOADS_PER_PAGE}`,
          controller: true,
        },
      ],
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          time,
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:spec': fields },
        },
        {
          manager: 'kubelet',
          operation: 'Update',
          time,
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:status': { ...fields, 'f:podIPs': { [`k:{"ip":"${ip}"}`]: { '.': {}, 'f:ip': {} } } } },
        },
      ],
    },
    spec: {
      volumes: [
        {
          name: token,
          projected: { sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }] },
        },
        { name: 'config', configMap: { name: workload, defaultMode: 420 } },
        { name: 'tmp', emptyDir: {} },
      ],
      initContainers: [container('migrate')],
      containers: names.map(container),
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'checkout',
      nodeName: `ip-10-0-${PAGE_MARK}-${index % 30}.ec2.internal`,
      schedulerName: 'default-scheduler',
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: labels },
        },
      ],
      priority: 0,
    },
    status: {
      phase: 'Running',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: time,
      })),
      hostIP: '10.0.0.1',
      podIPs: [{ ip }],
      startTime: '2026-06-25T13:50:08Z',
      containerStatuses: names.map((each) => ({
        name: each,
        state: { running: { startedAt: time } },
        ready: true,
        restartCount: 0,
        image: `123456789012.dkr.ecr.us-east-1.amazonaws.com/${each}:2026.7.1`,
        imageID: `123456789012.dkr.ecr.us-east-1.amazonaws.com/${each}@sha256:${'0123456789abcdef'.repeat(4)}`,
        containerID: `containerd://${'0123456789abcdef'.repeat(4)}`,
      })),
      qosClass: 'Burstable',
    },
  }
}

const COMMA = Buffer.from(',')

/** Where the number of the page is written into an item. */
function marksOf(item: Buffer): readonly number[] {
  const marks: number[] = []
  for (let at = item.indexOf(PAGE_MARK); at >= 0; at = item.indexOf(PAGE_MARK, at + 1)) marks.push(at)
  return marks
}

/** Serves the pods and one node until the parent goes away; says where. */
async function serve(pods: number, folder: string): Promise<void> {
  const certificate = makeCertificate(folder)
  const items = Array.from({ length: PAGE_SIZE }, (_, index) => Buffer.from(JSON.stringify(podOf(index))))
  // Pages are made of the same bytes: a server that works less leaves the machine to those that are measured.
  const marked = items.map((item) => ({ item, marks: marksOf(item) }))
  const page = (from: number): Buffer => {
    const end = Math.min(from + PAGE_SIZE, pods)
    const next = end < pods ? `,"continue":"${end}"` : ''
    const number = String(from / PAGE_SIZE).padStart(PAGE_MARK.length, '0')
    for (const { item, marks } of marked) for (const at of marks) item.write(number, at, 'latin1')
    const parts = items.slice(0, end - from).flatMap((item, index) => (index === 0 ? [item] : [COMMA, item]))
    const head = `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"${next}},"items":[`
    return Buffer.concat([Buffer.from(head), ...parts, Buffer.from(']}')])
  }
  const server = https.createServer(certificate, (request, response) => {
    const url = new URL(request.url ?? '/', 'https://server')
    const body =
      url.pathname === '/api/v1/pods'
        ? page(Number(url.searchParams.get('continue') ?? 0))
        : `{"kind":"List","apiVersion":"v1","metadata":{},"items":[${url.pathname === '/api/v1/nodes' ? '{"metadata":{"name":"node"}}' : ''}]}`
    response.writeHead(200, { 'content-type': 'application/json' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const kubeconfig = join(folder, 'config')
  writeKubeconfig(kubeconfig, `https://127.0.0.1:${(server.address() as AddressInfo).port}`, certificate, {
    token: 't',
  })
  process.on('disconnect', () => process.exit())
  process.send?.({ kubeconfig, mebibytes: ((page(0).length / PAGE_SIZE) * pods) / 1024 / 1024 })
}

const READERS = {
  snapshot: async (kubeconfig: string): Promise<number> => {
    const builder = new SnapshotBuilder()
    const notes = await readCluster(await connect(kubeconfig), {
      add: (_, items) => {
        for (const item of items) builder.add(item, 'cluster')
      },
      drop: (kind) => builder.drop(kind),
    })
    builder.note(notes)
    return builder.snapshot().pods.length
  },
  collect: async (kubeconfig: string): Promise<number> => {
    const store = new PageStore()
    const notes = await readCluster(await connect(kubeconfig), store)
    store.write(join(kubeconfig, '..', 'collected.json.gz'), [notesObject(notes)])
    return store.objects - 1
  },
  typed: async (kubeconfig: string): Promise<number> => {
    const { CoreV1Api, KubeConfig } = await import('@kubernetes/client-node')
    const config = new KubeConfig()
    config.loadFromFile(kubeconfig)
    const api = config.makeApiClient(CoreV1Api)
    const kept: unknown[] = []
    let token: string | undefined
    do {
      const list = await api.listPodForAllNamespaces({
        limit: PAGE_SIZE,
        ...(token === undefined ? {} : { _continue: token }),
      })
      for (const { metadata, spec } of list.items)
        kept.push([
          metadata?.namespace,
          metadata?.name,
          spec?.nodeName,
          spec?.containers.map(({ resources }) => resources?.requests),
        ])
      token = list.metadata?._continue
    } while (token !== undefined && token !== '')
    return kept.length
  },
}

async function connect(kubeconfig: string): Promise<Connection> {
  return new Connection(await openKubeConfig({ kubeconfig, context: undefined }, {}), 'k8s-cost/bench')
}

const THIS = fileURLToPath(import.meta.url)
type Measured = {
  readonly pods: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakRssMiB: number
}

/** Each reader in a process of its own, so that its peak of memory is its own. */
function measure(reader: keyof typeof READERS, kubeconfig: string): Measured {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', THIS, reader, kubeconfig], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${reader} failed: ${stderr}`)
  return JSON.parse(stdout) as Measured
}

export async function benchClusterList(pods: number): Promise<ListBench> {
  const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-bench-'))
  const server: ChildProcess = fork(THIS, ['serve', String(pods), folder], { execArgv: ['--import', 'tsx'] })
  try {
    const { kubeconfig, mebibytes } = await new Promise<{ kubeconfig: string; mebibytes: number }>(
      (resolve, reject) => {
        server.once('message', (message) => resolve(message as { kubeconfig: string; mebibytes: number }))
        server.once('exit', () => reject(new Error('the server of the benchmark did not start')))
      },
    )
    // In turns, and the best of each: other work on the machine then weighs on all alike.
    const rounds = Array.from({ length: pods > LONG_RUN ? 1 : ROUNDS }, () => ({
      snapshot: measure('snapshot', kubeconfig),
      collect: measure('collect', kubeconfig),
      typed: measure('typed', kubeconfig),
    }))
    const best = (reader: keyof typeof READERS): Measured => ({
      pods: Math.min(...rounds.map((round) => round[reader].pods)),
      seconds: Math.min(...rounds.map((round) => round[reader].seconds)),
      cpuSeconds: Math.min(...rounds.map((round) => round[reader].cpuSeconds)),
      peakRssMiB: Math.max(...rounds.map((round) => round[reader].peakRssMiB)),
    })
    const [snapshot, collect, typed] = [best('snapshot'), best('collect'), best('typed')]
    for (const each of [snapshot, collect, typed])
      if (each.pods !== pods) throw new Error(`${each.pods} of ${pods} pods were read`)
    return {
      pods,
      mebibytes: Math.round(mebibytes),
      seconds: { snapshot: snapshot.seconds, collect: collect.seconds, typed: typed.seconds },
      peakRssMiB: { snapshot: snapshot.peakRssMiB, collect: collect.peakRssMiB, typed: typed.peakRssMiB },
      ratio: typed.seconds / snapshot.seconds,
      cpuRatio: typed.cpuSeconds / snapshot.cpuSeconds,
    }
  } finally {
    server.disconnect()
    rmSync(folder, { recursive: true })
  }
}

async function main([mode, argument, folder]: readonly string[]): Promise<void> {
  if (mode === 'serve' && folder !== undefined) return serve(Number(argument), folder)
  if (mode !== undefined && argument !== undefined && mode in READERS) {
    const cpu = process.cpuUsage()
    const started = performance.now()
    const pods = await READERS[mode as keyof typeof READERS](argument)
    const seconds = (performance.now() - started) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const cpuSeconds = (user + system) / 1e6
    console.log(
      JSON.stringify({ pods, seconds, cpuSeconds, peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024) }),
    )
    return
  }
  const { pods, mebibytes, seconds, peakRssMiB, ratio, cpuRatio } = await benchClusterList(Number(mode ?? DEFAULT_PODS))
  console.log(
    [
      `cluster list: ${pods} pods, ${mebibytes} MiB of JSON, in pages of ${PAGE_SIZE}:`,
      `into a snapshot ${seconds.snapshot.toFixed(1)} s and ${peakRssMiB.snapshot} MiB,`,
      `into a collect file ${seconds.collect.toFixed(1)} s and ${peakRssMiB.collect} MiB,`,
      `typed client ${seconds.typed.toFixed(1)} s and ${peakRssMiB.typed} MiB:`,
      `${ratio.toFixed(1)} × faster, at ${cpuRatio.toFixed(1)} × less processor time (target ${TARGET_RATIO} ×, below ${TARGET_PEAK_MIB} MiB)`,
    ].join(' '),
  )
  if (Math.max(ratio, cpuRatio) < TARGET_RATIO || peakRssMiB.snapshot > TARGET_PEAK_MIB) process.exitCode = 1
}

if (process.argv[1] === THIS) await main(process.argv.slice(2))
