import { hash } from 'node:crypto'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { ChatMessage } from '../llm/language-model.ts'
import type { ChatCaller } from './chat.ts'

/** What is known of a conversation from its last turn. */
export type Thread = {
  readonly gameId?: string
  /** A write that waits for this user's word. */
  readonly approvalId?: string
}

/** Remembers conversations of clients that name them, and of those that only send their history back. */
export type Conversations = {
  find(caller: ChatCaller, messages: readonly ChatMessage[]): Thread
  /** @param answer all the text of the turn that `messages` asked for */
  remember(caller: ChatCaller, messages: readonly ChatMessage[], answer: string, thread: Thread): void
}

/**
 * A client that names its conversation is known by that name. Another one sends back what was said: the history up to the
 * last answer is the name then, and two conversations with the same history are the same to anybody.
 */
export function createConversations(): Conversations {
  const threads = createBoundedMap<string, Thread>(10_000)
  return {
    find(caller, messages) {
      const session = sessionName(caller)
      if (session !== undefined) return threads.get(session) ?? {}
      const history = messages.slice(0, answered(messages))
      return threads.get(historyName(caller, history)) ?? threads.get(questionName(caller, history)) ?? {}
    },
    remember(caller, messages, answer, thread) {
      const history = [...messages, { role: 'assistant' as const, content: answer }]
      const session = sessionName(caller)
      threads.set(session ?? historyName(caller, history), thread)
      if (session === undefined && thread.approvalId !== undefined) threads.set(questionName(caller, history), thread)
    },
  }
}

/**
 * A question to the user is found again by its last words, which name the write that waits: cards stand before them in
 * what was shown, and pages change those before they send the history back.
 */
const questionName = ({ principal }: ChatCaller, history: readonly ChatMessage[]): string => {
  const wishes = history.flatMap(({ role, content }) => (role === 'user' ? [wordsOf(content)] : []))
  const lastWords = wordsOf(history.at(-1)?.content ?? '').slice(-100)
  return hash('sha256', JSON.stringify([principal, 'question', wishes, lastWords]), 'hex')
}

const sessionName = ({ principal, sessionId }: ChatCaller): string | undefined =>
  sessionId === undefined ? undefined : JSON.stringify([principal, sessionId])

/** How many messages there were when the last answer had been given. */
const answered = (messages: readonly ChatMessage[]): number =>
  messages.findLastIndex(({ role }) => role === 'assistant') + 1

// Clients trim what they show.
const wordsOf = (text: string): string => text.trim().replaceAll(/\s+/g, ' ')

// Pages put the date into system messages.
function historyName({ principal }: ChatCaller, messages: readonly ChatMessage[]): string {
  const said = messages.flatMap(({ role, content }) =>
    role === 'user' || role === 'assistant' ? [[role, wordsOf(content)]] : [],
  )
  return hash('sha256', JSON.stringify([principal, said]), 'hex')
}

const uuid = /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi

/** Ids that the conversation names, the latest first: those may be games. At most three are worth asking for. */
export function namedIds(messages: readonly ChatMessage[]): readonly string[] {
  const found = new Set<string>()
  for (const { role, content } of messages.slice(-50).toReversed()) {
    if (role === 'system') continue
    for (const id of (content.slice(0, 65_536).match(uuid) ?? []).toReversed()) found.add(id.toLowerCase())
    if (found.size >= 3) break
  }
  return [...found].slice(0, 3)
}
