/**
 * `npm run test:live:peers`: starts moto, an emulator of AWS, on loopback, gives it a few instances, subnets, an EKS
 * cluster and a bucket, and runs `npm run test:live` against it. Without KUBECONFIG a kube-apiserver on loopback has
 * nodes that are those instances, or a server that speaks the list protocol where there is none. Then come the checks of
 * tools/kubernetes-peers.ts, which need no AWS.
 */
import {
  DescribeImagesCommand,
  DescribeSubnetsCommand,
  EC2Client,
  RunInstancesCommand,
  type Instance,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2'
import { CreateClusterCommand, EKSClient } from '@aws-sdk/client-eks'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { product, usage } from '../test/collect/aws/answers.js'
import { json } from '../test/collect/aws/fake-aws.js'
import { startLoopbackAws } from '../test/collect/aws/loopback-aws.js'
import { startApiServer, type Raw } from '../test/collect/cluster/api-server.js'
import { findKubernetes } from './kubernetes-binary.js'
import { accountOfDeploy } from './kubernetes-live.js'
import { Loader, type Item } from './kubernetes-objects.js'
import { defaultFiles, kubernetesChecks } from './kubernetes-peers.js'
import { freePort, startKubernetes } from './kubernetes-server.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const REGION = 'eu-west-1'
const BUCKET = 'k8s-cost-live'
const CLUSTER = 'live'

const works = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** A Python that has moto's server: the machine's, else a new environment in `folder`; undefined where neither can be. */
function pythonWithMoto(folder: string): string | undefined {
  const python = ['python3', 'python'].find((name) => works(name, '--version'))
  if (python === undefined) return undefined
  if (works(python, '-c', 'import moto.server, flask')) return python
  console.log('moto is not installed: installing it into a folder that is deleted afterwards')
  const own = join(folder, 'venv', 'bin', 'python')
  if (!works(python, '-m', 'venv', join(folder, 'venv'))) return undefined
  return works(own, '-m', 'pip', 'install', '--quiet', 'moto[server,ec2,s3,eks]') ? own : undefined
}

async function answers(url: string, server: ChildProcess): Promise<boolean> {
  for (let attempt = 0; attempt < 240 && server.exitCode === null; attempt += 1) {
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return true
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  return false
}

type Seeded = {
  readonly instance: Instance
  readonly os: 'linux' | 'windows'
  readonly capacityType: 'SPOT' | 'ON_DEMAND'
}

/** Instances of several kinds. The last is one that EC2 never had; the node of the last but one does not name its own. */
async function seed(): Promise<readonly Seeded[]> {
  const ec2 = new EC2Client({ region: REGION })
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({}))
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}))
  const image = (windows: boolean) =>
    Images.find(({ Platform = '' }) => /^windows$/i.test(Platform) === windows)?.ImageId
  const start = async (os: Seeded['os'], subnet: number, more: Partial<RunInstancesCommandInput>): Promise<Seeded> => {
    const { Instances: [instance = {}] = [] } = await ec2.send(
      new RunInstancesCommand({
        ...{ MinCount: 1, MaxCount: 1, ImageId: image(os === 'windows'), InstanceType: 'm5.large' },
        SubnetId: Subnets[subnet % Subnets.length]?.SubnetId,
        ...more,
      }),
    )
    return { instance, os, capacityType: more.InstanceMarketOptions === undefined ? 'ON_DEMAND' : 'SPOT' }
  }
  const spot = { InstanceMarketOptions: { MarketType: 'spot' as const } }
  const seeded = [
    await start('linux', 0, {}),
    await start('linux', 1, { InstanceType: 'm5.xlarge' }),
    await start('linux', 1, spot),
    await start('linux', 2, { InstanceType: 'c5.xlarge', ...spot }),
    await start('linux', 0, { Placement: { Tenancy: 'dedicated' } }),
    await start('windows', 2, {}),
    await start('linux', 0, {}),
  ]
  await new EKSClient({ region: REGION }).send(
    new CreateClusterCommand({
      name: CLUSTER,
      version: '1.34',
      roleArn: 'arn:aws:iam::123456789012:role/eks',
      resourcesVpcConfig: { subnetIds: Subnets.flatMap(({ SubnetId }) => SubnetId ?? []) },
    }),
  )
  await new S3Client({ region: REGION, forcePathStyle: true }).send(
    new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: { LocationConstraint: REGION } }),
  )
  const gone = { InstanceId: 'i-00000000000000000', InstanceType: 'm5.large' as const, PrivateDnsName: 'gone.internal' }
  return [...seeded, { instance: { ...seeded[0]?.instance, ...gone }, os: 'linux', capacityType: 'ON_DEMAND' }]
}

/** Prices that nobody has elsewhere, so that they cannot come from the catalog in the package. */
const LINUX: Readonly<Record<string, string>> = {
  'm5.large': '0.1234560000',
  'm5.xlarge': '0.2469120000',
  'c5.xlarge': '0.2222220000',
}
const WINDOWS: Readonly<Record<string, string>> = { 'm5.large': '0.3333330000' }

/** Answers GetProducts in the Pricing API's format, which moto does not have. */
const startPriceList = () =>
  startLoopbackAws({
    'pricing:GetProducts': ({ operatingSystem, tenancy, instanceType, usagetype, productFamily }) => {
      const operation = operatingSystem === 'Windows' ? 'RunInstances:0002' : 'RunInstances'
      const hours: typeof LINUX = tenancy === 'Shared' ? (operatingSystem === 'Windows' ? WINDOWS : LINUX) : {}
      const other =
        usagetype === 'AmazonEKS-Hours:'
          ? [
              usage('EU-AmazonEKS-Hours:perCluster', '0.11', 'Hours', 'Compute'),
              usage('EU-AmazonEKS-Hours:extendedSupport', '0.55', 'Hours', 'Compute'),
            ]
          : productFamily === 'Storage'
            ? [usage('EU-EBS:VolumeUsage.gp3', '0.099', 'GB-Mo')]
            : []
      const products = Object.entries(hours)
        .filter(([type]) => instanceType === undefined || type === instanceType)
        .map(([type, usd]) => product(type, usd, { operatingSystem: operatingSystem ?? 'Linux', operation }))
      return json({ FormatVersion: 'aws_v1', PriceList: [...products, ...other] })
    },
  })

const SIZES: Readonly<Record<string, readonly [cpu: string, memory: string, pods: string]>> = {
  'm5.large': ['2', '7850Mi', '29'],
  'm5.xlarge': ['4', '15800Mi', '58'],
  'c5.xlarge': ['4', '7600Mi', '58'],
}

function nodeOf(
  { instance, os, capacityType }: Seeded,
  index: number,
  { length }: readonly Seeded[],
): Raw & { readonly metadata: { readonly name: string } } {
  const { InstanceId = '', InstanceType: type = '', PrivateDnsName: name = InstanceId } = instance
  const zone = instance.Placement?.AvailabilityZone ?? ''
  const [cpu, memory, pods] = SIZES[type] ?? ['1', '1Gi', '10']
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': os,
    'kubernetes.io/arch': 'amd64',
    'node.kubernetes.io/instance-type': type,
    'topology.kubernetes.io/region': REGION,
    'topology.kubernetes.io/zone': zone,
    'eks.amazonaws.com/capacityType': capacityType,
    'eks.amazonaws.com/nodegroup': os === 'windows' ? 'windows' : 'workers',
    'alpha.eksctl.io/cluster-name': CLUSTER,
  }
  const amounts = { cpu, memory, pods, 'ephemeral-storage': '20Gi' }
  const nodeInfo = {
    ...{ architecture: 'amd64', operatingSystem: os, kubeletVersion: 'v1.34.1', kernelVersion: '6.1.0' },
    osImage: os === 'windows' ? 'Windows Server 2022 Datacenter' : 'Amazon Linux 2023.9.20260101',
  }
  const status = { capacity: amounts, allocatable: amounts, nodeInfo, conditions: [{ type: 'Ready', status: 'True' }] }
  const spec = index === length - 2 ? {} : { providerID: `aws:///${zone}/${InstanceId}` }
  return Object.assign({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } }, { spec, status })
}

/** A Deployment's pods, one on each node. */
function objectsOf(seeded: readonly Seeded[]): readonly Raw[] {
  const nodes = seeded.map(nodeOf)
  const owner = (kind: string, name: string) => [{ apiVersion: 'apps/v1', kind, name, uid: name, controller: true }]
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web' }] } }
  const spec = { replicas: nodes.length, selector: { matchLabels: { app: 'web' } }, template }
  const pods = nodes.map(({ metadata: { name } }, index) =>
    Object.assign(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: `web-1-${index}`,
          namespace: 'shop',
          labels: { app: 'web' },
          ownerReferences: owner('ReplicaSet', 'web-1'),
        },
      },
      {
        spec: {
          nodeName: name,
          containers: [{ name: 'web', image: 'web', resources: { requests: { cpu: '200m', memory: '256Mi' } } }],
          ...(seeded[index]?.os === 'windows' ? { nodeSelector: { 'kubernetes.io/os': 'windows' } } : {}),
        },
        status: { phase: 'Running' },
      },
    ),
  )
  const metadata = (name: string, ofDeployment = false) => ({
    ...{ name, namespace: 'shop', uid: name },
    ...(ofDeployment ? { ownerReferences: owner('Deployment', 'web') } : {}),
  })
  return [
    ...nodes,
    ...pods,
    Object.assign({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: metadata('web-1', true) }, { spec }),
    Object.assign({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadata('web') }, { spec }),
    ...['shop', 'kube-system'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, uid: `uid-${name}` },
    })),
  ]
}

type Server = { readonly kubeconfig: string; readonly close: () => Promise<void> }

/** A real API server that knows these objects, for the service account of deploy/, else one that stands in for it. */
async function serve(folder: string, objects: readonly Raw[]): Promise<Server> {
  const found = await findKubernetes(console.log)
  if (found.kind === 'missing') {
    console.log(`KUBECONFIG is not set: a stand-in serves the nodes, as ${found.why}`)
    return startApiServer(objects, { secure: false })
  }
  console.log(`KUBECONFIG is not set: kube-apiserver ${found.version} serves the nodes`)
  const kubernetes = await startKubernetes(found.program, join(folder, 'kubernetes'))
  const loader = new Loader(kubernetes)
  await loader.load(objects as unknown as readonly Item[])
  for (const { what, why } of loader.refused) console.log(`        it refuses ${what}: ${why}`)
  return { kubeconfig: await accountOfDeploy(kubernetes), close: kubernetes.close }
}

async function main(folder: string): Promise<number> {
  const python = pythonWithMoto(folder)
  if (python === undefined) {
    console.log('skipped: there is no Python with moto here, and pip could not install it')
    return 0
  }
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const args = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)]
  const moto = spawn(python, args, { stdio: 'ignore' })
  try {
    if (!(await answers(`${url}/moto-api/data.json`, moto))) {
      console.log(`FAILED  moto does not answer on ${url}`)
      return 1
    }
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'moto',
      AWS_SECRET_ACCESS_KEY: 'moto',
      AWS_EC2_METADATA_DISABLED: 'true',
      K8S_COST_LIVE_BUCKET: BUCKET,
    })
    const seeded = await seed()
    const priceList = await startPriceList()
    process.env['AWS_ENDPOINT_URL_PRICING'] = priceList.url
    console.log(
      `moto on ${url}, ${REGION}: ${seeded.length} nodes, one of which is no instance; EKS cluster, bucket ${BUCKET}`,
    )
    console.log('moto lacks: Savings Plans, Reserved Instances, EKS versions; spot is 0.00001 $ for every type')
    console.log('moto lacks the Pricing API: a stand-in with a few prices of its own answers in its place')
    console.log('moto keeps neither the tenancy of an instance nor who may do what: no call is ever denied')
    const given = process.env['KUBECONFIG'] ?? ''
    if (given !== '') console.log(`API server: that of ${given}`)
    const server = given === '' ? await serve(folder, objectsOf(seeded)) : undefined
    const child = spawn('npm', ['run', '--silent', 'test:live'], {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, ...(server === undefined ? {} : { KUBECONFIG: server.kubeconfig }) },
    })
    const exitCode = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)))
    await server?.close()
    await priceList.close()
    return exitCode
  } finally {
    moto.kill()
  }
}

const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-peers-'))
try {
  const exitCode = await main(folder)
  const holds = await kubernetesChecks(['live', 'schedule'], defaultFiles())
  process.exitCode = holds ? exitCode : 1
} finally {
  rmSync(folder, { recursive: true })
}
