/** Plays many games at once, a move in each by turns, while others watch them: a process of its own. */

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { drawnMoves as draw } from '../../test/games.ts'
import type { Connection } from './_connection.ts'
import { get, openConnection, post } from './_connection.ts'

/** New games, the first of them with a watcher each. */
export type WatchersRequest = {
  readonly port: number
  readonly connections: number
  readonly games: number
  readonly watchers: number
}
export type WatchersAnswer = {
  readonly perSecond: number
  /** Moves that all watchers were told of. */
  readonly told: number
}

/** How long the last records may take. */
const tellWithinMs = 10_000

const call = (tool: string, args: object): string => post('/otto/tool', JSON.stringify({ tool, args }))

/** Takes work off a list on every connection, until there is none left. */
async function drive<T>(
  open: readonly Connection[],
  work: readonly T[],
  run: (connection: Connection, item: T) => Promise<void>,
): Promise<void> {
  const left = work[Symbol.iterator]()
  await Promise.all(
    open.map(async (connection) => {
      for (let next = left.next(); !next.done; next = left.next()) await run(connection, next.value)
    }),
  )
}

const marker = Buffer.from('event: move_made\n')

/** Reads a stream to count what it tells, and nothing more. */
async function watch(port: number, gameId: string, onMove: () => void): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.write(get(`/otto/games/${gameId}/events`))
  let rest = Buffer.alloc(0)
  await once(socket, 'data')
  socket.on('data', (piece) => {
    const bytes = Buffer.concat([rest, piece])
    let at = bytes.indexOf(marker)
    let end = 0
    for (; at >= 0; at = bytes.indexOf(marker, end)) {
      onMove()
      end = at + marker.length
    }
    rest = bytes.subarray(Math.max(end, bytes.length - marker.length + 1))
  })
  return socket
}

async function answer({ port, connections, games, watchers }: WatchersRequest): Promise<WatchersAnswer> {
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(port)))
  const gameIds: string[] = []
  await drive(open, Array(games).fill(undefined), async (connection) => {
    const { result } = JSON.parse(await connection.send(call('ttt_create_game', {})))
    await connection.send(call('ttt_start_game', { gameId: result.gameId }))
    gameIds.push(result.gameId)
  })
  let told = 0
  const onMove = () => {
    told += 1
  }
  const sockets: Socket[] = []
  for (const gameId of gameIds.slice(0, watchers)) sockets.push(await watch(port, gameId, onMove))
  const startMs = performance.now()
  for (const [player, cell] of draw)
    await drive(open, gameIds, async (connection, gameId) => {
      await connection.send(call('ttt_make_move', { gameId, player, cell }))
    })
  const seconds = (performance.now() - startMs) / 1000
  for (const endMs = performance.now() + tellWithinMs; told < watchers * draw.length && performance.now() < endMs; )
    await sleep(20)
  for (const socket of sockets) socket.destroy()
  for (const connection of open) connection.close()
  return { perSecond: (games * draw.length) / seconds, told }
}

process.on('message', (request: WatchersRequest) => {
  answer(request).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
