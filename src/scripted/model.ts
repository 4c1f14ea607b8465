import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Brain } from '../tictactoe/brains.ts'
import type { Call, Conversation } from './conversation.ts'
import { objectAt, readConversation } from './conversation.ts'
import { nextCall } from './play.ts'
import type { WireMessage } from './wire.ts'
import type { Step } from './wishes.ts'
import { readWishes } from './wishes.ts'
import { introduction, noGame, noTools, ordersOnly, sideAnswer, tellGame, tellRefusal } from './words.ts'

/** What is asked: the conversation, and the names of the tools that may be called. */
export type Question = {
  readonly messages: readonly WireMessage[]
  readonly tools: readonly string[]
  /** Ollama's `format`: any value asks for JSON. */
  readonly format?: JsonValue | undefined
}

/** What is said: some reasoning, some text, some calls, and whether the calls have to be written into the text. */
export type Say = {
  readonly thinking: string
  readonly text: string
  readonly calls: readonly Call[]
  readonly callsAs: 'calls' | 'text'
}

/** Decides like a model that never errs; it is none. */
export type ScriptedModel = {
  /** The same question has the same answer, but for which of several equally good cells is taken. */
  answer(question: Question): Say
}

/** More calls than these in one turn and it has its say whatever is left to do. */
const maxCalls = 60

/** @param think picks the cells */
export function createScriptedModel({ think }: { think: Brain }): ScriptedModel {
  return {
    answer({ messages, tools, format }) {
      const conversation = readConversation(messages)
      const isSideTask = conversation.task.includes('### Task:')
      const offered = tools.length > 0 ? tools : conversation.described
      const callsAs = tools.length > 0 ? 'calls' : 'text'
      const talk = (text: string): Say => ({ thinking: 'Nothing is left to call.', text, calls: [], callsAs })
      if (isSideTask || format) return talk(sideAnswer(conversation.task, Boolean(format)))
      if (offered.length === 0) return talk(noTools(conversation.task))
      const calls = conversation.exchanges.length < maxCalls ? callsFor(conversation, offered, think) : []
      if (calls.length === 0) return talk(finalText(conversation, offered))
      return { thinking: `Next comes ${calls.map(({ name }) => name).join(', ')}.`, text: '', calls, callsAs }
    },
  }
}

function callsFor(conversation: Conversation, tools: readonly string[], think: Brain): readonly Call[] {
  const ordered = ordersIn(conversation.task, tools)
  if (ordered.length > 0) return conversation.exchanges.length === 0 ? ordered : []
  const call = nextCall(readWishes(conversation.task), conversation, think)
  return call && tools.includes(call.name) ? [call] : []
}

/**
 * Calls that the user spells out, all made at once and in this order; dots of a name may be written as underscores.
 * @example ordersIn('call ttt_get_state {"gameId":"…"} and call now', ['ttt_get_state', 'now']) // two calls
 */
function ordersIn(task: string, tools: readonly string[]): readonly Call[] {
  return [...task.matchAll(/\bcall ([\w.-]*\w)\s*/gi)].flatMap(({ 0: { length }, 1: name = '', index }) => {
    const args: JsonObject = objectAt(task, index + length) ?? {}
    const tool = tools.find((one) => one === name) ?? tools.find((one) => one.replaceAll('.', '_') === name)
    return tool === undefined ? [] : [{ name: tool, args }]
  })
}

const needsGame = ({ kind }: Step): boolean => kind !== 'play' && kind !== 'create' && kind !== 'start'

/** What the tools said, and never more than that. */
function finalText({ exchanges, task, gameId }: Conversation, tools: readonly string[]): string {
  const last = exchanges.at(-1)
  if (last === undefined && !tools.some((name) => name.startsWith('ttt_'))) return ordersOnly(task)
  if (last === undefined) return gameId === undefined && readWishes(task).some(needsGame) ? noGame : introduction
  if (last.reading.isRefusal) return tellRefusal(last.reading)
  const refused = exchanges.findLast(({ reading }) => reading.isRefusal)
  const isRead = last.call.name === 'ttt_get_state'
  if (last.reading.gameId === undefined) return `${last.call.name} answers: ${last.answer.slice(0, 500)}`
  return refused && isRead ? `${tellRefusal(refused.reading)}\n\n${tellGame(last.reading)}` : tellGame(last.reading)
}
