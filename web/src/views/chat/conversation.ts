import { newUuid } from '../../api/uuid.ts'
/** A tool that ran in an answer, in short; undefined is what is not known of it. */
export type Run = {
  readonly id: string
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
  /** Said in place of the arguments while a run is known by a few words alone. */
  readonly words?: string
  readonly success: boolean
  /** The code of a refusal, and its sentence. */
  readonly code: string | undefined
  readonly error: string | undefined
  readonly gameId: string | undefined
  readonly machineState: string | undefined
  readonly status: string | undefined
  readonly turn: string | undefined
  readonly winner: string | undefined
  /** Of the write that waits for a person. */
  readonly approvalId: string | undefined
}

export type Piece = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'run'; readonly run: Run }

export type Question = { readonly role: 'user'; readonly id: string; readonly text: string }
export type Answer = {
  readonly role: 'assistant'
  readonly id: string
  readonly pieces: readonly Piece[]
  readonly thinking: string
  readonly state: 'open' | 'done' | 'stopped' | 'failed'
  readonly failure?: Failed
}
export type Failed = {
  readonly message: string
  readonly code: string | undefined
  readonly hint: string | undefined
}
export type Entry = Question | Answer

/** What was said in this tab. `id` names it to the service, which so knows its game and signs nothing twice. */
export type Conversation = { readonly id: string; readonly entries: readonly Entry[] }

const key = 'otto.chat'
const maxEntries = 60
/** Of the text that is kept; a tab has some five million characters for everything. */
const maxKept = 400_000

export const newConversation = (): Conversation => ({ id: newUuid(), entries: [] })

/** What this tab has kept; an answer that was still coming has been left. */
export function readConversation(): Conversation {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key) ?? '')
    // The cast holds: nobody but this file writes under this key.
    const { id, entries } = kept as Conversation
    return { id, entries: entries.map((entry) => (isOpen(entry) ? { ...entry, state: 'stopped' } : entry)) }
  } catch {
    return newConversation()
  }
}

/** Keeps the newest that fits. */
export function keepConversation(conversation: Conversation): void {
  let { entries } = conversation
  let text = JSON.stringify(conversation)
  while (text.length > maxKept && entries.length > 1) {
    entries = entries.slice(2)
    text = JSON.stringify({ ...conversation, entries })
  }
  try {
    sessionStorage.setItem(key, text)
  } catch {
    // No room, or none is given: then a reload begins anew, and nothing else is lost.
  }
}

export const isOpen = (entry: Entry | undefined): entry is Answer =>
  entry?.role === 'assistant' && entry.state === 'open'

/** The conversation and one more thing in it; the oldest fall off. */
export const withEntries = ({ id, entries }: Conversation, ...more: readonly Entry[]): Conversation => ({
  id,
  entries: [...entries, ...more].slice(-maxEntries),
})

/** All that an answer said, without what ran. */
export const textOf = ({ pieces }: Answer): string =>
  pieces.map((piece) => (piece.kind === 'text' ? piece.text : '\n')).join('')
