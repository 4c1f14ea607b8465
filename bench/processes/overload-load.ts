/** Writes as fast as told, or asks whether the service lives: a process of its own for either. */

import { setTimeout as sleep } from 'node:timers/promises'
import { drawnMoves as draw } from '../../test/games.ts'
import { quantile } from '../statistics.ts'
import type { Answer, Connection } from './_connection.ts'
import { get, openConnection, post } from './_connection.ts'

/** What it is asked for. */
export type OverloadRequest =
  | { readonly kind: 'prepare'; readonly port: number; readonly games: number }
  | {
      readonly kind: 'write'
      readonly port: number
      readonly connections: number
      readonly seconds: number
      /** Writes begun a second, over all connections; as many as are answered without it. */
      readonly perSecond?: number
    }
  | { readonly kind: 'probe'; readonly port: number; readonly seconds: number }

/**
 * Writes that were done a second, and those that were refused with a time to wait; how many got any other answer. Of the
 * probes the p99, ms.
 */
export type OverloadAnswer = {
  readonly donePerSecond: number
  readonly refusedPerSecond: number
  readonly others: number
  readonly p99: number
}

const nothing: OverloadAnswer = { donePerSecond: 0, refusedPerSecond: 0, others: 0, p99: 0 }
const games: string[] = []

const call = (tool: string, args: object): string => post('/otto/tool', JSON.stringify({ tool, args }))

async function prepare({ port, games: count }: Extract<OverloadRequest, { kind: 'prepare' }>): Promise<OverloadAnswer> {
  const connection = await openConnection(port)
  for (let made = 0; made < count; made++) {
    const { result } = JSON.parse(await connection.send(call('ttt_create_game', {})))
    await connection.send(call('ttt_start_game', { gameId: result.gameId }))
    games.push(result.gameId)
  }
  connection.close()
  return nothing
}

/** The writes of a game that never ends: all moves but the last one, and the board is emptied. */
function writesOf(gameId: string): readonly string[] {
  const moves = draw.slice(0, -1).map(([player, cell]) => call('ttt_make_move', { gameId, player, cell }))
  return [...moves, call('ttt_reset_board', { gameId })]
}

/** Each connection in a game of its own: a refused write is sent again in its next turn. */
async function write(asked: Extract<OverloadRequest, { kind: 'write' }>): Promise<OverloadAnswer> {
  const { port, connections, seconds, perSecond } = asked
  const counts = { done: 0, refused: 0, others: 0 }
  const pauseMs = perSecond === undefined ? 0 : (connections / perSecond) * 1_000
  const startMs = performance.now()
  const endMs = startMs + seconds * 1_000
  const run = async (gameId: string, index: number) => {
    const connection: Connection = await openConnection(port)
    const writes = writesOf(gameId)
    let next = 0
    let turnMs = startMs + (pauseMs * index) / connections
    while (performance.now() < endMs) {
      const answer = await connection.ask(writes[next % writes.length] ?? '')
      counts[kindOf(answer)] += 1
      if (answer.status === 200) next += 1 // without success: it was made before
      turnMs = Math.max(turnMs + pauseMs, performance.now() - pauseMs)
      if (turnMs > performance.now()) await sleep(turnMs - performance.now())
    }
    connection.close()
  }
  await Promise.all(games.splice(0, connections).map(run))
  const took = (performance.now() - startMs) / 1_000
  const { done, refused, others } = counts
  return { donePerSecond: done / took, refusedPerSecond: refused / took, others, p99: 0 }
}

/** An excess write has to be told to come back, and when. */
function kindOf({ status, head, body }: Answer): 'done' | 'refused' | 'others' {
  if (body.startsWith('{"success":true')) return 'done'
  return [409, 429, 503].includes(status) && /\r\nretry-after: [1-9]/i.test(head) ? 'refused' : 'others'
}

async function probe({ port, seconds }: Extract<OverloadRequest, { kind: 'probe' }>): Promise<OverloadAnswer> {
  const connection = await openConnection(port)
  const latencies: number[] = []
  const endMs = performance.now() + seconds * 1_000
  while (performance.now() < endMs) {
    const sentMs = performance.now()
    await connection.send(get('/health/live'))
    latencies.push(performance.now() - sentMs)
    await sleep(5)
  }
  connection.close()
  return { ...nothing, p99: quantile(latencies, 0.99) }
}

function answer(asked: OverloadRequest): Promise<OverloadAnswer> {
  if (asked.kind === 'prepare') return prepare(asked)
  return asked.kind === 'write' ? write(asked) : probe(asked)
}

process.on('message', (asked: OverloadRequest) => {
  answer(asked).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
