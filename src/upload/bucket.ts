import type { S3Client } from '@aws-sdk/client-s3'
import { oneLine, troubleOf } from '../collect/aws/answer.js'
import { deadlineIn, REQUEST_TIMEOUT_MS, sdkConfig, type ClientSettings } from '../collect/aws/clients.js'
import { partitionOf } from '../collect/aws/region.js'
import { FailureError } from '../failure.js'
import { s3Url, type S3Place } from '../s3-url.js'
import { contentType } from './content-type.js'
import { POINTER } from './pointer.js'

/** Every call that an upload makes. A test holds deploy/iam-policy-upload.json against it, both ways. */
export const UPLOAD_ACTIONS = ['s3:GetObject', 's3:PutObject'] as const
type UploadAction = (typeof UPLOAD_ACTIONS)[number]

export type UploadDeps = {
  /** Where to ask first: a bucket elsewhere says where it is. */
  readonly region: string
  /** Of k8s-cost, for the user agent. */
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clients?: ClientSettings
}

/** What stands under a key: `unknown` where it may not be read, which S3 also says of what is not there. */
export type Standing =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'absent' } | { readonly kind: 'unknown' }

export type Bucket = {
  readonly place: S3Place
  readonly look: (key: string) => Promise<Standing>
  /** `taken`: only under `ifNew`, where something stands under the key. Fails with `not-uploaded`. */
  readonly put: (key: string, text: string, ifNew: boolean) => Promise<'written' | 'taken'>
  readonly close: () => void
}

/** Of one call with all its retries, the time for its body left aside. */
const CALL_MS = 2 * 60_000
/** A body is given a second more for each such part of it, so that large files pass through narrow lines. */
const BYTES_PER_SECOND = 100_000

type Sdk = typeof import('@aws-sdk/client-s3')

/**
 * A bucket to write to, found in whatever region it is: `firstKey` is looked at, so that missing credentials, a missing
 * bucket or an unreachable endpoint are known before anything is computed. Fails with `not-uploaded`.
 */
export async function openBucket(
  place: S3Place,
  firstKey: string,
  deps: UploadDeps,
): Promise<{ readonly bucket: Bucket; readonly first: Standing }> {
  const sdk = await import('@aws-sdk/client-s3')
  const openIn = async (region: string) => {
    const bucket = await bucketIn(region, place, sdk, deps)
    try {
      return { bucket, first: await bucket.look(firstKey) }
    } catch (error) {
      bucket.close()
      throw error
    }
  }
  try {
    return await openIn(deps.region)
  } catch (error) {
    if (!(error instanceof ElsewhereError) || error.region === '' || error.region === deps.region) throw error
    return openIn(error.region)
  }
}

/** The bucket is in another region, which S3 names if it can. */
class ElsewhereError extends FailureError {
  readonly region: string

  constructor(place: S3Place, region: string, cause: unknown) {
    const problem = `the bucket is in another region${region === '' ? '' : ` (${region})`}, where it could not be asked`
    const fix = "Set AWS_REGION to the bucket's region, or name another bucket with --out."
    super({ kind: 'not-uploaded', target: s3Url(place), problem, fix }, { cause })
    this.region = region
  }
}

async function bucketIn(region: string, place: S3Place, sdk: Sdk, deps: UploadDeps): Promise<Bucket> {
  const client = new sdk.S3Client({
    region,
    ...sdkConfig(deps.clients ?? {}, deps.version),
    // Emulators and other stores have no host name of their own for each bucket.
    forcePathStyle: ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3'].some((name) => (deps.env[name] ?? '') !== ''),
  })
  await deadlineIn(CALL_MS)
    .within(client.config.credentials())
    .catch((error: unknown) => {
      client.destroy()
      const said = oneLine(error instanceof Error ? error.message : String(error))
      throw notUploaded(
        place,
        `no AWS credentials were found (${said})`,
        'Log in (aws sso login, aws configure), set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give ' +
          'the pod a role.',
        error,
      )
    })
  const line: Line = { client, sdk, place, region, timeoutMs: deps.clients?.requestTimeout ?? REQUEST_TIMEOUT_MS }
  return {
    place,
    look: (key) => look(line, key),
    put: (key, text, ifNew) => put(line, key, text, ifNew),
    close: () => client.destroy(),
  }
}

type Line = {
  readonly client: S3Client
  readonly sdk: Sdk
  readonly place: S3Place
  readonly region: string
  readonly timeoutMs: number
}

async function look(line: Line, key: string): Promise<Standing> {
  const { client, sdk, place } = line
  const deadline = deadlineIn(CALL_MS)
  try {
    const command = new sdk.GetObjectCommand({ Bucket: place.bucket, Key: key })
    const reading = client.send(command, { abortSignal: deadline.signal }).then(({ Body }) => Body?.transformToString())
    return { kind: 'text', text: (await deadline.within(reading)) ?? '' }
  } catch (error) {
    const { name, status } = factsOf(error)
    if (name === 'NoSuchKey' || (status === 404 && name !== 'NoSuchBucket')) return { kind: 'absent' }
    if (status === 403 && troubleOf(error, 's3:GetObject', line.region).kind === 'denied') return { kind: 'unknown' }
    throw failureOf(error, 's3:GetObject', line)
  }
}

async function put(line: Line, key: string, text: string, ifNew: boolean): Promise<'written' | 'taken'> {
  const { client, sdk, place, timeoutMs } = line
  const body = Buffer.from(text, 'utf8')
  const command = new sdk.PutObjectCommand({
    Bucket: place.bucket,
    Key: key,
    Body: body,
    ContentType: contentType(key),
    // A pointer changes under one key; everything else stays as it is for ever.
    ...(key.endsWith(POINTER) ? { CacheControl: 'no-cache' } : {}),
    ...(ifNew ? { IfNoneMatch: '*' } : {}),
  })
  const bodyMs = Math.ceil((1000 * body.length) / BYTES_PER_SECOND)
  const deadline = deadlineIn(CALL_MS + bodyMs)
  const options = { abortSignal: deadline.signal, requestTimeout: timeoutMs + bodyMs }
  try {
    await deadline.within(client.send(command, options))
    return 'written'
  } catch (error) {
    const { name, status } = factsOf(error)
    // 409: somebody else writes it at this moment.
    if (ifNew && (status === 412 || name === 'PreconditionFailed' || name === 'ConditionalRequestConflict'))
      return 'taken'
    throw failureOf(error, 's3:PutObject', line)
  }
}

function factsOf(error: unknown): { readonly name: string; readonly status: number; readonly region: string } {
  const { name, $metadata, $response, Region } = error as {
    readonly name?: unknown
    readonly $metadata?: { readonly httpStatusCode?: unknown }
    readonly $response?: { readonly headers?: Readonly<Record<string, unknown>> }
    readonly Region?: unknown
  }
  const named = $response?.headers?.['x-amz-bucket-region'] ?? Region
  return {
    name: typeof name === 'string' ? name : '',
    status: typeof $metadata?.httpStatusCode === 'number' ? $metadata.httpStatusCode : 0,
    region: typeof named === 'string' ? named : '',
  }
}

const ELSEWHERE =
  /^(PermanentRedirect|TemporaryRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/

function failureOf(error: unknown, action: UploadAction, { place, region }: Line): Error {
  const { name, status, region: named } = factsOf(error)
  if (ELSEWHERE.test(name) || status === 301) return new ElsewhereError(place, named, error)
  if (name === 'NoSuchBucket')
    return notUploaded(place, `there is no bucket ${place.bucket}`, 'Create it, or name another with --out.', error)
  const trouble = troubleOf(error, action, region)
  switch (trouble.kind) {
    case 'denied': {
      // With a key of its own on the bucket, the refusal may be the key's.
      const said = error instanceof Error ? error.message : ''
      const denied = /\bkms:[A-Za-z]+/.exec(said)?.[0] ?? action
      const what = denied === action ? `${arnOf(place, region)}*` : "the bucket's key"
      return notUploaded(place, `AWS denied ${denied}`, `Allow ${denied} on ${what}, then run again.`, error)
    }
    case 'credentials':
      return notUploaded(
        place,
        `AWS does not take the credentials (${trouble.why})`,
        'Log in again, or use others.',
        error,
      )
    case 'failed':
      return notUploaded(place, trouble.why, 'Check --out, the network and AWS_ENDPOINT_URL, then run again.', error)
    default:
      return trouble satisfies never
  }
}

const arnOf = ({ bucket, prefix }: S3Place, region: string): string => {
  const partition = partitionOf(region)
  return `arn:${partition === 'other' ? 'aws' : partition}:s3:::${bucket}/${prefix}`
}

export const notUploaded = (place: S3Place, problem: string, fix: string, cause?: unknown): FailureError =>
  new FailureError({ kind: 'not-uploaded', target: s3Url(place), problem, fix }, { cause })
