import type { FastifyPluginAsync } from 'fastify'
import { isUuid } from '../core/uuid.ts'
import type { ToolCallContext, ToolOutcome } from '../tools/tool.ts'
import { callContext } from './call-context.ts'
import { GameIdInvalidError } from './errors.ts'
import { sendProblem } from './send.ts'

/** The outcome of ttt_get_state for a game, by its lower-case UUID. */
export type ReadGame = (id: string, context: ToolCallContext) => Promise<ToolOutcome>

/** `GET /otto/games/:id/state`: the flat result of ttt_get_state; failures as problem details. */
export const gameRoutes =
  ({ readGame }: { readGame: ReadGame }): FastifyPluginAsync =>
  async (instance) => {
    instance.get<{ Params: { id: string } }>('/otto/games/:id/state', async (request, reply) => {
      const { id } = request.params
      if (!isUuid(id)) throw new GameIdInvalidError()
      const outcome = await readGame(id.toLowerCase(), callContext(request, reply))
      return outcome.success ? reply.send(outcome.result) : sendProblem(reply, outcome)
    })
  }
