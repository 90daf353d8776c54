import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export type StoredObject = { readonly text: string; readonly headers: http.IncomingHttpHeaders }
export type S3Call = {
  readonly action: 's3:GetObject' | 's3:PutObject' | 'other'
  readonly key: string
  readonly headers: http.IncomingHttpHeaders
}
/** An answer instead of the usual one; `silence` is none at all. */
export type S3Fault = {
  readonly status: number
  readonly code: string
  readonly message?: string
  readonly headers?: Record<string, string>
}

/** A bucket on loopback, path-style as behind AWS_ENDPOINT_URL: keeps objects, knows `If-None-Match: *`, nothing else. */
export type FakeS3 = {
  readonly url: string
  readonly objects: Map<string, StoredObject>
  /** In the order of arrival. */
  readonly calls: S3Call[]
  fault: ((call: S3Call) => S3Fault | 'silence' | undefined) | undefined
  readonly texts: () => Record<string, string>
  readonly close: () => Promise<void>
}

const errorBody = (code: string, message = `${code}, says S3`): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`

export async function startFakeS3(bucket: string): Promise<FakeS3> {
  const objects = new Map<string, StoredObject>()
  const calls: S3Call[] = []
  const handle = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const body = await buffer(request)
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://s3').pathname)
    const [, name = '', ...segments] = path.split('/')
    const key = segments.join('/')
    const action = request.method === 'GET' ? 's3:GetObject' : request.method === 'PUT' ? 's3:PutObject' : 'other'
    const call: S3Call = { action, key, headers: request.headers }
    calls.push(call)
    const refuse = ({ status, code, message, headers = {} }: S3Fault): void =>
      void response.writeHead(status, { 'content-type': 'application/xml', ...headers }).end(errorBody(code, message))
    const fault = fake.fault?.(call)
    const found = objects.get(key)
    if (fault === 'silence') return
    if (fault !== undefined) refuse(fault)
    else if (name !== bucket) refuse({ status: 404, code: 'NoSuchBucket' })
    else if (action === 'other') refuse({ status: 501, code: 'NotImplemented' })
    else if (action === 's3:GetObject' && found === undefined) refuse({ status: 404, code: 'NoSuchKey' })
    else if (action === 's3:GetObject') response.writeHead(200).end(found?.text)
    else if (request.headers['if-none-match'] === '*' && found !== undefined)
      refuse({ status: 412, code: 'PreconditionFailed' })
    else {
      objects.set(key, { text: body.toString('utf8'), headers: request.headers })
      response.writeHead(200, { etag: '"e"' }).end()
    }
  }
  const listener = http.createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const fake: FakeS3 = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    objects,
    calls,
    fault: undefined,
    texts: () => Object.fromEntries([...objects].map(([key, { text }]) => [key, text])),
    close: async () => {
      listener.closeAllConnections()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
  return fake
}
