import { FailureError } from '../../failure.js'

/**
 * Why there is no answer. `lost`: the connection failed or broke; `slow`: it took too long; `refused`: asking again
 * would end the same way (certificates, credentials, a page beyond all bounds).
 */
export class TransportError extends Error {
  readonly reason: 'lost' | 'slow' | 'refused'
  readonly fix: string

  constructor(reason: TransportError['reason'], message: string, fix: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TransportError'
    this.reason = reason
    this.fix = fix
  }
}

export const NETWORK_FIX = 'Check the network, the VPN and the address of the server.'
export const SLOW_FIX = 'Check the load of the API server and the network to it.'
export const LOGIN_FIX = 'Log in again, or repair the user in the kubeconfig.'
const TRUST_FIX =
  'Check certificate-authority-data of the cluster in the kubeconfig, and the clock of this machine and of the server.'

/** Of the call that fetches credentials, which may run a plugin. */
export function loginError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof TransportError || error instanceof FailureError) return error
  const { code, message, syscall, path } = error as NodeJS.ErrnoException
  const lines = message.split('\n').filter((line) => line.trim() !== '')
  const what =
    code === 'ENOENT' && syscall?.startsWith('spawn') === true
      ? `its program "${path ?? ''}" is not installed`
      : (lines.at(-1) ?? 'its program failed and said nothing')
  return new TransportError('refused', `no credentials: ${what}`, LOGIN_FIX, { cause: error })
}

export function transportError(error: Error): TransportError {
  if (error instanceof TransportError) return error
  const { code = '' } = error as NodeJS.ErrnoException
  const options = { cause: error }
  if (/CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO|CRL/.test(code))
    return new TransportError('refused', `no trusted connection (${error.message.split('\n')[0]})`, TRUST_FIX, options)
  if (/^Bad response: \d+|^Proxy /.test(error.message)) {
    const fix = 'Check the proxy: proxy-url in the kubeconfig, or HTTPS_PROXY and NO_PROXY.'
    return new TransportError('refused', `the proxy gave no way through (${error.message})`, fix, options)
  }
  // One with several addresses reports a failure for each, and none of its own.
  const causes = error instanceof AggregateError ? error.errors.map(String).join(', ') : error.message
  return new TransportError('lost', `no connection (${causes || code})`, NETWORK_FIX, options)
}
