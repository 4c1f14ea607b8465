import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, RequestPayload } from 'fastify'
import { collectBytes } from '../core/collect-bytes.ts'
import { decodeJson } from '../core/decode-json.ts'
import type { JsonValue } from '../core/json.ts'
import { PayloadTooLargeError, UnsupportedMediaTypeError } from './errors.ts'

const jsonType = /^application\/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?[ \t]*;?[ \t]*$/i

/** @throws UnsupportedMediaTypeError for anything but uncompressed `application/json`, charset absent or utf-8 */
function assertJsonHeaders(headers: IncomingHttpHeaders): void {
  const coding = headers['content-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'identity') throw new UnsupportedMediaTypeError()
  if (!jsonType.test(headers['content-type'] ?? '')) throw new UnsupportedMediaTypeError()
}

/**
 * Makes the routes of this instance take strict JSON bodies and nothing else; `request.body` is then a JsonValue.
 * Fastify's own parsers are removed: they round, keep the last of two members, and trust the charset.
 */
export function takeJsonBodies(instance: FastifyInstance, { maxBodyBytes }: { maxBodyBytes: number }): void {
  takeBodies(instance, maxBodyBytes, (bytes) => decodeJson(bytes))
}

/** A body as it came, and what it says. */
export type KeptBody = { readonly bytes: Uint8Array; readonly json: JsonValue }

/** The same for doors that may pass a body on byte by byte, and that carry the JSON Schemas of others. */
export function takeChatBodies(instance: FastifyInstance, { maxBodyBytes }: { maxBodyBytes: number }): void {
  takeBodies(instance, maxBodyBytes, (bytes): KeptBody => ({ bytes, json: decodeJson(bytes, { forbidden: 'schema' }) }))
}

function takeBodies(instance: FastifyInstance, maxBodyBytes: number, read: (bytes: Uint8Array) => unknown): void {
  // Before the body is read, also where there is none: a caller without the header learns of it first.
  instance.addHook('onRequest', async ({ method, headers }) => {
    if (method === 'POST') assertJsonHeaders(headers)
  })
  instance.removeAllContentTypeParsers()
  instance.addContentTypeParser('*', async (_request: unknown, payload: RequestPayload) =>
    read(await readAll(payload, maxBodyBytes)),
  )
}

/** @throws PayloadTooLargeError, and the rest of the body is read and dropped so that the answer can be read */
async function readAll(payload: RequestPayload, maxBytes: number): Promise<Uint8Array> {
  // Not destroyed on leaving: that would close the socket under the answer.
  const bytes = await collectBytes(payload.iterator({ destroyOnReturn: false }), maxBytes)
  if (bytes !== undefined) return bytes
  payload.resume()
  throw new PayloadTooLargeError(maxBytes)
}
