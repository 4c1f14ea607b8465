import createClient from 'openapi-fetch'
import { toError, UnreachableError } from './errors.ts'
import type { components, paths } from './schema.d.ts'
import { authorization } from './token.ts'

type Schemas = components['schemas']
export type GameView = Schemas['GameView']
export type GamePage = Schemas['GamePage']
export type GameEntry = GamePage['games'][number]

/** The service, by the types of its own document. It is asked at the page's own address. */
export const service = createClient<paths>({ baseUrl: location.origin, fetch: authorized })

async function authorized(asked: Request): Promise<Response> {
  for (const [name, value] of Object.entries(authorization())) asked.headers.set(name, value)
  try {
    return await fetch(asked)
  } catch (cause) {
    if (asked.signal.aborted) throw cause
    throw new UnreachableError(cause)
  }
}

/**
 * What an answer holds.
 * @throws ServiceError, UnreachableError
 * @example const { games } = await dataOf(service.GET('/otto/games', { params: { query: { limit: 50 } }, signal }))
 */
export async function dataOf<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer
  if (error !== undefined || data === undefined) throw toError(error, response)
  return data
}

/**
 * Reads a route that is described by its own type here.
 * @throws ServiceError, UnreachableError
 */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await authorized(new Request(new URL(path, location.origin), { signal: signal ?? null }))
  const body = await response.json().catch(() => ({}))
  if (!response.ok) throw toError(body, response)
  return body
}

type ToolName = 'ttt_create_game' | 'ttt_start_game' | 'ttt_make_move' | 'ttt_reset_board' | 'ttt_cancel_game'

/**
 * Calls a tool that writes; the same `key` asks for the same thing again, and it is done once.
 * @throws ServiceError (also for a refused move), UnreachableError
 */
export const callTool = (tool: ToolName, args: object, key: string): Promise<GameView> => call(tool, args, key)

/** Asks whether a move would be legal, without sending it: `reason` says why not. */
export const simulateMove = (args: {
  gameId: string
  player: 'X' | 'O'
  cell: number
}): Promise<GameView & { valid: boolean; reason: string | null }> => call('ttt_simulate_move', args)

async function call<T>(tool: string, args: object, key?: string): Promise<T> {
  const response = await authorized(
    new Request(new URL('/otto/tool', location.origin), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
      body: JSON.stringify({ tool, args }),
    }),
  )
  const outcome = await response.json().catch(() => ({}))
  if (outcome.success !== true) throw toError(outcome, response)
  return outcome.result
}
