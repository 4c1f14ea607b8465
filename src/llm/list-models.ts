import { z } from 'zod'
import { collectBytes } from '../core/collect-bytes.ts'
import { LlmBadResponseError } from './errors.ts'
import type { Forward } from './language-model.ts'

/** A model that a server has; `created` in seconds since the epoch. */
export type ListedModel = { readonly id: string; readonly created?: number }

const Tags = z.object({
  models: z.array(z.object({ name: z.string(), modified_at: z.string().optional() })).max(10_000),
})
const maxBytes = 4 * 1024 * 1024

/**
 * The models that an Ollama has.
 * @throws LlmUnavailableError, LlmTimeoutError, LlmBadResponseError
 * @see Ollama, docs/api.md, "List local models"
 */
export async function listOllamaModels(forward: Forward, signal: AbortSignal): Promise<readonly ListedModel[]> {
  const { status, body } = await forward({ method: 'GET', path: '/api/tags', signal })
  const bytes = await collectBytes(body, maxBytes)
  const tags = Tags.safeParse(status === 200 && bytes ? parse(bytes) : undefined)
  if (!tags.success) throw new LlmBadResponseError('The model server does not list its models.')
  return tags.data.models.map(({ name, modified_at: at }) => {
    const created = at === undefined ? Number.NaN : Math.floor(Date.parse(at) / 1_000)
    return { id: name, ...(Number.isNaN(created) ? {} : { created }) }
  })
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
