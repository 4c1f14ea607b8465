import type { JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import { readText } from './_patience.ts'
import type { Answer } from './_upstream.ts'
import {
  LlmAuthError,
  LlmBadResponseError,
  LlmContextOverflowError,
  LlmRefusedError,
  LlmStreamCutError,
  ModelNotFoundError,
  ToolsUnsupportedError,
} from './errors.ts'

/** Who was asked for what; `secret` is cut out of every text. `wantsKey`: without one it answers 401. */
export type AskedFor = { readonly model: string; readonly secret?: string | undefined; readonly wantsKey?: boolean }

const maxErrorBytes = 64 * 1024

/** The error that an answer other than 2xx stands for. Reads its body. */
export async function refusalOf(answer: Answer, { model, secret, wantsKey = false }: AskedFor): Promise<Error> {
  const said = readError(parseJson(await readText(answer, maxErrorBytes)))
  const words = cleanWords(said.words, secret)
  const { status } = answer
  if (status === 404) return new ModelNotFoundError(model)
  if (status === 400 && /does not support tools/i.test(words)) return new ToolsUnsupportedError(model)
  const isAboutKey = status === 401 || status === 403
  // No refusal of the caller, who would look for a fault in a key of their own. Such texts quote the key, or half of it.
  if (isAboutKey && secret !== undefined) return new LlmAuthError()
  if (status === 401 && wantsKey) return new LlmAuthError({ hasKey: false })
  if (isOverflow(said.code, words)) return new LlmContextOverflowError(words)
  if (status < 500) return new LlmRefusedError(status, words || `The model server refused the request (${status}).`)
  if (isBadCall(words)) return badCall()
  return new LlmBadResponseError(
    words ? `The model server failed: ${asSentence(words)}` : `The model server failed (${status}).`,
  )
}

/** The error that an error inside a stream stands for; `error` is what the server gave as such. */
export function brokenOff(error: JsonValue, secret?: string): Error {
  const said = readError({ error })
  const words = cleanWords(said.words, secret)
  if (isBadCall(words)) return badCall()
  if (isOverflow(said.code, words)) return new LlmContextOverflowError(words)
  return new LlmStreamCutError(words ? `The model's answer broke off: ${asSentence(words)}` : undefined)
}

/**
 * A prompt that is too long: the code of OpenAI and of llama-server (inside Ollama), and what Anthropic, Ollama, vLLM and
 * llama-server say. Sources: Ollama server/routes.go and llama.cpp tools/server; the vendors' pages on errors.
 */
function isOverflow(code: string, words: string): boolean {
  if (code === 'context_length_exceeded' || code === 'exceed_context_size_error') return true
  return /prompt (?:is )?too long|maximum context length|(?:exceeds?|longer than)\b.{0,40}\bcontext/i.test(words)
}

/** A hint follows it. */
const asSentence = (words: string): string => (/[.!?…]$/.test(words) ? words : `${words}.`)

/** The model wrote a call whose arguments are not JSON: no outage. Text: Ollama llm/llama_server.go. */
const isBadCall = (words: string): boolean => /invalid tool call arguments/i.test(words)
const badCall = (): Error => new LlmBadResponseError('The model wrote a call that cannot be read.', { isCall: true })

/** Without the parser's error: what is not JSON has no words for us, such as the page of a proxy. */
function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue // what the parser gives is JSON
  } catch {
    return null
  }
}

/** `{error: text}` of Ollama, `{error: {message}}` of the others; OpenAI adds a code, and llama-server a type. */
function readError(json: JsonValue): { readonly words: string; readonly code: string } {
  const error = isJsonObject(json) ? (member(json, 'error') ?? '') : ''
  if (!isJsonObject(error)) return { words: typeof error === 'string' ? error : '', code: '' }
  const [words = '', code = '', type = ''] = ['message', 'code', 'type'].map((key) => {
    const value = member(error, key)
    return typeof value === 'string' ? value : ''
  })
  return { words, code: code || type }
}

/** Addresses of the inside, as runners quote them: `Post "http://127.0.0.1:43211/completion": EOF`. */
const addresses =
  /\b[a-z]{2,5}:\/\/[^\s"']{1,500}|\[[0-9a-f:]{2,45}\](?::\d{1,5})?|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?/gi
const hostAndPort = /(?<![\w.-])[\w.-]{1,100}:\d{2,5}\b/g

/** One short line of the server's own words, without addresses and without the secret. */
function cleanWords(words: string, secret = ''): string {
  const oneLine = words
    .slice(0, 2000)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  const withoutSecret = secret === '' ? oneLine : oneLine.replaceAll(secret, '…')
  return withoutSecret.replace(addresses, '…').replace(hostAndPort, '…').slice(0, 200)
}
