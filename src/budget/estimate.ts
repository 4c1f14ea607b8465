import { isJsonObject, member } from '../core/json.ts'
import type { ChatMessage, ModelRequest, ModelTool } from '../llm/language-model.ts'
import { toldTools } from '../llm/told-tools.ts'
import type { WorstCase } from './budget.ts'
import type { Price } from './prices.ts'

/**
 * Around the whole: what templates and providers put in front of a conversation by themselves, such as the system
 * message of gpt-oss (about 100 tokens), Qwen's own or Llama's dates.
 */
const requestTokens = 512
/** Around a message: markers, its role, line breaks; Llama 3 needs 5, ChatML 6. */
const messageTokens = 16
/** How to use tools; the most that Anthropic tells of a model is 735 (docs, "Tool use", table of system prompts). */
const toolsTokens = 1_024
/** Around a tool or a call. */
const toolTokens = 32
/**
 * An image is counted by its size in pixels. The most is 48,169: gpt-4o-mini, eight tiles (OpenAI docs, "Images and
 * vision", 2,833 and 5,667 a tile).
 */
const imageTokens = 50_000

/**
 * No fewer tokens than a model's server will count for the question. Every tokenizer in use either joins bytes of UTF-8
 * into tokens or falls back to single bytes, so a token is never less than one byte; text is taken as it stands in JSON,
 * since some templates write it so, and tools indented, as templates of Llama do. That is about four times the truth for
 * English prose: what is not needed is given back with the settlement. A system prompt that the server adds on its own is
 * not known here.
 * @example estimatePrompt({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], tools: [], rest: {} }) // 532
 */
export const estimatePrompt = ({ messages, tools, rest }: ModelRequest): number =>
  requestTokens + sum(messages.map(estimateMessage)) + estimateTools(tools) + (isEmpty(rest) ? 0 : bytesOf(rest))

/**
 * What a question may cost at worst.
 * @param maxOutputTokens output tokens wanted; fewer where the request itself wants fewer (`options.num_predict`)
 */
export function worstCaseOf(request: ModelRequest, price: Price, maxOutputTokens: number): WorstCase {
  const promptTokens = estimatePrompt(request)
  const { inputNanoUsd, cacheReadNanoUsd, cacheWriteNanoUsd, outputNanoUsd } = price
  const mostOutput = Math.min(maxOutputTokens, wantedOutput(request) ?? maxOutputTokens)
  return {
    promptTokens,
    promptNanoUsd: promptTokens * Math.max(inputNanoUsd, cacheReadNanoUsd, cacheWriteNanoUsd),
    outputNanoUsd,
    mostOutput,
    leastOutput: Math.min(mostOutput, leastOutputTokens),
  }
}

/** An answer of fewer tokens is of no use: also the least that `max_tokens` of an agent may be. */
const leastOutputTokens = 16

function wantedOutput({ rest }: ModelRequest): number | undefined {
  const options = member(rest, 'options')
  const wanted = isJsonObject(options) ? member(options, 'num_predict') : undefined
  return typeof wanted === 'number' && wanted >= 1 ? Math.floor(wanted) : undefined // −1 and −2 mean without limit
}

function estimateMessage({ content, thinking, images, toolCalls, toolName, toolCallId, ...more }: ChatMessage): number {
  const { role: _, ...others } = more
  const texts = [content, thinking, toolName, toolCallId].filter((text) => text !== undefined)
  return (
    messageTokens +
    sum(texts.map(bytesOf)) +
    sum((toolCalls ?? []).map((call) => toolTokens + bytesOf(call))) +
    (images?.length ?? 0) * imageTokens +
    (isEmpty(others) ? 0 : bytesOf(others))
  )
}

/** Of lists of tools: the same list goes up with every question. */
const known = new WeakMap<readonly ModelTool[], number>()

function estimateTools(tools: readonly ModelTool[]): number {
  if (tools.length === 0) return 0
  const tokens = known.get(tools) ?? toolsTokens + sum(toldTools(tools).map(estimateTool))
  known.set(tools, tokens)
  return tokens
}

/** What is told of a tool depends on the wire: the longer of what was given and what Ollama and OpenAI are told. */
const estimateTool = ({ given, told }: ReturnType<typeof toldTools>[number]): number =>
  toolTokens + Math.max(indentedBytesOf(given), indentedBytesOf(told))

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))
const indentedBytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value, null, 4))
const isEmpty = (object: object): boolean => Object.keys(object).length === 0
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
