import { explain, FailureError } from '../failure.js'
import { s3Url, type S3Place } from '../s3-url.js'
import { openBucket, type UploadDeps } from './bucket.js'
import { isOurs, POINTER } from './pointer.js'

/** One call of an upload: whether it would work, as far as can be told without writing. */
export type TargetCheck = {
  readonly action: 's3:GetObject' | 's3:PutObject'
  readonly state: 'works' | 'denied' | 'fails' | 'untried'
  readonly remedy: string
}

/**
 * Looks at the pointer of a prefix, as every upload does before anything is computed: no call and no permission beyond
 * those of an upload. Nothing is written, so whether a file may be put there is not known. Throws nothing that S3 can cause.
 */
export async function checkTarget(place: S3Place, deps: UploadDeps): Promise<readonly TargetCheck[]> {
  const pointer = place.prefix + POINTER
  const untried: TargetCheck = {
    action: 's3:PutObject',
    state: 'untried',
    remedy: `nothing is written by way of trial; an upload needs it on ${s3Url(place)}*`,
  }
  const looked = (state: TargetCheck['state'], remedy: string): readonly TargetCheck[] => [
    { action: 's3:GetObject', state, remedy },
    untried,
  ]
  try {
    const { bucket, first } = await openBucket(place, pointer, deps)
    bucket.close()
    switch (first.kind) {
      case 'absent':
        return looked('works', '')
      case 'text':
        if (isOurs(first.text)) return looked('works', '')
        return looked('fails', `${s3Url(place, pointer)} is no pointer to a report: name another prefix`)
      case 'unknown':
        // Without s3:ListBucket, which an upload does not need, S3 says so of what is not there, too.
        return looked('denied', `or nothing is there yet: an upload works without it, unchecked`)
      default:
        return first satisfies never
    }
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    return looked('fails', explain(error.failure).text)
  }
}
