/** Those who call tools: a process of its own, so that what it costs is not the service's. */

import { Pool } from 'undici'
import { drawnMoves as draw } from '../../test/games.ts'

/** What it is asked for: how often a second this can be done, so many calls at once. */
export type McpLoadRequest = { readonly port: number; readonly atOnce: number } & (
  | { readonly kind: 'read'; readonly seconds: number }
  | { readonly kind: 'echo'; readonly seconds: number }
  | { readonly kind: 'play'; readonly by: 'post' | 'mcp'; readonly games: number }
)
/** The rate over the time in which all were busy; and all calls that were made. */
export type McpLoadAnswer = { readonly perSecond: number; readonly calls: number }

type Headers = Readonly<Record<string, string>>
type Client = {
  /** @throws for another status than 200 and 202 */
  post(path: string, body: object, headers?: Headers): Promise<{ text: string; headers: Headers }>
  close(): Promise<void>
}

const jsonType = { 'content-type': 'application/json' }
const mcpVersion = '2025-11-25'
/** @see Model Context Protocol 2025-11-25, basic/transports: what a client sends with every request */
const mcpHeaders = { accept: 'application/json, text/event-stream', 'mcp-protocol-version': mcpVersion }
const anyId = '00000000-0000-4000-8000-000000000000'

function connect({ port, atOnce }: McpLoadRequest): Client {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: atOnce, pipelining: 1 })
  return {
    async post(path, body, headers = {}) {
      const sent = { ...jsonType, ...headers }
      const response = await pool.request({ method: 'POST', path, headers: sent, body: JSON.stringify(body) })
      const text = await response.body.text()
      if (response.statusCode !== 200 && response.statusCode !== 202) throw new Error(`Not 200: ${text}`)
      return { text, headers: response.headers as Headers } // none of the headers that are read comes twice
    },
    close: () => pool.close(),
  }
}

let lastId = 0
const rpc = (method: string, params: object) => ({ jsonrpc: '2.0', id: ++lastId, method, params })

/** Opens a session. @returns what every request in it says */
async function initialize(client: Client): Promise<Headers> {
  const params = { protocolVersion: mcpVersion, capabilities: {}, clientInfo: { name: 'bench', version: '1' } }
  const { headers } = await client.post('/mcp', rpc('initialize', params), mcpHeaders)
  const session = headers['mcp-session-id']
  const said = { ...mcpHeaders, ...(session === undefined ? {} : { 'mcp-session-id': session }) }
  await client.post('/mcp', { jsonrpc: '2.0', method: 'notifications/initialized' }, said)
  return said
}

/** @throws where the tool says that it failed */
async function callByMcp(client: Client, headers: Headers, name: string, args: object): Promise<void> {
  const { text } = await client.post('/mcp', rpc('tools/call', { name, arguments: args }), headers)
  if (!text.includes('"content":') || text.includes('"isError":true')) throw new Error(`A call failed: ${text}`)
}

async function callByPost(client: Client, tool: string, args: object): Promise<{ readonly gameId: string }> {
  const { text } = await client.post('/otto/tool', { tool, args })
  const { success, result } = JSON.parse(text)
  if (success !== true) throw new Error(`A call failed: ${text}`)
  return result
}

/** Runs work over and over in as many turns at once, until one of them has none left. */
async function drive(atOnce: number, work: () => Promise<number | undefined>): Promise<McpLoadAnswer> {
  let count = 0
  let countAtEnd: number | undefined
  let endMs = 0
  const startMs = performance.now()
  const run = async () => {
    for (let done = await work(); done !== undefined; done = await work()) count += done
    if (countAtEnd !== undefined) return
    countAtEnd = count // from here on some are idle
    endMs = performance.now()
  }
  await Promise.all(Array.from({ length: atOnce }, run))
  return { perSecond: (countAtEnd ?? 0) / ((endMs - startMs) / 1_000), calls: count }
}

type Timed = Extract<McpLoadRequest, { seconds: number }>

async function repeat({ kind, seconds, atOnce }: Timed, client: Client): Promise<McpLoadAnswer> {
  const call = kind === 'read' ? await readCall(client) : await echoCall(client)
  const endMs = performance.now() + seconds * 1_000
  return drive(atOnce, async () => {
    if (performance.now() >= endMs) return undefined
    await call()
    return 1
  })
}

async function readCall(client: Client): Promise<() => Promise<unknown>> {
  const { gameId } = await callByPost(client, 'ttt_create_game', {})
  return () => client.post('/otto/tools/ttt_get_state', { gameId })
}

async function echoCall(client: Client): Promise<() => Promise<unknown>> {
  const headers = await initialize(client)
  return () => callByMcp(client, headers, 'echo', { gameId: anyId })
}

type Play = Extract<McpLoadRequest, { kind: 'play' }>

/** Games are made and started beforehand: moves alone are counted. */
async function play({ by, games, atOnce }: Play, client: Client): Promise<McpLoadAnswer> {
  const ids: string[] = []
  let left = games
  await drive(atOnce, async () => {
    if (left-- <= 0) return undefined
    const { gameId } = await callByPost(client, 'ttt_create_game', {})
    await callByPost(client, 'ttt_start_game', { gameId })
    ids.push(gameId)
    return 1
  })
  const headers = by === 'mcp' ? await initialize(client) : {}
  const move = (args: object): Promise<unknown> =>
    by === 'mcp' ? callByMcp(client, headers, 'ttt_make_move', args) : callByPost(client, 'ttt_make_move', args)
  return drive(atOnce, async () => {
    const gameId = ids.pop()
    if (gameId === undefined) return undefined
    for (const [player, cell] of draw) await move({ gameId, player, cell })
    return draw.length
  })
}

async function answer(request: McpLoadRequest): Promise<McpLoadAnswer> {
  const client = connect(request)
  try {
    return await (request.kind === 'play' ? play(request, client) : repeat(request, client))
  } finally {
    await client.close()
  }
}

process.on('message', (request: McpLoadRequest) => {
  answer(request).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
