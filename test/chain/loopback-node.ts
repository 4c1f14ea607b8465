import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Received = { readonly method: string; readonly path: string; readonly body: string; readonly type: string }

/** A real HTTP server on loopback that keeps what it received. Disposing it ends its connections too. */
export async function openLoopbackNode(answer: RequestListener) {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { method = '', url = '', headers } = request
    received.push({ method, path: url, body, type: headers['content-type'] ?? '' })
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** An address where nobody listens: its port was free a moment ago. */
export async function closedAddress(): Promise<string> {
  const node = await openLoopbackNode(() => undefined)
  await node[Symbol.asyncDispose]()
  return node.url
}

/** Answers JSON. */
export const answerJson =
  (value: unknown, status = 200): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }

/** Ways in which a node fails to give a complete answer. */
export const failures: Record<string, RequestListener> = {
  'a reset before the headers': (request) => request.socket.resetAndDestroy(),
  'a close before the headers': (request) => request.socket.end(),
  'a body that is cut': (request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('{"hash":')
    setImmediate(() => request.socket.destroy())
  },
  'headers that never come': () => undefined,
  'a body that stands still': (_, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('{"hash":')
  },
  'more bytes than allowed': answerJson('x'.repeat(2000)),
  'bytes that are not HTTP': (request) => request.socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
}
