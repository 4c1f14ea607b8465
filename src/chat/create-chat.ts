import type { Clock, NewId } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import type { ChatMessage, LanguageModel, ModelTool } from '../llm/language-model.ts'
import type { TurnEvent, TurnFinish, TurnRequest } from '../llm/turn.ts'
import type { GameView } from '../tictactoe/game-view.ts'
import type { Approvals } from '../tools/approvals.ts'
import type { ToolCatalog } from '../tools/tool.ts'
import { createBenches, emptyBench } from './_bench.ts'
import { consentOf } from './_consent.ts'
import type { Thread } from './_conversations.ts'
import { createConversations, namedIds } from './_conversations.ts'
import { createRecord } from './_record.ts'
import { createWriteKeys } from './_write-keys.ts'
import { boardLine, noBoardLine } from './board-line.ts'
import type { Chat, ChatCaller, ChatRequest, MayDecide } from './chat.ts'
import { reviewClaims } from './claims.ts'
import type { Persona } from './persona.ts'
import { systemMessages, withBoardLine } from './persona.ts'
import { readView } from './read-view.ts'

/** What is counted about chats. Called on the hot path: returns at once, never throws. */
export type ChatObserver = {
  /** A claim of the model that the ledger does not hold was corrected. */
  correction(kind: string): void
  turn(ended: {
    readonly finish: TurnFinish | 'gone' | 'error'
    readonly seconds: number
    readonly rounds: number
  }): void
}

export type ChatDeps = {
  readonly model: LanguageModel
  /** The same inside the budgets of one turn; without it nothing bounds what a turn costs. `close` ends the turn. */
  readonly limit?: ((caller: ChatCaller) => { readonly model: LanguageModel; close(): void }) | undefined
  readonly defaultModel: string
  readonly tools: ToolCatalog
  /** Writes that wait for a person; undefined where all are signed unasked. */
  readonly approvals: Approvals | undefined
  readonly mayDecide: MayDecide
  readonly persona: Persona
  readonly runTurn: (request: TurnRequest) => AsyncIterable<TurnEvent>
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly newId: NewId
  readonly log: Log
  readonly observe: ChatObserver
}

/** The conversation about games, over a loop, a catalogue and a persona. */
export function createChat(deps: ChatDeps): Chat {
  const { defaultModel } = deps
  const stopping = new AbortController()
  const parts: Parts = {
    ...deps,
    bench: createBenches(deps.tools),
    keysOf: createWriteKeys(deps),
    conversations: createConversations(),
    stop: stopping.signal,
  }
  return {
    defaultModel,
    turn: (request, caller) =>
      request.mode === 'run' ? ourTurn(parts, request, caller) : theirTurn(parts, request, caller),
    stop: () => stopping.abort(new Error('The service is stopping.')),
  }
}

type Parts = ChatDeps & {
  readonly bench: ReturnType<typeof createBenches>
  readonly keysOf: ReturnType<typeof createWriteKeys>
  readonly conversations: ReturnType<typeof createConversations>
  readonly stop: AbortSignal
}

/** Whoever runs the tools, or wants none, gets the model's words as they are. */
async function* theirTurn(parts: Parts, request: ChatRequest, caller: ChatCaller): AsyncGenerator<TurnEvent> {
  const { model, close } = modelOf(parts, caller)
  try {
    yield* parts.runTurn({
      model,
      modelName: request.model,
      messages: request.messages,
      rest: request.rest,
      bench: emptyBench,
      callersTools: request.tools,
      gone: caller.gone,
      stop: parts.stop,
    })
  } finally {
    close()
  }
}

const modelOf = ({ model, limit }: Parts, caller: ChatCaller) => limit?.(caller) ?? { model, close: () => {} }

/** A turn with our tools, told to the log in one line. */
async function* ourTurn(parts: Parts, request: ChatRequest, caller: ChatCaller): AsyncGenerator<TurnEvent> {
  const { clock, log, observe } = parts
  const startMs = clock.monotonicMs()
  let finish: TurnFinish | undefined
  let rounds = 0
  try {
    for await (const event of converse(parts, request, caller)) {
      if (event.type === 'end') {
        finish = event.finish
        rounds = event.usage.rounds
      }
      yield event
    }
  } finally {
    const ms = clock.monotonicMs() - startMs
    const ended = finish ?? (caller.gone.aborted ? 'gone' : 'error')
    observe.turn({ finish: ended, seconds: ms / 1_000, rounds })
    log.info({ traceId: caller.traceId, model: request.model, finish: ended, rounds, ms: Math.round(ms) }, 'chat turn')
  }
}

async function* converse(parts: Parts, request: ChatRequest, caller: ChatCaller): AsyncGenerator<TurnEvent> {
  const { messages } = request
  const thread = parts.conversations.find(caller, messages)
  const consent = await takeConsent(parts, thread, request, caller)
  const view = await findGame(parts, thread, messages, caller)
  const context = { traceId: caller.traceId, principal: caller.principal, signal: caller.gone }
  const keys = parts.keysOf(caller, messages)
  const bench = parts.bench(keys, context)
  const record = createRecord(view.game)
  const { model, close } = modelOf(parts, caller)
  const turn = parts.runTurn({
    model,
    modelName: request.model,
    messages: prepared(parts.persona, messages, [...view.lines, ...consent.lines]),
    rest: request.rest,
    bench,
    callersTools: withoutClashes(request.tools, bench.tools, parts.log),
    gone: caller.gone,
    stop: parts.stop,
    ...(consent.opening ? { opening: consent.opening } : {}),
  })
  const remember = () => parts.conversations.remember(caller, messages, record.said(), record.thread())
  let isOver = false
  try {
    for await (const told of turn) {
      const event = record.said() === '' ? withoutGap(told) : told
      if (event.type === 'end') yield* lastWords(parts, event.finish, record)
      record.note(event)
      if (event.type === 'end') {
        isOver = true
        // Before a client that has read the end can ask again.
        remember()
        if (!caller.gone.aborted) keys.delivered()
      }
      yield event
    }
  } finally {
    close()
    // Who stopped it, or saw it break off, goes on with the game that was made in it.
    if (!isOver) remember()
  }
}

/** What the turn says itself stands apart from what the model said; at the beginning there is nothing to stand apart from. */
const withoutGap = (event: TurnEvent): TurnEvent =>
  event.type === 'text' && event.line === undefined ? { ...event, text: event.text.replace(/^\n+/, '') } : event

/** The persona in front, and right before the user's last word what the ledger says now. */
function prepared(
  persona: Persona,
  messages: readonly ChatMessage[],
  lines: readonly string[],
): readonly ChatMessage[] {
  const introduced = systemMessages(messages, persona, { hasTools: true })
  return lines.length > 0 ? withBoardLine(introduced, lines.join('\n')) : introduced
}

/** What stands in the ledger's name under the model's words: a correction, or whom to ask. */
function* lastWords(
  { observe }: Parts,
  finish: TurnFinish,
  record: ReturnType<typeof createRecord>,
): Generator<TurnEvent> {
  const correction = reviewClaims(record.said(), record.facts())
  const ask = finish === 'approval' ? record.askForApproval() : undefined
  if (correction) observe.correction(correction.kind)
  for (const words of [correction?.text, ask])
    if (words !== undefined) {
      const event = { type: 'text', text: record.said() === '' ? words : `\n\n${words}` } as const
      record.note(event)
      yield event
    }
}

/** A word of the user to the write that waits for them: yes lets it run first, no lets it go. */
async function takeConsent(
  { approvals, mayDecide }: Parts,
  { approvalId }: Thread,
  { messages }: ChatRequest,
  { principal }: ChatCaller,
): Promise<{ readonly opening?: { name: string; args: JsonObject }; readonly lines: readonly string[] }> {
  const last = messages.findLast(({ role }) => role === 'user')
  const word = approvalId === undefined || last === undefined ? undefined : consentOf(last.content)
  if (approvals === undefined || approvalId === undefined || word === undefined) return { lines: [] }
  if (!mayDecide(principal)) return { lines: [mayNotDecide] }
  const record = await approvals.decide(approvalId, word === 'yes', { principal })
  if (record === undefined)
    return {
      lines: [
        'What the user answers no longer waits for them: it was done before, or it has expired. Nothing was done now.',
      ],
    }
  if (word === 'no') return { lines: [`The user declined ${record.tool}. Nothing was done; do not ask again.`] }
  return { opening: { name: record.tool, args: record.args }, lines: [] }
}

const mayNotDecide =
  'The user answers what waits, but may not decide on it here: an operator must. Nothing was done; do not ask again.'

type Seen = { readonly game: GameView | undefined; readonly lines: readonly string[] }

/** The game that the conversation is about, as the ledger holds it now: what the user names, else the last one. */
async function findGame(
  { tools }: Parts,
  { gameId }: Thread,
  messages: readonly ChatMessage[],
  { traceId, principal, gone }: ChatCaller,
): Promise<Seen> {
  const named = namedIds(messages.slice(-1))
  const ids = [...new Set([...named, ...(gameId === undefined ? [] : [gameId]), ...namedIds(messages)])].slice(0, 3)
  for (const id of ids) {
    const context = { traceId, principal, signal: gone, deadlineMs: readWithinMs }
    const outcome = await tools.call('ttt_get_state', { gameId: id }, context)
    const game = outcome.success ? readView(outcome.result) : undefined
    if (game !== undefined) return { game, lines: [boardLine(game)] }
    if (!outcome.success && outcome.code !== 'GAME_NOT_FOUND')
      return { game: undefined, lines: [noBoardLine(outcome.error)] }
  }
  return { game: undefined, lines: [] }
}

/** A board that takes longer is not waited for: the model is told that it could not be read. */
const readWithinMs = 3_000

/** Our names win: a tool of the caller that has one of them is not offered. */
function withoutClashes(theirs: readonly ModelTool[], ours: readonly ModelTool[], log: Log): readonly ModelTool[] {
  const names = new Set(ours.map(({ name }) => name))
  const clashes = theirs.filter(({ name }) => names.has(name))
  if (clashes.length > 0)
    log.info({ names: clashes.map(({ name }) => name).slice(0, 16) }, 'tools of the caller that have our names')
  return clashes.length > 0 ? theirs.filter(({ name }) => !names.has(name)) : theirs
}
