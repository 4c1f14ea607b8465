/**
 * An MCP server with one tool that gives back its argument, in sessions, as the SDK shows it: `POST /mcp`, event streams.
 * Prints its address as a line of JSON.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { z } from 'zod'

type Transport = WebStandardStreamableHTTPServerTransport

const gameId = z.uuid()
/** By session; the bench opens one a round. */
const transports = new Map<string, Transport>()

/** The session that a request names, or a new one. */
async function transportOf({ headers }: IncomingMessage): Promise<Transport> {
  const known = transports.get(String(headers['mcp-session-id']))
  if (known !== undefined) return known
  const mcp = new McpServer({ name: 'echo', version: '1' })
  const tool = { description: 'Gives back its argument.', inputSchema: z.object({ gameId }) }
  mcp.registerTool('echo', tool, async (args) => ({ content: [{ type: 'text', text: JSON.stringify(args) }] }))
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: () => crypto.randomUUID(),
    onsessioninitialized: (id) => {
      transports.set(id, transport)
    },
  })
  await mcp.connect(transport)
  return transport
}

const server = createServer(async (request, response) => {
  if (request.url === '/health/live') {
    response.setHeader('content-length', 0).end()
    return
  }
  const transport = await transportOf(request)
  await send(response, await transport.handleRequest(await toWebRequest(request)))
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo // it listens on TCP
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }))
})
process.on('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
})

// No more than a Node adapter cannot do without: what it costs counts against us.
async function toWebRequest(request: IncomingMessage): Promise<Request> {
  const { method = '', url, headers } = request
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  const lines = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined || name === 'content-length' ? [] : [[name, String(value)]],
  )
  return new Request(`http://localhost${url}`, { method, headers: lines, body })
}

async function send(response: ServerResponse, answer: Response): Promise<void> {
  response.writeHead(answer.status, [...answer.headers].flat())
  for await (const chunk of answer.body ?? []) response.write(chunk)
  response.end()
}
