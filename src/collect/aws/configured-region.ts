/** The region of the profile in AWS's configuration files that the SDK would use; undefined where none names it. */
export async function configuredRegion(): Promise<string | undefined> {
  const { STSClient } = await import('@aws-sdk/client-sts')
  const client = new STSClient({})
  try {
    return await client.config.region()
  } catch {
    return undefined
  } finally {
    client.destroy()
  }
}
