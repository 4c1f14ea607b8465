/** Clients under bad conditions: a process of its own, which counts what each of them is told and when. */

import { setTimeout as sleep } from 'node:timers/promises'
import { drawnMoves as draw } from '../../test/games.ts'
import { quantile } from '../statistics.ts'
import type { Answer, Connection } from './_connection.ts'
import { get, openConnection, post } from './_connection.ts'
import { inParallel } from './_ledger.ts'

/** What it is asked for. */
export type StressRequest =
  /** Makes games that are ready for their first move. */
  | { readonly kind: 'prepare'; readonly port: number; readonly games: number }
  /** The first move in each of the games prepared, waited for 2 s, whatever comes of it. */
  | { readonly kind: 'strand'; readonly port: number; readonly connections: number }
  /** How many of the stranded games hold exactly that one move. */
  | { readonly kind: 'audit'; readonly port: number }
  /** Moves and reads, each connection in a game of its own; `afterMs` later SIGTERM is sent to `pid`. */
  | {
      readonly kind: 'pound'
      readonly port: number
      readonly connections: number
      readonly seconds: number
      /** Seconds that each request asks to be answered within. */
      readonly waitSeconds?: number
      readonly stop?: { readonly pid: number; readonly afterMs: number }
    }

/** Answers by status; how long the slowest took, ms; requests that were under way when their connection ended. */
export type StressAnswer = {
  readonly count: number
  readonly statuses: Readonly<Record<string, number>>
  readonly slowestMs: number
  /** What the slowest was told, and what it was asked. */
  readonly slowest: string
  readonly p99: number
  readonly resets: number
  /** When SIGTERM was sent, epoch milliseconds; 0 where it was not. */
  readonly stoppedMs: number
}

const fresh: string[] = []
const stranded: string[] = []
const connections = 64
/** Longer than any deadline: an answer that comes later than that does not come. */
const patienceMs = 60_000
/** Who is told to come back later waits a little: a flood of refusals is what the bench of overload measures. */
const refusedMs = 250

const call = (tool: string, args: object): string => post('/otto/tool', JSON.stringify({ tool, args }))
const firstMove = (gameId: string): string => call('ttt_make_move', { gameId, player: 'X', cell: 4 })

/** Counts answers as they come. */
function createTally() {
  const statuses: Record<string, number> = {}
  const latencies: number[] = []
  let slowest = { ms: 0, what: '' }
  let resets = 0
  let stoppedMs = Number.POSITIVE_INFINITY
  return {
    /** @returns undefined where the connection ended instead */
    async time(connection: Connection, request: string): Promise<Answer | undefined> {
      const sentMs = performance.now()
      const late = setTimeout(() => connection.close(), patienceMs)
      try {
        const answer = await connection.ask(request)
        const tookMs = performance.now() - sentMs
        latencies.push(tookMs)
        if (tookMs >= slowest.ms) slowest = { ms: tookMs, what: `${codeOf(answer)} ${nameOf(request)}` }
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
        return answer
      } catch {
        // What is sent to a server that is closing may cross its farewell: HTTP/1.1 cannot tell.
        if (sentMs < stoppedMs) resets += 1
        return undefined
      } finally {
        clearTimeout(late)
      }
    },
    stop(pid: number) {
      stoppedMs = performance.now()
      process.kill(pid, 'SIGTERM')
    },
    result: (): StressAnswer => ({
      count: latencies.length,
      statuses,
      slowestMs: slowest.ms,
      slowest: slowest.what,
      p99: quantile(latencies, 0.99),
      resets,
      stoppedMs: Number.isFinite(stoppedMs) ? performance.timeOrigin + stoppedMs : 0,
    }),
  }
}

/** What a refusal is called, else the status. */
const codeOf = ({ status, body }: Answer): string => /"code":"(\w+)"/.exec(body)?.[1] ?? String(status)
/** A tool's name, or the path. */
const nameOf = (request: string): string =>
  /"tool":"(\w+)"/.exec(request)?.[1] ?? (request.startsWith('GET') ? 'GET state' : 'POST')

type Tally = ReturnType<typeof createTally>

async function withConnections(port: number, count: number, work: (free: Connection[]) => Promise<void>) {
  const open = await Promise.all(Array.from({ length: count }, () => openConnection(port)))
  await work([...open])
  for (const connection of open) connection.close()
}

/** One request for each game, over so many connections. */
async function forEach(port: number, width: number, count: number, work: (c: Connection, at: number) => Promise<void>) {
  await withConnections(port, width, async (free) => {
    await inParallel(count, width, async (index) => {
      const connection = free.pop()
      if (connection === undefined) throw new Error('Fewer connections than pieces of work at once.')
      await work(connection, index)
      free.push(connection)
    })
  })
}

async function prepare(port: number, games: number): Promise<void> {
  await forEach(port, connections, games, async (connection) => {
    const { result } = JSON.parse(await connection.send(call('ttt_create_game', {})))
    await connection.send(call('ttt_start_game', { gameId: result.gameId }))
    fresh.push(result.gameId)
  })
}

/** What was not even sent is tried again, so that each of them is left open. */
async function strand(port: number, width: number, tally: Tally): Promise<void> {
  stranded.push(...fresh.splice(0))
  await forEach(port, width, stranded.length, async (connection, at) => {
    for (let tries = 0; tries < 10; tries++) {
      const told = await tally.time(connection, within(firstMove(stranded[at] ?? ''), 2))
      if (!told?.body.includes('"outcome":"not_submitted"')) return
    }
  })
}

async function audit(port: number): Promise<number> {
  let played = 0
  await forEach(port, connections, stranded.length, async (connection, at) => {
    const { moveHistory } = JSON.parse(await connection.send(get(`/otto/games/${stranded[at]}/state`)))
    const [first, ...more] = moveHistory
    if (first?.player === 'X' && first.cell === 4 && more.length === 0) played += 1
  })
  return played
}

async function pound(asked: Extract<StressRequest, { kind: 'pound' }>, tally: Tally): Promise<void> {
  const { port, seconds, waitSeconds, stop } = asked
  const endMs = performance.now() + seconds * 1_000
  const timer = stop && setTimeout(() => tally.stop(stop.pid), stop.afterMs)
  const run = async (gameId: string) => {
    const requests = roundOf(gameId).map((request) => within(request, waitSeconds))
    let connection = await openConnection(port)
    for (let turn = 0; performance.now() < endMs; turn++) {
      const answer = await tally.time(connection, requests[turn % requests.length] ?? '')
      if (answer !== undefined && isRefused(answer)) await sleep(refusedMs)
      if (answer !== undefined && !isClosing(answer)) continue
      connection.close()
      const next = await openConnection(port).catch(() => undefined)
      if (next === undefined) return // the service is gone
      connection = next
    }
    connection.close()
  }
  await Promise.all(fresh.splice(0, asked.connections).map(run))
  clearTimeout(timer)
}

/** All moves but the last one, a read after every second, and an empty board: a game that never ends. */
function roundOf(gameId: string): readonly string[] {
  const moves = draw.slice(0, -1).map(([player, cell]) => call('ttt_make_move', { gameId, player, cell }))
  const read = get(`/otto/games/${gameId}/state`)
  const played = moves.flatMap((move, index) => (index % 2 === 0 ? [move] : [move, read]))
  return [...played, call('ttt_reset_board', { gameId })]
}

const within = (request: string, seconds: number | undefined): string =>
  seconds === undefined ? request : request.replace('\r\n', `\r\nprefer: wait=${seconds}\r\n`)

const isRefused = ({ head }: Answer): boolean => /\r\nretry-after: /i.test(head)
const isClosing = ({ head }: Answer): boolean => /\r\nconnection: close/i.test(head)

async function answer(asked: StressRequest): Promise<StressAnswer> {
  const tally = createTally()
  if (asked.kind === 'prepare') await prepare(asked.port, asked.games)
  if (asked.kind === 'strand') await strand(asked.port, asked.connections, tally)
  if (asked.kind === 'pound') await pound(asked, tally)
  if (asked.kind === 'audit') return { ...tally.result(), count: await audit(asked.port) }
  return tally.result()
}

process.on('message', (asked: StressRequest) => {
  answer(asked).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
