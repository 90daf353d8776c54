/** Where in a bucket reports go. `prefix` is empty or ends with a slash. */
export type S3Place = { readonly bucket: string; readonly prefix: string }

/** Anything that names a scheme: none of these is a folder that somebody means. */
export const isUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(text)

/** S3's rule for the names of general purpose buckets, which aliases of access points keep to, too. */
const BUCKET = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
/** Characters that every tool takes in a key as they are; others need escapes somewhere. */
const SEGMENT = /^[A-Za-z0-9!_.*'()=@:+,$&; -]+$/

/**
 * Reads `s3://bucket/prefix/`; the slash at the end makes no difference. Undefined where it is no such address: S3 would
 * refuse the bucket's name, or programs that read the report could not name its keys.
 */
export function s3Place(text: string): S3Place | undefined {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/s.exec(text) ?? []
  const segments = path.replace(/\/$/, '').split('/')
  if (!BUCKET.test(bucket)) return undefined
  if (path === '') return { bucket, prefix: '' }
  if (segments.some((segment) => !SEGMENT.test(segment) || /^\.\.?$/.test(segment))) return undefined
  return path.length > 500 ? undefined : { bucket, prefix: `${segments.join('/')}/` }
}

export const s3Url = ({ bucket, prefix }: S3Place, key = prefix): string => `s3://${bucket}/${key}`
