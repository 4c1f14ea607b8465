import type { JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import { readText } from './_patience.ts'
import type { Answer } from './_upstream.ts'
import {
  LlmBadResponseError,
  LlmRefusedError,
  LlmStreamCutError,
  LlmUnavailableError,
  ModelNotFoundError,
  ToolsUnsupportedError,
} from './errors.ts'

/** Who was asked for what; `secret` is cut out of every text. */
export type AskedFor = { readonly model: string; readonly secret?: string }

const maxErrorBytes = 64 * 1024

/** The error that an answer other than 2xx stands for. Reads its body. */
export async function refusalOf(answer: Answer, { model, secret }: AskedFor): Promise<Error> {
  const words = cleanWords(errorWords(parseJson(await readText(answer, maxErrorBytes))) ?? '', secret)
  const { status } = answer
  if (status === 404) return new ModelNotFoundError(model)
  if (status === 400 && /does not support tools/i.test(words)) return new ToolsUnsupportedError(model)
  const isKeyWrong = secret !== undefined && (status === 401 || status === 403) // such texts quote the key, or half of it
  // No refusal of the caller, who would look for a fault in a key of their own.
  if (isKeyWrong) return new LlmUnavailableError('The model server refuses the key of this service.', { isAlive: true })
  if (status < 500) return new LlmRefusedError(status, words || `The model server refused the request (${status}).`)
  if (isBadCall(words)) return badCall()
  return new LlmBadResponseError(
    words ? `The model server failed: ${asSentence(words)}` : `The model server failed (${status}).`,
  )
}

/** The error that an error inside a stream stands for; `error` is what the server gave as such. */
export function brokenOff(error: JsonValue, secret?: string): Error {
  const words = cleanWords(errorWords({ error }) ?? '', secret)
  if (isBadCall(words)) return badCall()
  return new LlmStreamCutError(words ? `The model's answer broke off: ${asSentence(words)}` : undefined)
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

/** `{error: text}` of Ollama, `{error: {message}}` of OpenAI. */
function errorWords(json: JsonValue): string | undefined {
  if (!isJsonObject(json)) return undefined
  const error = member(json, 'error')
  const words = isJsonObject(error) ? member(error, 'message') : error
  return typeof words === 'string' ? words : undefined
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
