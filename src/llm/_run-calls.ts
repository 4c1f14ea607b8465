import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import { callKey } from './_repeats.ts'
import type { Ending, Over, Turn } from './_turn-state.ts'
import { sayAndEnd } from './_turn-state.ts'
import type { ToolCall } from './language-model.ts'
import type { ReadCall } from './read-call.ts'
import { readCall } from './read-call.ts'
import type { ToolAnswer, TurnEvent } from './turn.ts'

/** What the model said beside its calls. */
export type SaidBeside = { readonly content: string; readonly carry?: JsonValue }

/**
 * Runs the calls of one answer, one after the other, and puts what was said and answered into the conversation. Where
 * the turn is eager, reads before the first write run side by side; their results are told in the order of the calls.
 * @returns how the turn ended, or undefined when the model is to be asked again
 */
export async function* runCalls(
  turn: Turn,
  calls: readonly ToolCall[],
  { content, carry }: SaidBeside,
): AsyncGenerator<TurnEvent, Over | undefined> {
  const read = calls.map((call) => ({ call, read: readCall(call, turn.request.bench.tools) }))
  const toolCalls = read.map(asUnderstood)
  turn.join({ role: 'assistant', content, toolCalls, ...(carry === undefined ? {} : { carry }) })
  for (const call of calls) {
    const begun = turn.early.begin(call)
    if (begun !== undefined) yield begun
  }
  for (const one of read) {
    turn.request.gone.throwIfAborted()
    const over = yield* runCall(turn, one)
    if (over === 'approval') return { finish: 'approval' }
    if (over !== undefined) return yield* sayAndEnd(turn, over)
  }
  return undefined
}

type OneCall = { readonly call: ToolCall; readonly read: ReadCall }

/** The model is shown its call as it was taken; and every wire wants an object, whatever was written. */
const asUnderstood = ({ call, read }: OneCall): ToolCall => {
  if (read.ok) return { id: call.id, name: read.name, arguments: read.args }
  return isJsonObject(call.arguments) ? call : { ...call, arguments: {} }
}

async function* runCall(turn: Turn, one: OneCall): AsyncGenerator<TurnEvent, Ending | 'approval' | undefined> {
  const { call, read } = one
  const { bench } = turn.request
  if (!read.ok) return refuse(turn, call, read)
  for (const kind of read.repairs) turn.observe.repair(kind)
  const { name, args } = read
  const key = callKey(name, args)
  if (turn.guard.before(key) === 'stop') return 'stuck'
  const isWrite = bench.isWrite(name)
  if (isWrite && hasNoTime(turn)) return 'time'
  const early = turn.early.take(call)
  if (early === undefined) yield { type: 'call', call: { id: call.id, name, arguments: args } }
  const startMs = early?.startMs ?? turn.monotonicMs()
  const told = isWrite && turn.lastWrite?.call === key ? again(turn.lastWrite.answer) : undefined
  const answer = told ?? (await (early?.answer ?? bench.call(name, args)))
  if (isWrite && answer.success) turn.lastWrite = { call: key, answer }
  const run = {
    id: call.id,
    tool: name,
    isWrite,
    args,
    success: answer.success,
    ms: Math.round(turn.monotonicMs() - startMs),
    result: answer.body,
    ...(answer.replayed ? { replayed: true as const } : {}),
  }
  turn.runs.push(run)
  yield { type: 'result', run }
  return hear(turn, call, { key, name, answer })
}

type Heard = { readonly key: string; readonly name: string; readonly answer: ToolAnswer }

/** Tells the model what a tool answered, and sees whether it runs in circles. */
function hear(turn: Turn, call: ToolCall, { key, name, answer }: Heard): Ending | 'approval' | undefined {
  const isRepeated = turn.guard.after(key, JSON.stringify(answer.body)) === 'refuse'
  if (isRepeated) turn.observe.refusal('repeated')
  tell(turn, call, name, isRepeated ? repeated : answer.body)
  if (answer.needsApproval) return 'approval'
  if (answer.body['code'] !== 'INVALID_ARGUMENTS') return undefined
  turn.observe.refusal('invalid_arguments')
  return turn.guard.unreadable(name) === 'stop' ? 'unreadable' : undefined
}

const repeated: JsonObject = {
  success: false,
  code: 'INVALID_REQUEST',
  error: 'You have made this call three times and the answer is still the same.',
  hint: 'Do something else, or answer the user in plain words.',
}

/** A stutter: the same write again, right after it succeeded, is told its first answer. */
const again = (answer: ToolAnswer): ToolAnswer => ({ ...answer, replayed: true })

const hasNoTime = ({ halt, deadlineMs, monotonicMs, limits }: Turn): boolean =>
  halt.aborted || deadlineMs - monotonicMs() < limits.writeNeedsMs

type Unread = Extract<ReadCall, { ok: false }>

function refuse(turn: Turn, call: ToolCall, { kind, name, error, hint }: Unread): Ending | undefined {
  turn.observe.refusal(kind)
  const code = kind === 'unknown_tool' ? 'UNKNOWN_TOOL' : 'INVALID_ARGUMENTS'
  tell(turn, call, name, { success: false, code, error, hint })
  return turn.guard.unreadable(kind === 'unknown_tool' ? undefined : name) === 'stop' ? 'unreadable' : undefined
}

function tell(turn: Turn, { id }: ToolCall, name: string, body: JsonObject): void {
  const text = JSON.stringify(body)
  const { answerBytes } = turn.limits
  const content =
    Buffer.byteLength(text) <= answerBytes
      ? text
      : `${Buffer.from(text).toString('utf8', 0, answerBytes - 40)}… (cut: the answer was longer)`
  turn.join({ role: 'tool', content, toolName: name, toolCallId: id })
}
