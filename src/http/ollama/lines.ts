import type { JsonObject } from '../../core/json.ts'
import { isJsonObject } from '../../core/json.ts'
import type { ToolCall } from '../../llm/language-model.ts'
import type { TurnEvent } from '../../llm/turn.ts'
import { pieces } from '../pieces.ts'
import type { TurnEnd } from './end.ts'
import { toEndMembers, toRunReport } from './end.ts'
import { toToolCard, toToolNote } from './tool-card.ts'

/** How a turn is told in Ollama's words. */
export type OllamaStyle = {
  /** `chat` has `message`, `generate` has `response`. */
  readonly shape: 'chat' | 'generate'
  readonly model: string
  /** Our tools as cards in the content; else in a few words of the reasoning, while they run. */
  readonly showsCards: boolean
  /** Does the last line report the runs? */
  readonly reportsRuns: boolean
  readonly nowMs: () => number
}

/** What a client reads of an event. */
export type Said = { readonly content: string; readonly thinking: string }

const nothing: Said = { content: '', thinking: '' }

/**
 * The lines of one event, each with its line break; none for an event that nobody needs to see. Our own calls never show
 * as `tool_calls`: a client would run them again.
 * @see Ollama api/types.go, ChatResponse and GenerateResponse
 */
export function toLines(event: TurnEvent, style: OllamaStyle): readonly (string | Uint8Array)[] {
  switch (event.type) {
    case 'heartbeat':
      return [chunkLine(nothing, style)]
    case 'end':
      return [...event.handover.map((call, index) => callLine(call, index, style)), endLine(event, style)]
    case 'text':
    case 'thinking':
      if (event.line !== undefined && mayPassOn(event.line, style)) return [Buffer.concat([event.line, lineBreak])]
      return chunkLines(saidBy(event, style), style)
    case 'result':
      if (style.showsCards) return chunkLines(saidBy(event, style), style)
      return chunkLines({ content: '', thinking: toToolNote(event.run) }, style)
    case 'call':
      return []
  }
}

const lineBreak = Buffer.from('\n')
/** Readers of lines, Open WebUI among them, give up at this length. */
const maxLineBytes = 65_536

const mayPassOn = (line: Uint8Array, { shape }: OllamaStyle): boolean =>
  shape === 'chat' && line.length + lineBreak.length < maxLineBytes

/** The part of an event that belongs to the answer, whether somebody reads along or not. */
export function saidBy(event: TurnEvent, { showsCards }: Pick<OllamaStyle, 'showsCards'>): Said {
  if (event.type === 'text') return { content: event.text, thinking: '' }
  if (event.type === 'thinking') return { content: '', thinking: event.text }
  if (event.type === 'result' && showsCards) return { content: toToolCard(event.run), thinking: '' }
  return nothing
}

/** The whole answer as one object, for a client that wants no stream. */
export const toWhole = (said: Said, end: TurnEnd, style: OllamaStyle): JsonObject => ({
  ...head(style),
  ...partOf(said, end.handover.map(toCallBody), style),
  ...endMembers(end, style),
})

/** A failure after the first byte: as content for people, since some pages drop the line for programs that follows. */
export const toFailureLines = (
  failure: { readonly error: string; readonly code: string },
  style: OllamaStyle,
): readonly string[] => [...chunkLines({ content: `\n\n${failure.error}`, thinking: '' }, style), toLine(failure)]

const toLine = (value: JsonObject): string => `${JSON.stringify(value)}\n`

const head = ({ model, nowMs }: OllamaStyle): JsonObject => ({ model, created_at: new Date(nowMs()).toISOString() })

function partOf({ content, thinking }: Said, calls: readonly JsonObject[], { shape }: OllamaStyle): JsonObject {
  const besides = {
    ...(thinking === '' ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
  if (shape === 'generate') return { response: content, ...besides }
  return { message: { role: 'assistant', content, ...besides } }
}

const chunkLine = (said: Said, style: OllamaStyle): string =>
  toLine({ ...head(style), ...partOf(said, [], style), done: false })

const chunkLines = ({ content, thinking }: Said, style: OllamaStyle): string[] => [
  ...[...pieces(thinking)].map((piece) => chunkLine({ content: '', thinking: piece }, style)),
  ...[...pieces(content)].map((piece) => chunkLine({ content: piece, thinking: '' }, style)),
]

// One call a line: a client joins them.
const callLine = (call: ToolCall, index: number, style: OllamaStyle): string =>
  toLine({ ...head(style), ...partOf(nothing, [toCallBody(call, index)], style), done: false })

const toCallBody = ({ id, name, arguments: args }: ToolCall, index: number): JsonObject => ({
  id,
  // A client that reads Go's types fails on anything but an object; without arguments the tool itself says what it lacks.
  function: { index, name, arguments: isJsonObject(args) ? args : {} },
})

const endLine = (end: TurnEnd, style: OllamaStyle): string =>
  toLine({ ...head(style), ...partOf(nothing, [], style), ...endMembers(end, style) })

const endMembers = (end: TurnEnd, { reportsRuns }: OllamaStyle): JsonObject => ({
  ...toEndMembers(end),
  ...(reportsRuns ? { tool_runs: toRunReport(end.runs) } : {}),
})
