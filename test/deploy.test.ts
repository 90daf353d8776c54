/** What is in deploy/ against the program: its permissions, its options, its version, and the schemas of Kubernetes. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ObjectSerializer } from '@kubernetes/client-node/dist/gen/models/ObjectSerializer.js'
import { load, loadAll } from 'js-yaml'
import { CronJob } from 'kubernetes-models/batch/v1'
import { ClusterRole, ClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1'
import { ConfigMap, PersistentVolumeClaim, Pod, ServiceAccount } from 'kubernetes-models/v1'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AWS_ACTIONS, policyStatement } from '../src/collect/aws/actions.js'
import { defaultCacheDir } from '../src/collect/aws/cache.js'
import { Connection } from '../src/collect/cluster/connection.js'
import { openKubeConfig } from '../src/collect/cluster/kube-config.js'
import { accessRule, LISTED_KINDS, type AccessRule } from '../src/collect/cluster/kinds.js'
import { readCluster } from '../src/collect/cluster/read-cluster.js'
import { redactionKey } from '../src/collect/cluster/redact.js'
import { variableOf } from '../src/option-sources.js'
import { OPTION_ROWS } from '../src/option-table.js'
import { readAnalyzeOptions } from '../src/options.js'
import { startApiServer } from './collect/cluster/api-server.js'
import { ROOT, runIn } from './helpers/command.js'

const DEPLOY = join(ROOT, 'deploy')
const read = (file: string): string => readFileSync(join(DEPLOY, file), 'utf8')
const json = (file: string): unknown => JSON.parse(readFileSync(join(ROOT, file), 'utf8'))
const yaml = <Shape>(file: string): Shape => load(read(file)) as Shape
const MANIFEST = json('package.json') as { readonly version: string; readonly files: readonly string[] }

type Entry = { readonly name: string; readonly value: string }
type Mount = { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }
type Volume = {
  readonly name: string
  readonly persistentVolumeClaim?: { readonly claimName: string }
  emptyDir?: object
}
type Container = {
  readonly name: string
  readonly image: string
  readonly args: readonly string[]
  readonly workingDir: string
  readonly env: readonly Entry[]
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[]
  readonly resources: { readonly requests: Record<string, string>; readonly limits: Record<string, string> }
  readonly volumeMounts: readonly Mount[]
  readonly securityContext: object
}
type PodSpec = {
  readonly serviceAccountName: string
  readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number }
  readonly containers: readonly [Container]
  readonly volumes: readonly Volume[]
}
type Resource = { readonly kind: string; readonly metadata: { readonly name: string; readonly namespace?: string } }
type NightlyJob = Resource & {
  readonly spec: { readonly jobTemplate: { readonly spec: { readonly template: { readonly spec: PodSpec } } } }
}
type Rules = { readonly rules: readonly { apiGroups: string[]; resources: string[]; verbs: string[] }[] }
type Kustomization = {
  readonly namespace: string
  readonly resources: readonly string[]
  readonly images: readonly { readonly name: string; readonly newTag: string }[]
  readonly configMapGenerator: readonly { readonly name: string; readonly envs: readonly string[] }[]
}

const kustomization = yaml<Kustomization>('kustomization.yaml')
const podSpec = yaml<NightlyJob>('cron-job.yaml').spec.jobTemplate.spec.template.spec
const [container] = podSpec.containers
const settings = Object.fromEntries(
  read('settings.env')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
)

/** `list pods.`, `get nodepools.karpenter.sh`: one for each thing that rules allow. */
const grants = (rules: Rules['rules'] | readonly AccessRule[]): string[] =>
  rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      verbs.flatMap((verb) => apiGroups.flatMap((group) => resources.map((name) => `${verb} ${name}.${group}`))),
    )
    .sort()

describe('the ClusterRole', () => {
  const allowed = grants(yaml<Rules>('cluster-role.yaml').rules)

  test('allows to get and list the kinds that are read, each once, and nothing else', () => {
    expect(allowed).toEqual(grants(LISTED_KINDS.map(accessRule)))
    expect(new Set(allowed).size).toBe(allowed.length)
  })

  test('allows what is really asked of an API server, and every list that it allows is asked for', async () => {
    const extensions = LISTED_KINDS.filter(({ need }) => need === 'extension').map(({ resource }) => resource)
    const objects = ['Node', 'Pod'].map((kind) => ({ apiVersion: 'v1', kind, metadata: { name: 'one' } }))
    const server = await startApiServer(objects, { secure: false, serve: extensions })
    try {
      const access = await openKubeConfig({ kubeconfig: server.kubeconfig, context: undefined }, {})
      const connection = (): Connection => new Connection(access, 'k8s-cost/test')
      await readCluster(connection(), { add: (_, items) => void [...items], drop: () => undefined })
      const redacting = connection()
      await redactionKey(redacting, {}).finally(() => redacting.close())
      const asked = server.calls.map(({ path }) => grantOf(path))
      expect(asked.filter((grant) => !allowed.includes(grant))).toEqual([])
      expect([...new Set(asked)].filter((grant) => grant.startsWith('list ')).sort()).toEqual(
        allowed.filter((grant) => grant.startsWith('list ')),
      )
    } finally {
      await server.close()
    }
  })

  test('is the one in docs/permissions.md, and bound to the account that the run has', () => {
    const docs = readFileSync(join(ROOT, 'docs', 'permissions.md'), 'utf8')
    const rules = load(/```yaml\n(.*?)```/s.exec(docs)?.[1] ?? '') as Rules
    expect(grants(rules.rules)).toEqual(allowed)
    const account = { kind: 'ServiceAccount', name: podSpec.serviceAccountName, namespace: kustomization.namespace }
    expect(yaml<object>('cluster-role-binding.yaml')).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: yaml<Resource>('cluster-role.yaml').metadata.name },
      subjects: [account],
    })
    expect(yaml<Resource>('service-account.yaml').metadata.name).toBe(podSpec.serviceAccountName)
  })
})

/** What a rule must allow for a request: `/apis/apps/v1/daemonsets`, `/api/v1/namespaces/kube-system`. */
function grantOf(path: string): string {
  const [root = '', ...rest] = path.split('/').filter((part) => part !== '')
  const [group = '', , resource = '', ...name] = root === 'apis' ? rest : ['', ...rest]
  return `${name.length === 0 ? 'list' : 'get'} ${resource}.${group}`
}

describe('the IAM policy', () => {
  type Statement = { readonly Effect: string; readonly Action: string | readonly string[]; readonly Resource: string }
  const { Statement: statements } = json('deploy/iam-policy.json') as { readonly Statement: readonly Statement[] }

  test('allows the calls that are made, each once, and nothing else', () => {
    expect(statements.map(({ Effect }) => Effect)).toEqual(statements.map(() => 'Allow'))
    expect(statements.flatMap(({ Action }) => Action).sort()).toEqual(
      policyStatement(AWS_ACTIONS.map(({ action }) => action)).Action,
    )
  })

  test('names resources where AWS lets it', () => {
    const resources = Object.fromEntries(
      statements.flatMap(({ Action, Resource }) => [Action].flat().map((action) => [action, Resource])),
    )
    expect(Object.entries(resources).filter(([, resource]) => resource !== '*')).toEqual([
      ['eks:DescribeCluster', 'arn:aws:eks:*:*:cluster/*'],
      ['eks:ListNodegroups', 'arn:aws:eks:*:*:cluster/*'],
      ['eks:DescribeNodegroup', 'arn:aws:eks:*:*:nodegroup/*/*/*'],
    ])
  })

  test('for uploads stands apart, is in the docs, and names the bucket as the options do', () => {
    const upload = json('deploy/iam-policy-upload.json') as {
      readonly Statement: readonly { readonly Action: string }[]
    }
    const docs = readFileSync(join(ROOT, 'docs', 'permissions.md'), 'utf8')
    for (const { Action } of upload.Statement) expect(docs).toMatch(new RegExp(`^\\| \`${Action}\` \\|`, 'm'))
    expect(read('settings.env')).toContain('s3://BUCKET/PREFIX/')
    expect(read('README.md')).toContain('file://deploy/iam-policy-upload.json')
  })
})

describe('the options of the nightly run', () => {
  const variables = OPTION_ROWS.filter(({ scope }) => scope !== 'later').map(({ flag }) => variableOf(flag))

  test('exist, can be read, and are in .env.example', async () => {
    expect(Object.keys(settings).filter((name) => !variables.includes(name))).toEqual([])
    const example = readFileSync(join(ROOT, '.env.example'), 'utf8')
    expect(Object.keys(settings).filter((name) => !example.includes(`\n${name}=`))).toEqual([])
    const options = await readAnalyzeOptions({}, settings)
    expect(options).toMatchObject({ snapshots: [], out: undefined, logFormat: 'json', logLevel: 'info' })
  })

  test('reach the container, which runs a command that there is', () => {
    const [generated] = kustomization.configMapGenerator
    expect(generated).toEqual({ name: 'k8s-cost', envs: ['settings.env'] })
    expect(container.envFrom).toEqual([{ configMapRef: { name: generated?.name } }])
    expect(container.args).toEqual(['analyze'])
    expect(container.env.map(({ name }) => name)).toEqual(['NODE_OPTIONS', 'XDG_CACHE_HOME'])
  })

  test('leave room between the heap and the memory limit', () => {
    const mebibytes = (quantity: string | undefined): number =>
      Number.parseInt(quantity ?? '', 10) * (quantity?.endsWith('Gi') === true ? 1024 : 1)
    const heap = Number(/--max-old-space-size=(\d+)/.exec(container.env[0]?.value ?? '')?.[1])
    const limit = mebibytes(container.resources.limits['memory'])
    expect(heap).toBeGreaterThanOrEqual(mebibytes(container.resources.requests['memory']))
    expect(heap).toBeLessThanOrEqual(0.75 * limit)
    expect(container.resources.requests['cpu']).toBe('500m')
  })
})

describe('the pod', () => {
  test('has no rights on its node', () => {
    for (const spec of [podSpec, yaml<{ readonly spec: PodSpec }>('reader.yaml').spec]) {
      expect(spec).toMatchObject({
        restartPolicy: 'Never',
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      })
      expect(spec.containers.map(({ securityContext }) => securityContext)).toEqual([
        { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      ])
      expect(JSON.stringify(spec)).not.toMatch(/hostPath|hostNetwork|hostPID|hostIPC|privileged"/)
    }
  })

  test('writes to volumes only: reports to one that stays, the cache to one that goes', () => {
    const volumeAt = (path: string): Volume | undefined => {
      const mount = container.volumeMounts.find(
        ({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`),
      )
      return podSpec.volumes.find(({ name }) => name === mount?.name)
    }
    const claimName = yaml<Resource>('volume-claim.yaml').metadata.name
    expect(volumeAt(container.workingDir)).toMatchObject({ persistentVolumeClaim: { claimName } })
    const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]))
    expect(volumeAt(defaultCacheDir(environment, 'linux'))?.emptyDir).toBeDefined()
    expect(volumeAt('/tmp')?.emptyDir).toBeDefined()
    expect(yaml<{ readonly spec: PodSpec }>('reader.yaml').spec.volumes).toMatchObject([
      { persistentVolumeClaim: { claimName } },
    ])
  })

  test('runs once a night at most, within an hour, and is tried again only where that may help', () => {
    expect(yaml<object>('cron-job.yaml')).toMatchObject({
      spec: {
        timeZone: 'Etc/UTC',
        concurrencyPolicy: 'Forbid',
        jobTemplate: {
          spec: {
            activeDeadlineSeconds: 3600,
            podFailurePolicy: {
              rules: [
                { action: 'FailJob', onExitCodes: { containerName: container.name, operator: 'In', values: [2, 4] } },
                { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
              ],
            },
          },
        },
      },
    })
  })
})

test('kustomization.yaml lists every manifest, and sets the version of this package', () => {
  const manifests = readdirSync(DEPLOY).filter((file) => file.endsWith('.yaml'))
  const apart = ['kustomization.yaml', 'reader.yaml']
  expect([...kustomization.resources].sort()).toEqual(manifests.filter((file) => !apart.includes(file)).sort())
  expect(kustomization.images).toMatchObject([{ name: container.image, newTag: MANIFEST.version }])
})

test('the README names files that exist, and the version of this package', () => {
  const readme = read('README.md')
  const files = [...readme.matchAll(/(?:\]\(|-f deploy\/|file:\/\/deploy\/)([a-z-]+(?:\.[a-z]+)?)\b/gi)].map(
    ([, name]) => name,
  )
  expect(files).toEqual(expect.arrayContaining(['Dockerfile', 'iam-policy.json', 'reader.yaml', 'cluster-role.yaml']))
  expect(files.filter((name) => !readdirSync(DEPLOY).includes(name ?? ''))).toEqual([])
  const versions = [...readme.matchAll(/\/k8s-cost:(\S+)/g)].map(([, version]) => version)
  expect(new Set(versions)).toEqual(new Set([MANIFEST.version]))
})

describe('by the schemas of Kubernetes', () => {
  type Model = new (data: never) => { validate(): void }
  const MODELS: Readonly<Record<string, Model>> = {
    ClusterRole,
    ClusterRoleBinding,
    ConfigMap,
    CronJob,
    PersistentVolumeClaim,
    Pod,
    ServiceAccount,
  }

  /** Required fields and types by the JSON schemas, which let unknown fields pass; those get lost on a round trip. */
  function check(object: Pick<Resource, 'kind'>): void {
    const { kind } = object
    const KindModel = MODELS[kind]
    if (KindModel === undefined) throw new Error(`no schema for kind "${kind}"`)
    new KindModel(object as never).validate()
    const typed: unknown = ObjectSerializer.deserialize(object, `V1${kind}`, '')
    const kept: unknown = JSON.parse(JSON.stringify(ObjectSerializer.serialize(typed, `V1${kind}`, '')))
    const lost = fieldsOf(object).filter((field) => !fieldsOf(kept).includes(field))
    if (lost.length > 0) throw new Error(`${kind} has no ${lost.join(', ')}`)
    expect(kept).toEqual(object)
  }

  const fieldsOf = (value: unknown, path = ''): string[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, entry]) => [`${path}/${key}`, ...fieldsOf(entry, `${path}/${key}`)])
      : []

  test.each([...kustomization.resources, 'reader.yaml'])('%s is valid', (file) => check(yaml(file)))

  test('this check sees what is missing, of another type, or unknown', () => {
    const { spec, ...rest } = yaml<NightlyJob>('cron-job.yaml')
    const checkWith = (fields: object): void => check(Object.assign({}, rest, { spec: { ...spec, ...fields } }))
    expect(() => checkWith({ schedule: undefined })).toThrow(/schedule/)
    expect(() => checkWith({ timeZone: 2 })).toThrow(/timeZone/)
    expect(() => checkWith({ timezone: 'Etc/UTC' })).toThrow('CronJob has no /spec/timezone')
  })

  const kubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0
  test.skipIf(!kubectl)(`with s3 it needs no volume that stays${kubectl ? '' : ' (skipped: no kubectl)'}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'k8s-cost-kustomize-'))
    try {
      cpSync(DEPLOY, folder, { recursive: true })
      const base = read('kustomization.yaml').replace('# components:\n#   - s3\n', 'components:\n  - s3\n')
      expect(base).not.toBe(read('kustomization.yaml'))
      writeFileSync(join(folder, 'kustomization.yaml'), base)
      const { stdout, stderr, exitCode } = runIn(folder, 'kubectl', ['kustomize', '.'])
      expect([exitCode, stderr]).toEqual([0, ''])
      const objects = loadAll(stdout) as Resource[]
      for (const object of objects) check(object)
      expect(objects.map(({ kind }) => kind)).not.toContain('PersistentVolumeClaim')
      const job = objects.find((object): object is NightlyJob => object.kind === 'CronJob')
      const { volumes } = job?.spec.jobTemplate.spec.template.spec ?? {}
      expect(volumes?.map(({ name }) => name)).toEqual(podSpec.volumes.map(({ name }) => name))
      expect(volumes?.filter(({ emptyDir }) => emptyDir === undefined)).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test.skipIf(!kubectl)(`kubectl kustomize deploy renders it${kubectl ? '' : ' (skipped: no kubectl)'}`, () => {
    const { exitCode, stdout, stderr } = runIn(ROOT, 'kubectl', ['kustomize', 'deploy'])
    expect(exitCode, stderr).toBe(0)
    const objects = loadAll(stdout) as Resource[]
    for (const object of objects) check(object)
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`).sort()).toEqual([
      'ClusterRole /k8s-cost',
      'ClusterRoleBinding /k8s-cost',
      'ConfigMap k8s-cost/k8s-cost',
      'CronJob k8s-cost/k8s-cost',
      'PersistentVolumeClaim k8s-cost/k8s-cost-reports',
      'ServiceAccount k8s-cost/k8s-cost',
    ])
    expect(objects.find(({ kind }) => kind === 'ConfigMap')).toMatchObject({ data: settings })
    expect(stdout).toContain(`image: k8s-cost:${MANIFEST.version}\n`)
  })
})

describe('the image', () => {
  const [build = '', run = ''] = read('Dockerfile')
    .split(/^(?=FROM )/m)
    .slice(1)
  const copied = [...build.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, sources]) => sources?.split(' ') ?? [])
  const shipped = [...run.matchAll(/^COPY --from=build (.+) \S+$/gm)].flatMap(([, sources]) =>
    (sources?.split(' ') ?? []).map((source) => source.replace(/^\/src\//, '')),
  )

  test('is built from what the ignore file lets through, and holds what the package holds', () => {
    const admitted = read('Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
    expect(admitted.map((line) => line.slice(1)).sort()).toEqual([...copied].sort())
    const inPackage = MANIFEST.files.filter((name) => !name.startsWith('!'))
    expect([...shipped].sort()).toEqual([...inPackage, 'LICENSE', 'package.json'].sort())
  })

  test('is of Node 24, runs as the user of the pod, and begins with the command', () => {
    expect([...`${build}${run}`.matchAll(/^FROM .*?(node:\S+)/gm)].map(([, image]) => image)).toEqual(
      Array(2).fill('node:24-slim'),
    )
    const { runAsUser, runAsGroup } = podSpec.securityContext
    expect(run).toContain(`\nUSER ${runAsUser}:${runAsGroup}\n`)
    expect(run).toContain(`\nWORKDIR ${container.workingDir}\n`)
    expect(run).toContain('\nENTRYPOINT ["node", "/app/dist/entry.js"]\n')
    expect(run).not.toMatch(/^RUN /m)
  })

  describe('without Docker', () => {
    let folder: string
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'k8s-cost-image-'))
    })
    afterAll(() => rmSync(folder, { recursive: true }))

    test('the same steps give a program that works on its own', { timeout: 120_000 }, () => {
      const [source, app] = [join(folder, 'src'), join(folder, 'app')]
      for (const name of copied) cpSync(join(ROOT, name), join(source, name), { recursive: true })
      symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'))
      const [, script = ''] = /^RUN node (\S+)$/m.exec(build) ?? []
      const built = runIn(source, process.execPath, [script])
      expect(built.exitCode, built.stderr).toBe(0)
      mkdirSync(app)
      for (const name of shipped) cpSync(join(source, name), join(app, name), { recursive: true })

      const entry = join(app, 'dist', 'entry.js')
      expect(runIn(folder, process.execPath, [entry, '--version']).stdout).toBe(`${MANIFEST.version}\n`)
      const table = runIn(folder, process.execPath, [entry, 'max-pods', 'm5.large', '--format', 'csv'])
      expect(table.stdout, table.stderr).toMatch(/^m5\.large,2,8192,3,10,29,/m)
    })
  })

  const docker = spawnSync('docker', ['image', 'inspect', 'node:24-slim']).status === 0
  const why = docker ? '' : ' (skipped: no Docker daemon that has node:24-slim)'
  test.skipIf(!docker)(`Docker builds it, and it runs on a read-only file system${why}`, { timeout: 600_000 }, () => {
    const image = `k8s-cost-test:${process.pid}`
    try {
      const built = runIn(ROOT, 'docker', ['build', '--file', 'deploy/Dockerfile', '--tag', image, '.'])
      expect(built.exitCode, built.stderr).toBe(0)
      const limits = ['--rm', '--read-only', '--network', 'none', '--cap-drop', 'ALL']
      const demo = runIn(ROOT, 'docker', ['run', ...limits, '--tmpfs', '/data:mode=1777', image, 'demo'])
      expect(demo.exitCode, demo.stderr).toBe(0)
      expect(demo.stdout).toContain('Report: reports/')
    } finally {
      runIn(ROOT, 'docker', ['image', 'rm', '--force', image])
    }
  })
})
