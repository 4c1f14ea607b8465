import type { JsonValue } from '../core/json.ts'
import type { Act } from './misbehaviour.ts'
import { goJson } from './wire.ts'

/** What goes back: a status, a kind of content, and what to do to send it. */
export type Reply = { readonly status: number; readonly contentType: string; readonly acts: readonly Act[] }

/** What Ollama calls an answer that is no stream. */
export const whole = 'application/json; charset=utf-8'

const plain = 'text/plain; charset=utf-8'

/** An answer of one text. */
export const reply = (status: number, contentType: string, text: string): Reply => ({
  status,
  contentType,
  acts: [{ do: 'write', text: () => text }],
})

/** An answer of one JSON value. */
export const json = (value: JsonValue, status = 200): Reply => reply(status, whole, goJson(value))

/** An answer of one plain text. */
export const words = (status: number, text: string): Reply => reply(status, plain, text)

/** An error of Ollama: one field with a text. */
export const refuse = (status: number, words: string): Reply => json({ error: words }, status)

/** The words of Ollama's server/sched.go when its queue is full. */
export const busyWords = 'server busy, please try again.  maximum pending requests exceeded'
