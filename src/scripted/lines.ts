import type { Clock, NewId } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import type { Card } from './cards.ts'
import { writeCall } from './conversation.ts'
import type { Say } from './model.ts'
import { goJson } from './wire.ts'

/** A line of an answer, made when it is written so that its times are true. */
export type Line = { readonly holds: 'thinking' | 'text' | 'call' | 'end'; render(): string }

/** Everything about an answer but what it says. */
export type Frame = {
  readonly shape: 'chat' | 'generate'
  /** Of a generated answer: leave out the tokens that would carry it on. */
  readonly isRaw: boolean
  /** The model's name as the caller wrote it: Ollama gives it back. */
  readonly model: string
  readonly card: Card
  readonly isStream: boolean
  readonly showsThinking: boolean
  readonly promptTokens: number
  /** Tokens that may be said; more are cut off. */
  readonly maxTokens: number
  /** Say the text over and over until it has this many pieces. */
  readonly chunks: number | undefined
  readonly startMs: number
  readonly loadMs: number
  readonly clock: Clock
  readonly newId: NewId
}

/** An answer as Ollama's lines, one object each; not as a stream it is one line. */
export function linesOf(say: Say, frame: Frame): readonly Line[] {
  const calls = say.callsAs === 'calls' && frame.shape === 'chat' ? say.calls : []
  const written = say.callsAs === 'text' ? say.calls.map(writeCall) : []
  const intro = frame.card.callsOn === 'last' && calls.length > 0 && say.text === '' ? ['Let me play.\n\n'] : []
  const all = piecesOf([say.text, ...written, ...intro].filter((text) => text !== '').join('\n\n'), frame.chunks)
  const pieces = all.slice(0, frame.maxTokens)
  const thinking = frame.showsThinking ? piecesOf(say.thinking) : []
  const wireCalls = calls.map(({ name, args }, index) => ({
    id: `call_${frame.newId().replaceAll('-', '').slice(0, 8)}`,
    function: { index, name, arguments: args },
  }))
  const evalCount = pieces.length + thinking.length + tokensOf(wireCalls.length === 0 ? '' : JSON.stringify(wireCalls))
  const reason = pieces.length < all.length ? 'length' : 'stop'
  const toolCalls = wireCalls.length > 0 ? { tool_calls: wireCalls } : {}
  const end = (message: Partial<Message>): Line => ({
    holds: 'end',
    render: () => render(frame, message, { done: true, done_reason: reason, ...totals(frame, evalCount) }),
  })
  if (!frame.isStream) return [end({ content: pieces.join(''), thinking: thinking.join(''), ...toolCalls })]
  const line = (holds: Line['holds'], message: Partial<Message>): Line => ({
    holds,
    render: () => render(frame, message, { done: false }),
  })
  const isOwn = frame.card.callsOn === 'own' && wireCalls.length > 0
  return [
    ...thinking.map((piece) => line('thinking', { thinking: piece })),
    ...pieces.map((piece) => line('text', { content: piece })),
    ...(isOwn ? [line('call', toolCalls)] : []),
    end(isOwn ? {} : toolCalls),
  ]
}

/** The answer to a request that only loads or unloads. */
export const loadLine = (frame: Frame, reason: 'load' | 'unload'): string =>
  render(frame, {}, { done: true, done_reason: reason })

/** A token is four characters here, as it is with most of those who estimate. */
export const tokensOf = (text: string): number => Math.ceil(text.length / 4)

type Message = { readonly content: string; readonly thinking: string; readonly tool_calls: readonly JsonObject[] }

function render(frame: Frame, { content = '', thinking = '', ...calls }: Partial<Message>, rest: JsonObject): string {
  const reasoning = thinking === '' ? {} : { thinking }
  const said =
    frame.shape === 'chat'
      ? { message: { role: 'assistant', content, ...reasoning, ...calls } }
      : { response: content, ...reasoning }
  return goJson({ model: frame.model, created_at: timestamp(frame.clock), ...said, ...rest })
}

/** Word by word, each with the blanks before it; over and over until there are `count` pieces, where it is given. */
export function piecesOf(text: string, count?: number): readonly string[] {
  const words = text.match(/\s*\S+(?:\s+$)?/g) ?? []
  if (count === undefined || words.length === 0) return words
  return Array.from({ length: count }, (_, index) => {
    const word = words[index % words.length] ?? ''
    return index > 0 && index % words.length === 0 ? ` ${word}` : word
  })
}

/** Nanoseconds; what is zero is left out. */
function totals({ clock, startMs, loadMs, promptTokens, shape, isRaw }: Frame, evalCount: number): JsonObject {
  const totalMs = Math.max(clock.monotonicMs() - startMs, 0.001)
  const counted = {
    ...(shape === 'generate' && !isRaw ? { context: [1] } : {}),
    total_duration: nanos(totalMs),
    load_duration: nanos(loadMs),
    prompt_eval_count: promptTokens,
    prompt_eval_duration: nanos(totalMs / 4),
    eval_count: evalCount,
    eval_duration: nanos(totalMs / 2),
  }
  return Object.fromEntries(Object.entries(counted).filter(([, value]) => value !== 0))
}

const nanos = (ms: number): number => Math.round(ms * 1e6)

/** RFC 3339 with nanoseconds, as Go writes them; below the millisecond they come from the monotonic clock. */
export function timestamp(clock: Clock, laterMs = 0): string {
  const iso = new Date(clock.nowMs() + laterMs).toISOString()
  return `${iso.slice(0, -1)}${String(Math.floor((clock.monotonicMs() % 1) * 1e6)).padStart(6, '0')}Z`
}
