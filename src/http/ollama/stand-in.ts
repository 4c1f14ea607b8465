import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import { ModelNotFoundError } from '../../llm/errors.ts'
import { ModelName } from './body.ts'
import { bodyOf } from './chat.ts'

/** The protocol is that of this version of Ollama. Open WebUI reads three numbers. */
const protocolVersion = '0.33.0'

const details: JsonObject = {
  parent_model: '',
  format: '',
  family: '',
  families: [],
  parameter_size: '',
  quantization_level: '',
}
const known: JsonObject = { modified_at: '1970-01-01T00:00:00Z', details, capabilities: ['completion', 'tools'] }

/** `name` is the older word. @see Ollama api/types.go, ShowRequest */
const ShowBody = z.object({ model: ModelName.nullish(), name: ModelName.nullish() })

/**
 * Where the model server is no Ollama: what clients of Ollama ask before they chat, answered from the one model that is
 * configured. Whatever is not known is empty.
 */
export function serveStandIn(instance: FastifyInstance, { defaultModel: model }: { defaultModel: string }): void {
  instance.get('/api/version', async () => ({ version: protocolVersion }))
  instance.get('/api/tags', async () => ({ models: [{ name: model, model, size: 0, digest: '', ...known }] }))
  instance.post('/api/show', async (request) => {
    const asked = ShowBody.safeParse(bodyOf(request).json)
    const name = asked.data?.model ?? asked.data?.name
    if (name !== model) throw new ModelNotFoundError(name ?? '')
    return { license: '', modelfile: '', parameters: '', template: '', model_info: {}, ...known }
  })
}
