/** The load generator: a process of its own, so that what it costs is not the service's. */

import { drawnMoves as draw } from '../../test/games.ts'
import type { Connection } from './_connection.ts'
import { get, openConnection, post } from './_connection.ts'

/** What it is asked for. */
export type LoadRequest =
  | { readonly kind: 'prepare'; readonly port: number; readonly connections: number; readonly games: number }
  | { readonly kind: 'play'; readonly port: number; readonly connections: number; readonly games: number }
  /** Plays in the games prepared first, over and over: all moves but the last one, which would end the round. */
  | { readonly kind: 'replay'; readonly port: number; readonly games: number; readonly rounds: number }
  | {
      readonly kind: 'repeat'
      readonly port: number
      readonly connections: number
      readonly seconds: number
      /** `state` reads the prepared games by GET, `tool` by the tool; `echo-get` and `echo-post` send the same bytes. */
      readonly what: 'state' | 'tool' | 'echo-get' | 'echo-post'
    }

/** Rate over the time in which all connections were busy; latencies in ms. */
export type LoadAnswer = {
  readonly count: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

const fresh: string[] = []
const played: string[] = []

const call = (tool: string, args: object): string => post('/otto/tool', JSON.stringify({ tool, args }))

async function prepare(connection: Connection): Promise<void> {
  const { result } = JSON.parse(await connection.send(call('ttt_create_game', {})))
  await connection.send(call('ttt_start_game', { gameId: result.gameId }))
  fresh.push(result.gameId)
}

/** Runs work on every connection at once, until one of them has none left. */
async function drive(
  { port, connections }: { port: number; connections: number },
  work: (connection: Connection, time: (request: string) => Promise<void>) => Promise<boolean>,
): Promise<LoadAnswer> {
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(port)))
  const latencies: number[] = []
  let isOver = false
  let countAtEnd = 0
  let endMs = 0
  const startMs = performance.now()
  const run = async (connection: Connection) => {
    const time = async (request: string) => {
      const sentMs = performance.now()
      await connection.send(request)
      latencies.push(performance.now() - sentMs)
    }
    while (await work(connection, time));
    if (isOver) return
    isOver = true // from here on some connections are idle
    countAtEnd = latencies.length
    endMs = performance.now()
  }
  await Promise.all(open.map(run))
  for (const connection of open) connection.close()
  latencies.length = countAtEnd
  const ordered = latencies.toSorted((a, b) => a - b)
  const at = (part: number) => ordered[Math.floor(ordered.length * part)] ?? Number.NaN
  return { count: countAtEnd, perSecond: countAtEnd / ((endMs - startMs) / 1000), p50: at(0.5), p99: at(0.99) }
}

function play(request: Extract<LoadRequest, { kind: 'play' }>): Promise<LoadAnswer> {
  let left = request.games
  return drive(request, async (_connection, time) => {
    const gameId = left > 0 ? fresh.pop() : undefined
    if (gameId === undefined) return false
    left -= 1
    for (const [player, cell] of draw) await time(call('ttt_make_move', { gameId, player, cell }))
    played.push(gameId)
    return true
  })
}

/** One call at a time; the moves alone are timed. An emptied board goes on in the same machine. */
function replay({ port, games, rounds }: Extract<LoadRequest, { kind: 'replay' }>): Promise<LoadAnswer> {
  let round = 0
  return drive({ port, connections: 1 }, async (connection, time) => {
    if (round >= rounds) return false
    const gameId = fresh[round % games]
    round += 1
    for (const [player, cell] of draw.slice(0, -1)) await time(call('ttt_make_move', { gameId, player, cell }))
    await connection.send(call('ttt_reset_board', { gameId }))
    return true
  })
}

function repeat(request: Extract<LoadRequest, { kind: 'repeat' }>): Promise<LoadAnswer> {
  const ids = [...fresh, ...played]
  const endMs = performance.now() + request.seconds * 1000
  const bytesOf = (id: string): string => {
    if (request.what === 'tool') return call('ttt_get_state', { gameId: id })
    if (request.what === 'state') return get(`/otto/games/${id}/state`)
    if (request.what === 'echo-get') return get(`/echo/${id}/state`)
    return post('/echo', JSON.stringify({ tool: 'ttt_get_state', args: { gameId: id } }))
  }
  let turn = 0
  return drive(request, async (_connection, time) => {
    if (performance.now() >= endMs) return false
    turn += 1
    await time(bytesOf(ids[turn % ids.length] ?? '00000000-0000-4000-8000-000000000000'))
    return true
  })
}

async function answer(request: LoadRequest): Promise<LoadAnswer> {
  if (request.kind === 'play') return play(request)
  if (request.kind === 'replay') return replay(request)
  if (request.kind === 'repeat') return repeat(request)
  let left = request.games
  return drive(request, async (connection) => {
    if (left <= 0) return false
    left -= 1
    await prepare(connection)
    return true
  })
}

process.on('message', (request: LoadRequest) => {
  answer(request).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
