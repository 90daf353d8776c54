/**
 * The object that says where the newest report is. It is written after every file of that report, so whoever follows it
 * finds a whole report, and the last good one while the next is on its way or has failed.
 */
export const POINTER = 'latest.json'

const KIND = 'k8s-cost/latest-report'

export type Pointed = {
  readonly cluster: string
  /** ISO. */
  readonly generatedAt: string
  readonly bucket: string
  /** Beginning of the keys of the report's files; ends with a slash. */
  readonly folder: string
  /** Paths below the folder. */
  readonly files: readonly string[]
}

export const pointerText = ({ cluster, generatedAt, bucket, folder, files }: Pointed): string =>
  `${JSON.stringify({ kind: KIND, cluster, generatedAt, bucket, folder, files: [...files].sort() }, undefined, 2)}\n`

/** Whether a run of this program wrote it. Of an object without content nothing can be lost. */
export function isOurs(text: string): boolean {
  if (text.trim() === '') return true
  try {
    const { kind } = (JSON.parse(text) ?? {}) as { readonly kind?: unknown }
    return kind === KIND
  } catch {
    return false
  }
}
