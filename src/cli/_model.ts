import type { Config } from '../config.ts'
import type { LanguageModel } from '../llm/language-model.ts'
import { createOllama } from '../llm/ollama.ts'
import { createOpenAi } from '../llm/openai.ts'
import { systemClock } from '../system.ts'
import { readPrivateFile } from '../wallet/private-files.ts'

/** The model server of these settings; nothing is asked of it yet. @throws WalletFileError for a key's file */
export async function openModelServer({ model }: Config): Promise<LanguageModel> {
  const time = { clock: systemClock, random: Math.random }
  if (model.provider === 'ollama') return createOllama({ ...time, url: model.ollamaUrl, numCtx: model.numCtx })
  const apiKey = await readModelKey({ model })
  return createOpenAi({ ...time, url: model.openAiUrl, ...(apiKey === undefined ? {} : { apiKey }) })
}

/** The key of the model server, by its setting or the file that another one names. @throws WalletFileError */
export async function readModelKey({ model }: Pick<Config, 'model'>): Promise<string | undefined> {
  if (model.openAiKeyFile === undefined) return model.openAiKey
  const bytes = await readPrivateFile(model.openAiKeyFile, { maxBytes: 4_096, followLink: true })
  return bytes.toString('utf8').trim()
}

/** Where the model server of these settings is, without what may be a password in the address. */
export function modelAddress({ model }: Pick<Config, 'model'>): string {
  const { origin, pathname } = new URL(model.provider === 'ollama' ? model.ollamaUrl : model.openAiUrl)
  return `${origin}${pathname.replace(/\/+$/, '')}`
}
