import { newUuid } from '../../api/uuid.ts'
import { ask, toFailed } from './ask.ts'
import type { Answer, Conversation, Entry, Failed, Piece } from './conversation.ts'
import { isOpen, keepConversation, newConversation, readConversation, withEntries } from './conversation.ts'
import { withLine } from './protocol.ts'

export type ChatState = {
  readonly conversation: Conversation
  readonly isBusy: boolean
  /** The model that answered last, as it called itself; then it is asked by that name. */
  readonly answeredBy: string | undefined
}

/** The chat of this tab. It goes on while another view is shown: a game is best watched while it is played. */
export type ChatStore = {
  read(): ChatState
  subscribe(listener: () => void): () => void
  /** @param model undefined for the service's own */
  send(text: string, model: string | undefined): void
  /** The last question again: what was played for it is not played twice. */
  again(model: string | undefined): void
  stop(): void
  /** Begins another conversation. */
  clear(): void
}

export function createChatStore(): ChatStore {
  const listeners = new Set<() => void>()
  let state: ChatState = { conversation: readConversation(), isBusy: false, answeredBy: undefined }
  let asking: AbortController | undefined

  const set = (change: Partial<ChatState>): void => {
    const next = { ...state, ...change }
    state = { ...next, isBusy: isOpen(next.conversation.entries.at(-1)) }
    for (const listener of listeners) listener()
  }

  const answer = async (asked: Conversation, model: string | undefined): Promise<void> => {
    if (state.isBusy) return
    const controller = new AbortController()
    const { signal } = controller
    asking = controller
    const change = (by: (answer: Answer) => Answer) => set({ conversation: withLast(state.conversation, asked.id, by) })
    set({ conversation: withEntries(asked, newAnswer()) })
    keepConversation(state.conversation)
    try {
      for await (const line of ask({ conversation: asked, model: model ?? state.answeredBy, signal })) {
        if (signal.aborted) break
        if (line.model !== undefined && line.model !== state.answeredBy) set({ answeredBy: line.model })
        change((known) => withLine(known, line))
      }
    } catch (error) {
      if (!signal.aborted) change((known) => asFailed(known, toFailed(error)))
    }
    if (signal.aborted) change((known) => ({ ...known, state: 'stopped' }))
    keepConversation(state.conversation)
  }

  return {
    read: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    send: (text, model) => void answer(withEntries(state.conversation, newQuestion(text)), model),
    again: (model) => void answer(withoutAnswer(state.conversation), model),
    stop: () => asking?.abort(),
    clear() {
      asking?.abort()
      set({ conversation: newConversation() })
      keepConversation(state.conversation)
    },
  }
}

const newQuestion = (text: string): Entry => ({ role: 'user', id: newUuid(), text })
const newAnswer = (): Answer => ({
  role: 'assistant',
  id: newUuid(),
  pieces: [],
  thinking: '',
  state: 'open',
})

/** Changes the answer that is coming, unless the conversation is another one by now. */
function withLast(known: Conversation, id: string, change: (answer: Answer) => Answer): Conversation {
  const last = known.entries.at(-1)
  if (known.id !== id || !isOpen(last)) return known
  return { ...known, entries: [...known.entries.slice(0, -1), change(last)] }
}

function withoutAnswer(known: Conversation): Conversation {
  const at = known.entries.findLastIndex(({ role }) => role === 'user')
  return { ...known, entries: known.entries.slice(0, at + 1) }
}

/** The failure once: the service says it in the text too, for pages that read nothing else. */
function asFailed(answer: Answer, failure: Failed): Answer {
  const pieces = answer.pieces.map(
    (piece): Piece =>
      piece.kind === 'text' && piece.text.endsWith(failure.message)
        ? { kind: 'text', text: piece.text.slice(0, -failure.message.length).trimEnd() }
        : piece,
  )
  return { ...answer, pieces, state: 'failed', failure }
}
