import type { Failure } from '../../failure.js'
import { oneLine, troubleOf } from './answer.js'
import type { ClientRequest, Clients, Deadline } from './clients.js'

export type Identity =
  /** The account is undefined where STS cannot be reached: everything else is asked all the same. */
  | { readonly kind: 'known'; readonly account: string | undefined; readonly arn: string | undefined }
  /** `refused`: there are credentials, and AWS does not take them. */
  | { readonly kind: 'none'; readonly failure: Failure; readonly refused?: true }

/** Says that no AWS figure can be read, once, instead of once for every call. */
const noCredentials = (problem: string, { profile }: ClientRequest): Identity & { readonly kind: 'none' } => ({
  kind: 'none',
  failure: {
    kind: 'unreadable-source',
    source: `AWS${profile === undefined ? '' : ` (profile ${profile})`}`,
    problem,
    fix:
      'Log in (aws sso login, aws configure), set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give ' +
      'the pod a role; without AWS use --pricing embedded.',
  },
})

/**
 * Who asks. Runs the SDK's chain of credentials, then asks STS, which no policy can forbid: credentials that are missing,
 * expired or refused are found here.
 */
export async function whoAsks(request: ClientRequest, clients: Clients, deadline: Deadline): Promise<Identity> {
  const client = await clients.sts()
  try {
    await deadline.within(client.config.credentials())
  } catch (error) {
    const said = oneLine(error instanceof Error ? error.message : String(error))
    return noCredentials(`no credentials were found (${said})`, request)
  }
  const { GetCallerIdentityCommand } = await import('@aws-sdk/client-sts')
  try {
    const answer = await deadline.within(
      client.send(new GetCallerIdentityCommand({}), { abortSignal: deadline.signal }),
    )
    return { kind: 'known', account: answer.Account, arn: answer.Arn }
  } catch (error) {
    const trouble = troubleOf(error, 'sts:GetCallerIdentity', request.region)
    if (trouble.kind === 'credentials')
      return {
        ...noCredentials(`the credentials are not accepted in ${request.region}: ${trouble.why}`, request),
        refused: true,
      }
    return { kind: 'known', account: undefined, arn: undefined }
  }
}
