import type { Config } from '../config.ts'
import { BaseError } from '../core/errors.ts'
import { ModelNotFoundError } from '../llm/errors.ts'
import type { LanguageModel, ModelCapabilities } from '../llm/language-model.ts'
import { openModel, readModelKey } from '../open-model.ts'
import type { Finding } from './_finding.ts'
import { probeLimitMs } from './_finding.ts'
import { modelAddress } from './_model-address.ts'

/**
 * The chat's model: is its server there, has it the model, does that take tools, is its context long enough? Whatever is
 * missing is a warning: the tools work without a chat. @throws WalletFileError for a key's file
 */
export async function checkModel(config: Config): Promise<readonly Finding[]> {
  const { model: server } = await openModel(config)
  const signal = AbortSignal.timeout(probeLimitMs)
  try {
    return config.model.provider === 'ollama'
      ? await checkOllama(config, server, signal)
      : [await checkOpenAi(config, server, signal)]
  } catch (error) {
    if (!(error instanceof BaseError || signal.aborted)) throw error
    return [unanswered(config, error instanceof BaseError ? error.message : `It says nothing for ${probeLimitMs} ms.`)]
  } finally {
    await server.close()
  }
}

const name = 'model'
const nameOf = { ollama: 'OLLAMA_URL', openai: 'OPENAI_URL' } as const

const unanswered = (config: Config, fact: string): Finding => ({
  level: 'warn',
  name,
  detail: `no chat: ${modelAddress(config)}: ${fact}`,
  next: `The tools work without it. Start the model server, correct ${nameOf[config.model.provider]}, or try the chat with otto model.`,
})

async function checkOllama(config: Config, server: LanguageModel, signal: AbortSignal): Promise<readonly Finding[]> {
  const { model } = config
  try {
    const found = await server.capabilities(model.name, { signal })
    const detail = `${model.name} at ${modelAddress(config)}`
    return [{ level: 'ok', name, detail }, toolsFinding(model.name, found), ...contextFindings(model.numCtx, found)]
  } catch (error) {
    if (!(error instanceof ModelNotFoundError)) throw error
    const detail = `no chat: ${modelAddress(config)} has no model ${model.name}`
    return [{ level: 'warn', name, detail, next: `ollama pull ${model.name}, or set OTTO_MODEL to one that is there.` }]
  }
}

function toolsFinding(model: string, { tools }: ModelCapabilities): Finding {
  if (tools === true) return { level: 'ok', name: 'model tools', detail: 'called natively' }
  if (tools === undefined)
    return { level: 'ok', name: 'model tools', detail: 'its server does not tell whether it takes any' }
  return {
    level: 'warn',
    name: 'model tools',
    detail: `${model} takes none: they are told in the prompt, and its calls are read out of its text`,
    next: 'A model with tools plays more surely: set OTTO_MODEL.',
  }
}

/** Persona, tools and the longest game of nine moves, with the answers of the tools, in tokens of a common model. */
const enoughTokens = 8_192

function contextFindings(numCtx: number, { contextLength }: ModelCapabilities): readonly Finding[] {
  const isShort = contextLength !== undefined && contextLength < numCtx
  const known = contextLength === undefined ? '' : ` of at most ${contextLength}`
  const detail = `${numCtx} tokens asked for${known}`
  const context = 'model context'
  if (isShort)
    return [{ level: 'warn', name: context, detail, next: `Set OTTO_NUM_CTX=${contextLength}, or take another model.` }]
  if (numCtx < enoughTokens) {
    const next = `A whole game needs about ${enoughTokens}: the tools are cut off first. Set OTTO_NUM_CTX.`
    return [{ level: 'warn', name: context, detail, next }]
  }
  return [{ level: 'ok', name: context, detail }]
}

async function checkOpenAi(config: Config, server: LanguageModel, signal: AbortSignal): Promise<Finding> {
  const isOpenAi = new URL(config.model.openAiUrl).hostname === 'api.openai.com'
  if (isOpenAi && (await readModelKey(config)) === undefined)
    return {
      level: 'warn',
      name,
      detail: `no chat: ${modelAddress(config)} wants a key`,
      next: 'Set OPENAI_API_KEY or OPENAI_API_KEY_FILE.',
    }
  await server.ping({ signal })
  return { level: 'ok', name, detail: `${config.model.name} at ${modelAddress(config)}` }
}
