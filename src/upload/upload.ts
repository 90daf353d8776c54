import { FailureError } from '../failure.js'
import { reportPath } from '../publish.js'
import { s3Url, type S3Place } from '../s3-url.js'
import { notUploaded, openBucket, type Bucket, type Standing, type UploadDeps } from './bucket.js'
import { isOurs, POINTER, pointerText } from './pointer.js'

export type UploadedReport = {
  readonly cluster: string
  /** The report's clock, ISO. */
  readonly generatedAt: string
  /** Path inside the report's folder → text. */
  readonly files: ReadonlyMap<string, string>
}

/** A second report of one day stands beside the first as `<date>-2`, and so on up to this. */
const MOST_A_DAY = 500
const AT_ONCE = 4

/** Looks before anything is computed, as `checkFolder` does for a folder on disk; close the bucket in the end. */
export async function openTarget(place: S3Place, deps: UploadDeps): Promise<Bucket> {
  const { bucket, first } = await openBucket(place, place.prefix + POINTER, deps)
  refuseForeign(place, place.prefix + POINTER, first)
  return bucket
}

/**
 * Uploads a report: its files first, into a folder of their own, then the pointers, the cluster's and that of the whole
 * prefix. No file is ever written over: a folder in which anything of the same name stands is left, and the next one is
 * taken. So a reader who follows a pointer never meets a half-written or mixed report, and no permission to list or
 * delete is needed. Gives the address of the folder. Fails with `not-uploaded`, or with `bad-output` where somebody
 * else's object stands in the place of a pointer.
 */
export async function upload(bucket: Bucket, report: UploadedReport, warn: (text: string) => void): Promise<string> {
  const { place } = bucket
  const { cluster, generatedAt, files } = report
  const path = reportPath(cluster, generatedAt)
  const pointers = [...new Set([`${path.slice(0, path.lastIndexOf('/'))}/`, ''])].map(
    (below) => `${place.prefix}${below}${POINTER}`,
  )
  const standing = new Map<string, Standing>()
  for (const key of pointers) {
    const found = await bucket.look(key)
    refuseForeign(place, key, found)
    standing.set(key, found)
  }
  const folder = await uploadFiles(bucket, `${place.prefix}${path}`, files)
  const text = pointerText({ cluster, generatedAt, bucket: place.bucket, folder, files: [...files.keys()] })
  for (const key of pointers) await point(bucket, key, text, standing.get(key) ?? { kind: 'unknown' }, warn)
  return s3Url(place, folder)
}

/** Gives the beginning of the keys under which all files are. */
async function uploadFiles(bucket: Bucket, path: string, files: ReadonlyMap<string, string>): Promise<string> {
  const { place } = bucket
  // What people open comes last: where it is, everything is. The smallest of the others takes the folder.
  const isPage = (name: string): boolean => /^report\.(md|html)$/.test(name)
  const entries = [...files].sort(
    ([a, textA], [b, textB]) =>
      Number(isPage(a)) - Number(isPage(b)) || textA.length - textB.length || (a < b ? -1 : 1),
  )
  const [claim] = entries
  if (claim === undefined) throw notUploaded(place, 'the report has no files', 'Name a format with --format.')
  for (let nth = 1; nth <= MOST_A_DAY; nth += 1) {
    const folder = nth === 1 ? `${path}/` : `${path}-${nth}/`
    if ((await bucket.put(folder + claim[0], claim[1], true)) === 'taken') continue
    const done = new Set([claim[0]])
    const others = entries.slice(1)
    try {
      const parts = [others.filter(([name]) => !isPage(name)), others.filter(([name]) => isPage(name))]
      const results: boolean[] = []
      for (const part of parts)
        if (!results.includes(false))
          results.push(
            await inTurns(part, async ([name, text]) => {
              const written = (await bucket.put(folder + name, text, true)) === 'written'
              if (written) done.add(name)
              return written
            }),
          )
      if (!results.includes(false)) return folder
    } catch (error) {
      throw halfDone(
        error,
        `${done.size} of ${files.size} files are in ${s3Url(place, folder)}, which no pointer names`,
      )
    }
  }
  throw new FailureError({
    kind: 'bad-output',
    path: s3Url(place, `${path}/`),
    problem: `is taken, and so are the ${MOST_A_DAY - 1} further folders of that day`,
    fix: 'Name another prefix with --out.',
  })
}

/** A few at a time; false, and nothing further begun, once one says so. */
async function inTurns<Item>(items: readonly Item[], work: (item: Item) => Promise<boolean>): Promise<boolean> {
  const waiting = [...items]
  let going = true
  let failure: { readonly error: unknown } | undefined
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined && going; item = waiting.shift())
      try {
        if (!(await work(item))) going = false
      } catch (error) {
        going = false
        failure ??= { error }
      }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  if (failure !== undefined) throw failure.error
  return going
}

/** Sets a pointer; one that may not be looked at is replaced with a warning, as S3 tells neither whose nor whether it is. */
async function point(
  bucket: Bucket,
  key: string,
  text: string,
  found: Standing,
  warn: (text: string) => void,
): Promise<void> {
  if (found.kind !== 'text') {
    if ((await bucket.put(key, text, true)) === 'written') return
    const now = await bucket.look(key)
    refuseForeign(bucket.place, key, now)
    if (now.kind === 'unknown')
      warn(`${s3Url(bucket.place, key)} was there and was replaced unread: allow s3:GetObject on it to have it checked`)
  }
  await bucket.put(key, text, false)
}

function refuseForeign(place: S3Place, key: string, found: Standing): void {
  if (found.kind !== 'text' || isOurs(found.text)) return
  throw new FailureError({
    kind: 'bad-output',
    path: s3Url(place, key),
    problem: 'is no pointer to a report of k8s-cost, and would be lost',
    fix: 'Name another prefix with --out.',
  })
}

function halfDone(error: unknown, what: string): unknown {
  if (!(error instanceof FailureError) || error.failure.kind !== 'not-uploaded') return error
  const { failure } = error
  return new FailureError({ ...failure, problem: `${failure.problem}; ${what}` }, { cause: error.cause })
}
