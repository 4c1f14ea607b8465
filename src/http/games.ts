import type { FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import { isUuid } from '../core/uuid.ts'
import { MachineState, Status } from '../tictactoe/game-view.ts'
import type { GamePage, GameQuery } from '../tictactoe/list-games.ts'
import { maxGamePage, parseGameCursor } from '../tictactoe/list-games.ts'
import type { ToolCallContext, ToolOutcome } from '../tools/tool.ts'
import type { CallContext } from './call-context.ts'
import { clientSignal } from './client-signal.ts'
import { GameIdInvalidError, QueryInvalidError } from './errors.ts'
import { tellPreferences } from './prefer.ts'
import { sendProblem } from './send.ts'

/** The outcome of ttt_get_state for a game, by its lower-case UUID. */
export type ReadGame = (id: string, context: ToolCallContext) => Promise<ToolOutcome>

/** One page of the ledger's games. */
export type ListGames = (query: GameQuery, signal: AbortSignal) => Promise<GamePage>

export type GameDeps = { readonly readGame: ReadGame; readonly listGames: ListGames; readonly callContext: CallContext }

const Limit = z
  .string()
  .regex(/^[1-9][0-9]{0,2}$/)
  .transform(Number)
  .pipe(z.int().max(maxGamePage))

const Query = z.strictObject({
  limit: Limit.default(50),
  cursor: z
    .string()
    .refine((text) => parseGameCursor(text) !== undefined)
    .optional(),
  machineState: MachineState.optional(),
  status: Status.optional(),
})

const queryHint = `Use limit (1 to ${maxGamePage}), cursor (the next of an earlier page), machineState (${MachineState.options.join(', ')}) and status (${Status.options.join(', ')}), each at most once.`

/** @throws QueryInvalidError naming the parameter at fault */
function parseQuery(query: unknown): GameQuery {
  const parsed = Query.safeParse(query)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0]
  throw new QueryInvalidError(String(path ?? ''), queryHint)
}

/**
 * `GET /otto/games`: a page of the games on the ledger, newest first. `GET /otto/games/:id/state`: the flat result of
 * ttt_get_state. Failures as problem details.
 */
export const gameRoutes =
  ({ readGame, listGames, callContext }: GameDeps): FastifyPluginAsync =>
  async (instance) => {
    instance.get('/otto/games', (request, reply) => listGames(parseQuery(request.query), clientSignal(reply)))

    instance.get<{ Params: { id: string } }>('/otto/games/:id/state', async (request, reply) => {
      const { id } = request.params
      if (!isUuid(id)) throw new GameIdInvalidError()
      const context = callContext(request, reply)
      tellPreferences(reply, context, { isWrite: false })
      const outcome = await readGame(id.toLowerCase(), context)
      return outcome.success ? reply.send(outcome.result) : sendProblem(reply, outcome)
    })
  }
