import type { Answer, Conversation, Entry, Piece, Run } from './conversation.ts'
import { textOf } from './conversation.ts'

/** A line of an answer in Ollama's words. @see Ollama API, "Generate a chat completion" */
export type Line = {
  readonly model?: string
  readonly message?: { readonly content?: string; readonly thinking?: string }
  readonly done?: boolean
  /** Of `/generate`, on the last line: what ran, with arguments and results. */
  readonly tool_runs?: readonly {
    readonly id: string
    readonly tool: string
    readonly args?: Record<string, unknown>
    readonly success: boolean
    readonly result?: Record<string, unknown>
  }[]
  readonly error?: string
  readonly code?: string
}

/** Nothing of ours is longer. */
const maxLineChars = 1_000_000

/** The lines of an answer as they come. @throws Error for what is no line of JSON */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Line> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value = '' } = await reader.read()
      const lines = (rest + value).split('\n')
      rest = done ? '' : (lines.pop() ?? '')
      if (rest.length > maxLineChars) throw new Error('A line of the answer is too long.')
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line)
      if (done) return
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** The answer with what one more line says. */
export function withLine(answer: Answer, line: Line): Answer {
  const { content = '', thinking = '' } = line.message ?? {}
  const noted = note.exec(thinking)
  const pieces = noted ? [...answer.pieces, toPiece(toNotedRun(noted))] : withContent(answer.pieces, content)
  const reported = line.tool_runs?.map(({ id, tool, args = {}, success, result = {} }) =>
    toRun({ id, tool, args, result: { ...result, success } }),
  )
  return {
    ...answer,
    pieces: reported === undefined ? pieces : withReport(pieces, reported),
    thinking: noted ? answer.thinking : answer.thinking + thinking,
    ...(line.done === true ? { state: 'done' as const } : {}),
  }
}

/** A run in a few words, as doors without cards tell it while they go on: `ttt_make_move X 4 → InProgress`. */
const note = /^(ttt_\w+) ?(.*) → (\w+)\n$/

function toNotedRun([, tool = '', words = '', word = '']: RegExpExecArray): Run {
  const isCode = word === 'refused' || /^[A-Z_]+$/.test(word)
  const result = isCode ? { success: false, code: word } : { status: word }
  return { ...toRun({ id: '', tool, args: {}, result }), words }
}

/** The report of a turn's end knows more of each run than the notes before it; it may leave out the first ones. */
function withReport(pieces: readonly Piece[], reported: readonly Run[]): readonly Piece[] {
  const notes = pieces.flatMap((piece, at) => (piece.kind === 'run' ? [at] : []))
  const missing = Math.max(0, notes.length - reported.length)
  const known = new Map(reported.map((run, at) => [notes[missing + at], run]))
  const rest = reported.slice(notes.length)
  return [
    ...pieces.map((piece, at) => {
      const run = known.get(at)
      return run === undefined ? piece : toPiece(run)
    }),
    ...rest.map(toPiece),
  ]
}

const toPiece = (run: Run): Piece => ({ kind: 'run', run })

/**
 * The service tells a run as a block that fills its line of the answer alone; a block that stands anywhere else in the text was
 * made up by the model, and stays text.
 */
const card = /^\n<details type="tool_calls" done="true" ([^>]*)>\n<summary>[^<]*<\/summary>\n<\/details>\n$/

function withContent(pieces: readonly Piece[], content: string): readonly Piece[] {
  if (content === '') return pieces
  const attributes = card.exec(content)?.[1]
  if (attributes !== undefined) return [...pieces, toPiece(toCardRun(attributes))]
  const last = pieces.at(-1)
  if (last?.kind !== 'text') return [...pieces, { kind: 'text', text: content }]
  return [...pieces.slice(0, -1), { kind: 'text', text: last.text + content }]
}

function toCardRun(text: string): Run {
  const attributes = new Map(
    [...text.matchAll(/([a-z]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, withoutEntities(value)]),
  )
  return toRun({
    id: attributes.get('id') ?? '',
    tool: attributes.get('name') ?? '',
    args: readObject(attributes.get('arguments')),
    result: readObject(attributes.get('result')),
  })
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&#10;': '\n',
  '&#13;': '\r',
}
const withoutEntities = (text: string): string =>
  text.replaceAll(/&[a-z#0-9]+;/g, (entity) => entities[entity] ?? entity)

function readObject(text = ''): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
  } catch {
    return {} // a long result comes cut
  }
}

type Ran = Pick<Run, 'id' | 'tool' | 'args'> & { readonly result: Record<string, unknown> }

function toRun({ id, tool, args, result }: Ran): Run {
  const details = result['details']
  const word = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  const approvalId =
    typeof details === 'object' && details !== null && 'approvalId' in details ? details.approvalId : ''
  return {
    id,
    tool,
    args,
    success: result['success'] !== false,
    code: word(result['code']),
    error: word(result['error']),
    gameId: word(result['gameId']) ?? word(args['gameId']),
    machineState: word(result['machineState']),
    status: word(result['status']),
    turn: word(result['turn']),
    winner: word(result['winner']),
    approvalId: word(approvalId) || undefined,
  }
}

/** As much as small models can hold. */
const maxSent = 30

/** The conversation as a model reads it, its oldest part left out; of what ran, the last thing each answer did. */
export const toMessages = ({ entries }: Conversation) => entries.slice(-maxSent).flatMap(toMessage)

type Message = { readonly role: 'user' | 'assistant' | 'tool'; readonly content: string } & Record<string, unknown>

function toMessage(entry: Entry): readonly Message[] {
  if (entry.role === 'user') return [{ role: 'user', content: entry.text }]
  const text = textOf(entry).trim()
  const ran = entry.pieces.findLast((piece) => piece.kind === 'run' && piece.run.gameId !== undefined)
  return [
    ...(ran?.kind === 'run' ? toCall(ran.run) : []),
    ...(text === '' ? [] : [{ role: 'assistant' as const, content: text }]),
  ]
}

const toCall = ({ tool, args, gameId, machineState, status, turn, winner }: Run): readonly Message[] => [
  { role: 'assistant', content: '', tool_calls: [{ function: { name: tool, arguments: args } }] },
  { role: 'tool', tool_name: tool, content: JSON.stringify({ gameId, machineState, status, turn, winner }) },
]
