import { profileRegion } from './aws.js'
import type { AnalyzeOptions } from './options.js'
import { VERSION } from './package.js'
import type { Logger } from './progress.js'
import { checkFolder, defaultFolder, publish } from './publish.js'
import { s3Place } from './s3-url.js'
import type { UploadedReport } from './upload/upload.js'

/** Where a report goes. It was looked at when this was made, so that a long run does not end in a refusal. */
export type Destination = {
  /** Puts the report there, and gives the address of its folder. */
  readonly publish: (report: UploadedReport) => Promise<string>
  readonly close: () => void
}

/** The folder or the bucket that `--out` names; without it a folder by the cluster and the day. */
export async function openDestination(
  { out, region }: Pick<AnalyzeOptions, 'out' | 'region'>,
  log: Logger,
): Promise<Destination> {
  const place = out === undefined ? undefined : s3Place(out)
  if (place === undefined) {
    checkFolder(out)
    return {
      publish: ({ cluster, generatedAt, files }) => {
        const folder = out ?? defaultFolder(cluster, generatedAt)
        publish(folder, files)
        return Promise.resolve(folder)
      },
      close: () => undefined,
    }
  }
  // The SDK's own chunk is loaded for this address only.
  const { openTarget, upload } = await import('./upload/upload.js')
  const deps = { region: (await profileRegion()) ?? region ?? 'us-east-1', version: VERSION, env: process.env }
  const bucket = await openTarget(place, deps)
  return {
    publish: (report) => upload(bucket, report, (text) => log.warn(text)),
    close: () => bucket.close(),
  }
}
