import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { z } from 'zod'
import { BaseError } from '../../src/core/errors.ts'
import type { ComponentHealth, HealthWord } from '../../src/http/health-monitor.ts'
import type { ServerDeps } from '../../src/http/server.ts'
import { createServer } from '../../src/http/server.ts'
import { ownerToken } from '../../src/http/tokens.ts'
import type { Approvals } from '../../src/tools/approvals.ts'
import { createToolBus } from '../../src/tools/bus.ts'
import { defineTool } from '../../src/tools/tool.ts'
import { memoryKeys } from '../records.ts'

/** Time of this machine. */
export const clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms: number, signal?: AbortSignal) => sleep(ms, undefined, signal ? { signal } : {}),
}

class NoSuchGameError extends BaseError {
  override readonly code = 'GAME_NOT_FOUND'
  override readonly kind = 'not_found'
}

class CellTakenError extends BaseError {
  override readonly code = 'INVALID_MOVE'
  override readonly kind = 'conflict'
}

const gameId = z.uuid().toLowerCase()
const GameView = z.object({ gameId: z.string(), board: z.array(z.string().nullable()) })

/** Boards in memory behind real tools: enough of a game for the doors to be tested without a ledger. */
export function createBoards() {
  const boards = new Map<string, (string | null)[]>()
  const boardOf = (id: string) => {
    const board = boards.get(id)
    if (board === undefined) throw new NoSuchGameError('There is no game with this id.')
    return board
  }
  const create = () => {
    const id = crypto.randomUUID()
    boards.set(id, Array(9).fill(null))
    return id
  }
  const view = (id: string) => ({ result: { gameId: id, board: [...boardOf(id)] } })
  const tools = [
    defineTool({
      name: 'ttt_create_game',
      origin: 'game',
      summary: 'Begin a game.',
      effect: 'write',
      input: z.strictObject({}),
      output: GameView,
      run: async () => view(create()),
    }),
    defineTool({
      name: 'ttt_get_state',
      origin: 'game',
      summary: 'Read a game.',
      effect: 'read',
      input: z.strictObject({ gameId }),
      output: GameView,
      run: async (input) => view(input.gameId),
    }),
    defineTool({
      name: 'ttt_make_move',
      origin: 'game',
      summary: 'Place a mark.',
      effect: 'write',
      input: z.strictObject({ gameId, player: z.enum(['X', 'O']), cell: z.int().min(0).max(8) }),
      output: GameView,
      run: async (input) => {
        const board = boardOf(input.gameId)
        if (board[input.cell] !== null) throw new CellTakenError('That cell already holds a mark.')
        board[input.cell] = input.player
        return view(input.gameId)
      },
    }),
    defineTool({
      name: 'ttt_cancel_game',
      origin: 'game',
      summary: 'End a game.',
      effect: 'write',
      input: z.strictObject({ gameId, reason: z.string().max(500).optional() }),
      output: GameView,
      run: async (input) => {
        const before = view(input.gameId)
        boards.delete(input.gameId)
        return before
      },
    }),
  ]
  return { tools, create, read: (id: string) => [...boardOf(id)], has: (id: string) => boards.has(id) }
}

/** A part of the service as a health report tells it. */
export const partThatIs = (status: HealthWord): ComponentHealth => ({
  status,
  since: '2026-01-01T00:00:00.000Z',
  lastOkAt: null,
  latencyMs: 1.5,
})

/** A switch that nobody turns. */
const killOff = { isOn: false, sources: [], reason: null, since: null }

type Tools = Parameters<typeof createToolBus>[0]['tools']

type BridgeOptions = {
  tools?: Tools
  deadlineMs?: number
  token?: string
  approvals?: Approvals | undefined
} & Partial<Omit<ServerDeps, 'tools' | 'approvals'>>

/** A bridge on a free port; `logged` holds its log lines. Close it with `await using`. */
export async function startBridge({
  tools = createBoards().tools,
  deadlineMs = 5_000,
  token,
  ...rest
}: BridgeOptions = {}): Promise<Bridge> {
  const logged: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line) => void logged.push(JSON.parse(line)) })
  const catalog = createToolBus({ keys: memoryKeys(), tools, clock, deadlineMs, log, approvals: rest.approvals })
  const server = createServer({
    tools: catalog,
    wallets: () => ({ playerX: { address: 'DAG-of-X' }, playerO: { address: 'DAG-of-O' } }),
    readGame: (id, context) => catalog.call('ttt_get_state', { gameId: id }, context),
    listGames: async () => ({ games: [], next: null }),
    health: async () => ({ status: 'healthy', isReady: true, components: { ledger: partThatIs('healthy') } }),
    log,
    newId: () => crypto.randomUUID(),
    clock,
    access: { allowedHosts: [], allowedOrigins: [] },
    network: 'test',
    kill: { state: () => killOff, set: async () => killOff },
    tokens: token === undefined ? [] : [ownerToken(token)],
    ...rest,
  })
  await server.listen({ port: 0, host: '127.0.0.1' })
  const address = server.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { port, server, logged, [Symbol.asyncDispose]: () => server.close() }
}

export type Bridge = {
  readonly port: number
  readonly server: FastifyInstance
  readonly logged: readonly Record<string, unknown>[]
  [Symbol.asyncDispose](): Promise<void>
}
