import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A request as it came. */
export type Asked = { readonly method: string; readonly path: string; readonly body: unknown; readonly token?: string }

/** What is answered: JSON unless it is text. */
export type Answer = { readonly status?: number; readonly json?: unknown; readonly text?: string }

/** A server on loopback that answers as it is told, and says that it is alive. Ends with the running test. */
export async function answering(answer: (asked: Asked) => Answer) {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request
    if (path === '/health/live') return void response.end('{}')
    const chunks: Uint8Array[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString('utf8')
    const one = { method, path, body: text === '' ? undefined : JSON.parse(text), token: headers.authorization ?? '' }
    asked.push(one)
    const { status = 200, json, text: plain } = answer(one)
    response.writeHead(status, { 'content-type': plain === undefined ? 'application/json' : 'text/csv' })
    response.end(plain ?? JSON.stringify(json))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo // it listens on TCP
  return { url: `http://127.0.0.1:${port}`, port: String(port), asked }
}
