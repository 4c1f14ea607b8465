import { isDeepStrictEqual } from 'node:util'
import type { Answer } from '../e2e/_service.ts'

export type Body = Answer['body']

/** One request, as it is sent how often ever. */
export type Wish = { readonly tool: string; readonly args: object; readonly key: string | undefined }

/** What was said to whom, and what of it cannot all be true. */
export type Journal = {
  /** Every answer of every bridge goes in here. */
  note(wish: Wish, status: number, body: Body): void
  /** No answer came: the connection broke, or the caller hung up. */
  noteSilence(): void
  /** Something that must not be. */
  accuse(fact: string): void
  /** Keyed requests that were answered for good, oldest first. */
  finals(): readonly Wish[]
  readonly counts: ReadonlyMap<string, number>
  readonly violations: readonly string[]
}

/** More would tell nothing new. */
const maxViolations = 50

/** Codes that a client which does nothing wrong may be given. */
const expected = new Set([
  'LEDGER_UNREACHABLE',
  'CIRCUIT_OPEN',
  'OUTCOME_UNKNOWN',
  'CONFIRMATION_PENDING',
  'DEADLINE_EXCEEDED',
  'GAME_BUSY',
  'SHUTTING_DOWN',
  'OVERLOADED',
  'STORAGE_UNAVAILABLE',
  'INVALID_MOVE',
  'STATE_ERROR',
])

export function createJournal(): Journal {
  const answers = new Map<string, { readonly wish: Wish; readonly body: Body }>() // by key, the first final one
  const counts = new Map<string, number>()
  const violations: string[] = []
  const count = (word: string) => counts.set(word, (counts.get(word) ?? 0) + 1)
  const accuse = (fact: string): void => {
    if (violations.length < maxViolations) violations.push(fact)
  }

  /** A key that was answered for good gives that answer, and never again that nothing is known or nothing was done. */
  const compare = (wish: Wish, body: Body): void => {
    const { key } = wish
    if (key === undefined) return
    const isFinal = body.success || body.outcome === 'rejected'
    const first = answers.get(key)
    if (first === undefined) {
      if (isFinal) answers.set(key, { wish, body })
      return
    }
    const isBusy = !isFinal && body.outcome === 'not_submitted' // refused at the door, before the key was looked up
    if (isBusy && ['SHUTTING_DOWN', 'OVERLOADED', 'STORAGE_UNAVAILABLE'].includes(body.code)) return
    // A repeat that waits for a bridge which is gone may run out of time; it says nothing then.
    if (!isFinal && body.outcome === 'unknown') return
    if (!isDeepStrictEqual(essence(first.body), essence(body)))
      accuse(`${wish.tool} ${key} was answered ${told(first.body)}, then ${told(body)}`)
  }

  return {
    note(wish, status, body) {
      count(body.success ? (body.replayed ? 'replayed' : 'applied') : body.code)
      if (!body.success && !expected.has(body.code)) accuse(`${wish.tool} was answered ${status} ${told(body)}`)
      compare(wish, body)
    },
    noteSilence: () => void count('silence'),
    accuse,
    finals: () => [...answers.values()].map(({ wish }) => wish),
    counts,
    violations,
  }
}

/** What of an answer has to stay the same. */
const essence = (body: Body) =>
  body.success
    ? { success: true, result: body.result }
    : { success: false, code: body.code, outcome: body.outcome, details: body.details }

export const told = (body: Body): string => JSON.stringify(essence(body)).slice(0, 600)
