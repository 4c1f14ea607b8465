import type { Config } from './config.ts'
import type { Breaker } from './core/breaker.ts'
import { BaseError } from './core/errors.ts'
import type { ListModels } from './http/openai/models.ts'
import { breakModel } from './llm/breaking-model.ts'
import type { Forward, LanguageModel } from './llm/language-model.ts'
import { listOllamaModels } from './llm/list-models.ts'
import { createOllama } from './llm/ollama.ts'
import { systemClock } from './system.ts'
import { readPrivateFile } from './wallet/private-files.ts'

/** What should be the key of a model server is none. */
export class ModelKeyInvalidError extends BaseError {
  override readonly code = 'MODEL_KEY_INVALID'
  override readonly kind = 'invalid'
  constructor(variable: string) {
    super(`The file in ${variable} does not hold a key of visible ASCII characters.`, {
      hint: 'Write the key into it, and nothing else.',
    })
  }
}

/** A server of language models, and what only some have. */
export type ModelServer = {
  readonly model: LanguageModel
  /** The way to it as it is; undefined where it is no Ollama. */
  readonly forward: Forward | undefined
  readonly listModels: ListModels
  /** Stands before all of these. */
  readonly breaker: Breaker
}

/** Told when the breaker before the model server opens or closes. */
export type OnModelBreaker = (state: 'open' | 'closed') => void

/** The model server of these settings; nothing is asked of it yet. @throws as readModelKey does */
export async function openModel(
  { model }: Pick<Config, 'model'>,
  onChange: OnModelBreaker = () => {},
): Promise<ModelServer> {
  const time = { clock: systemClock, random: Math.random }
  const breaking = { clock: systemClock, onChange }
  if (model.provider === 'ollama') {
    const ollama = createOllama({ ...time, url: model.ollamaUrl, numCtx: model.numCtx })
    const { guard, ...broken } = breakModel(ollama, breaking)
    const forward = guard(ollama.forward)
    return { ...broken, forward, listModels: (signal) => listOllamaModels(forward, signal) }
  }
  const { createOpenAi } = await import('./llm/openai.ts')
  const apiKey = await readModelKey({ model })
  const openAi = createOpenAi({ ...time, url: model.openAiUrl, ...(apiKey === undefined ? {} : { apiKey }) })
  const { guard: _, ...broken } = breakModel(openAi, breaking)
  return { ...broken, forward: undefined, listModels: async () => [{ id: model.name }] }
}

/** Where each provider's key stands. */
const keysOf = {
  openai: ({ openAiKey: key, openAiKeyFile: file }: Config['model']) => ({
    key,
    file,
    variable: 'OPENAI_API_KEY_FILE',
  }),
  anthropic: ({ anthropicKey: key, anthropicKeyFile: file }: Config['model']) => ({
    key,
    file,
    variable: 'ANTHROPIC_API_KEY_FILE',
  }),
}

/**
 * The key of a provider's server, by its setting or the file that another one names; undefined without either.
 * @throws WalletFileError for a file that others may read, ModelKeyInvalidError for one without a key
 */
export async function readModelKey(
  { model }: Pick<Config, 'model'>,
  provider: keyof typeof keysOf = 'openai',
): Promise<string | undefined> {
  const { key, file, variable } = keysOf[provider](model)
  if (file === undefined) return key
  const bytes = await readPrivateFile(file, { maxBytes: 4_096, followLink: true })
  const read = bytes.toString('utf8').trim()
  // It goes into a header.
  if (!/^[\x21-\x7e]+$/.test(read)) throw new ModelKeyInvalidError(variable)
  return read
}
