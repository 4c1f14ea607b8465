/**
 * A model server that costs next to nothing: `POST /api/chat` says ready lines in Ollama's words, at a pace. Before that it
 * reads each game that the user's last message names, one a round. Prints its address as a line of JSON.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { callLine, endLine, nowUs, textLine, toStamp } from './_chat-lines.ts'

/** How an answer is to be, as `options` of a chat. Milliseconds between chunks; 0 says all at once. */
export type ChatScript = { readonly chunks: number; readonly pace_ms: number }

type Body = {
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  readonly options: ChatScript
}

const uuid = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g
const ndjson = { 'content-type': 'application/x-ndjson' }
const shown = JSON.stringify({
  capabilities: ['completion', 'tools'],
  model_info: { 'general.architecture': 'llama', 'llama.context_length': 131_072 },
})

/** The newest body of a chat, for who wants to ask the same without the door. */
let asked = ''

const server = createServer(async (request, response) => {
  if (request.url === '/asked') return end(response, asked)
  if (request.url !== '/api/chat') return end(response, shown)
  asked = await readText(request)
  answer(response, JSON.parse(asked))
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

function end(response: ServerResponse, json: string): void {
  response.setHeader('content-length', Buffer.byteLength(json)).end(json)
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

function answer(response: ServerResponse, { messages, options }: Body): void {
  response.writeHead(200, ndjson)
  const games = messages.findLast(({ role }) => role === 'user')?.content.match(uuid) ?? []
  const gameId = games[messages.filter(({ role }) => role === 'tool').length]
  if (gameId !== undefined) {
    response.end(callLine(gameId) + endLine)
    return
  }
  if (options.pace_ms === 0) sayAtOnce(response, options)
  else sayPaced(response, options)
}

function sayAtOnce(response: ServerResponse, { chunks }: ChatScript): void {
  const lines = Array.from({ length: chunks }, (_, index) => textLine(index, toStamp(nowUs())))
  response.end(lines.join('') + endLine)
}

function sayPaced(response: ServerResponse, { chunks, pace_ms }: ChatScript): void {
  let index = 0
  const timer = setInterval(() => {
    if (index < chunks) response.write(textLine(index++, toStamp(nowUs())))
    else response.end(endLine)
  }, pace_ms)
  response.once('close', () => clearInterval(timer))
}
