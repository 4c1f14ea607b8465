import type { Clock, NewId } from '../core/clock.ts'
import type { JsonValue } from '../core/json.ts'
import type { Card } from './cards.ts'
import { defaultContext, fullName } from './cards.ts'
import { readConversation } from './conversation.ts'
import { keepAliveMs } from './keep-alive.ts'
import type { Frame } from './lines.ts'
import { linesOf, loadLine, tokensOf } from './lines.ts'
import type { Act, Misbehaviour, MisbehaviourKind } from './misbehaviour.ts'
import { isMisbehaviour, misbehaviours, sendLines } from './misbehaviour.ts'
import type { Question, Say, ScriptedModel } from './model.ts'
import type { Reply } from './reply.ts'
import { busyWords, refuse, reply, whole } from './reply.ts'
import type { State } from './state.ts'
import type { GenerateBody } from './wire.ts'

/** How the server answers. */
export type AnswerOptions = {
  readonly model: ScriptedModel
  readonly clock: Clock
  /** Names the calls. */
  readonly newId: NewId
  /** Every model goes wrong in this way, whatever its tag says. */
  readonly misbehave?: MisbehaviourKind
  /** Before each chunk of an answer, ms. */
  readonly delayMs?: number
  /** How many chunks of text each answer has. */
  readonly chunks?: number
  /** It answers to these names too, and lists none of them. */
  readonly alsoNamed?: readonly string[]
  /** How often `busy` says 503 before it answers. */
  readonly busyTimes?: number
}

/** No model of that name, in Ollama's words. */
export const notFound = (name: string): Reply => refuse(404, `model '${name}' not found`)

/** A question of either endpoint. `isEmpty`: it asks for nothing but the model to be loaded. */
export type Asked = Pick<GenerateBody, 'model' | 'stream' | 'options' | 'keep_alive' | 'think'> &
  Question & { readonly isEmpty: boolean }
/** Which endpoint; `size` is the prompt's, in tokens. */
export type Kind = Pick<Frame, 'shape' | 'isRaw'> & { readonly size: number }

/** An answer, a refusal in Ollama's own words, or whatever goes wrong on purpose. */
export function answer(asked: Asked, state: State, options: AnswerOptions, { shape, isRaw, size }: Kind): Reply {
  const startMs = options.clock.monotonicMs()
  if (asked.model === '') return refuse(400, 'model is required')
  const card = state.cards.get(fullName(asked.model))
  if (card === undefined) return notFound(asked.model)
  const refusal = refusalOf(asked, card)
  if (refusal !== undefined) return refuse(400, refusal)
  const misbehaviour = misbehaviourOf(card, options)
  if (state.isBusy(busyTimesOf(misbehaviour, options))) return refuse(503, busyWords)

  const context = positive(asked.options['num_ctx']) ?? defaultContext
  const keepMs = keepAliveMs(asked.keep_alive) ?? 0
  const frame: Frame = {
    shape,
    isRaw,
    model: asked.model,
    card,
    isStream: asked.stream ?? true,
    showsThinking: card.capabilities.includes('thinking') && asked.think !== false,
    promptTokens: Math.min(size, context),
    maxTokens: positive(asked.options['num_predict']) ?? Number.POSITIVE_INFINITY,
    chunks: options.chunks,
    startMs,
    loadMs: state.load(card, keepMs, context),
    clock: options.clock,
    newId: options.newId,
  }
  if (keepMs === 0) state.unload(card)
  if (asked.isEmpty) return reply(200, whole, loadLine(frame, keepMs === 0 ? 'unload' : 'load'))
  const seen: Question = size > context ? cutFront(asked, context) : asked
  const said = options.model.answer(seen)
  const say = misbehaviour.say?.(said, readConversation(seen.messages).exchanges) ?? said
  return sent(frame, say, misbehaviour, options)
}

function sent(frame: Frame, say: Say, wrong: Misbehaviour, { delayMs }: AnswerOptions) {
  const lines = linesOf(say, frame)
  const acts = wrong.send?.(lines) ?? (frame.isStream ? sendLines(lines) : lines.map(({ render }) => write(render)))
  const ms = delayMs ?? wrong.delayMs ?? 0
  return {
    status: frame.isStream ? 200 : (wrong.wholeStatus ?? 200),
    contentType: frame.isStream ? 'application/x-ndjson' : whole,
    acts: ms > 0 ? acts.flatMap((act): Act[] => (act.do === 'write' ? [{ do: 'wait', ms }, act] : [act])) : acts,
  }
}

const write = (text: () => string): Act => ({ do: 'write', text })

/** What the model cannot do, in the words of Ollama's server/routes.go and server/images.go; undefined if all is well. */
function refusalOf({ think, tools, model, keep_alive }: Asked, { name, capabilities }: Card): string | undefined {
  if (keepAliveMs(keep_alive) === undefined) return `time: invalid duration ${JSON.stringify(keep_alive)}`
  if (think && !capabilities.includes('thinking')) return `${JSON.stringify(model)} does not support thinking`
  if (tools.length > 0 && !capabilities.includes('tools')) return `localhost/library/${name} does not support tools`
  return undefined
}

function misbehaviourOf({ name }: Card, { misbehave }: AnswerOptions): Misbehaviour {
  const kind = misbehave ?? name.slice(name.indexOf(':') + 1)
  return isMisbehaviour(kind) ? misbehaviours[kind] : { summary: 'behaves' }
}

const busyTimesOf = ({ busyTimes }: Misbehaviour, options: AnswerOptions): number =>
  busyTimes === undefined ? 0 : (options.busyTimes ?? busyTimes)

const positive = (value: JsonValue | undefined): number | undefined =>
  typeof value === 'number' && value > 0 ? Math.floor(value) : undefined

/** A prompt that is too long loses its front: the tools, what the system says, and then the oldest messages. */
function cutFront(asked: Question, context: number): Question {
  const spoken = asked.messages.filter(({ role }) => role !== 'system')
  const fits = (from: number): boolean => tokensOf(JSON.stringify(spoken.slice(from))) <= context / 2
  const from = spoken.findIndex((_, index) => fits(index))
  return { format: asked.format, tools: [], messages: spoken.slice(from < 0 ? -1 : from) }
}
