import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import type { JsonObject } from '../../core/json.ts'
import { ModelNotFoundError } from '../../llm/errors.ts'
import { clientSignal } from '../client-signal.ts'

/** A model as it is listed; `created` in seconds since the Unix epoch. */
export type ListedModel = { readonly id: string; readonly created?: number; readonly ownedBy?: string }

/** @throws errors of llm/errors.ts */
export type ListModels = (signal: AbortSignal) => Promise<readonly ListedModel[]>

/** `GET /v1/models` and `GET /v1/models/:id`, whose ids may hold slashes; `:latest` may be left out, as with Ollama. */
export const openAiModelRoutes =
  ({ listModels }: { listModels: ListModels }): FastifyPluginAsync =>
  async (instance) => {
    const list = (reply: FastifyReply) => listModels(clientSignal(reply))

    instance.get('/v1/models', async (_request, reply) => ({
      object: 'list',
      data: (await list(reply)).map(toWireModel),
    }))

    instance.get<{ Params: { '*': string } }>('/v1/models/*', async (request, reply) => {
      const wanted = request.params['*']
      const models = await list(reply)
      const found = [wanted, `${wanted}:latest`].flatMap((id) => models.filter((model) => model.id === id))[0]
      if (found === undefined) throw new ModelNotFoundError(wanted)
      return toWireModel(found)
    })
  }

const toWireModel = ({ id, created = 0, ownedBy = 'library' }: ListedModel): JsonObject => ({
  id,
  object: 'model',
  created,
  owned_by: ownedBy,
})
