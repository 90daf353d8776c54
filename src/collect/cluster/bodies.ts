import type { IncomingMessage } from 'node:http'
import { createGunzip } from 'node:zlib'
import { NETWORK_FIX, SLOW_FIX, TransportError } from './transport-error.js'

const FIRST_BYTES = 1024 * 1024
const KEPT = 4
const CHUNK_BYTES = 256 * 1024

/**
 * Gathers the bodies of answers in a few buffers that are used again and again: pages of several MB, each in fresh memory
 * outside the heap, would be given back late, and in pieces.
 */
export class Bodies {
  readonly #free: Buffer[] = []

  /** The whole body, unpacked. Throws what broke the connection, or a TransportError. */
  read(response: IncomingMessage, maxBytes: number, onData: () => void): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      let buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(FIRST_BYTES)
      let bytes = 0
      const unpacker =
        response.headers['content-encoding'] === 'gzip' ? createGunzip({ chunkSize: CHUNK_BYTES }) : undefined
      const fail = (error: Error): void => {
        unpacker?.destroy()
        reject(error)
      }
      response.on('data', onData)
      response.on('error', fail)
      unpacker?.on('error', (error) =>
        fail(new TransportError('lost', 'an answer with damaged gzip data', NETWORK_FIX, { cause: error })),
      )
      const source = unpacker === undefined ? response : response.pipe(unpacker)
      source.on('data', (chunk: Buffer) => {
        if (bytes + chunk.length > maxBytes) {
          const problem = `an answer of more than ${Math.round(maxBytes / 1024 / 1024)} MiB`
          return fail(new TransportError('refused', problem, SLOW_FIX))
        }
        if (bytes + chunk.length > buffer.length) {
          const larger = Buffer.allocUnsafeSlow(Math.max(2 * buffer.length, bytes + chunk.length))
          buffer.copy(larger, 0, 0, bytes)
          buffer = larger
        }
        chunk.copy(buffer, bytes)
        bytes += chunk.length
      })
      source.on('end', () => {
        if (response.complete) resolve(buffer.subarray(0, bytes))
        else fail(new Error('the connection was cut within an answer'))
      })
    })
  }

  /** Only for a body that nobody looks at any more. */
  release(body: Buffer): void {
    if (this.#free.length < KEPT) this.#free.push(Buffer.from(body.buffer))
  }
}
