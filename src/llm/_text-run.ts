import { beginningOfCall } from './_text-beginning.ts'
import { endOfBracket, readBrackets } from './_text-json.ts'
import { fold } from './_text-names.ts'
import type { Judged, ShapedCall } from './_text-shapes.ts'
import { judge } from './_text-shapes.ts'

/** A stretch of the text that was looked at; with a call or a broken one in it, the reader does not see it. */
export type Stretch = {
  readonly end: number
  readonly calls: readonly ShapedCall[]
  readonly isRepaired: boolean
  readonly broken?: { readonly name?: string }
}

/** Where values may stand one after another. */
export type Run = {
  readonly from: number
  readonly limit: number
  /** Sticky: what may stand between two values. */
  readonly separators: RegExp
  readonly isMarked: boolean
}

/** One walk over one answer. */
export type Search = {
  readonly toolNames: readonly string[]
  readonly folded: readonly string[]
  /** How many more values are parsed; what comes behind them stays text. */
  valuesLeft: number
}

/** Bounds the parsing and the repairing of one answer; nobody makes that many calls in one. */
const maxValues = 64

export const createSearch = (toolNames: readonly string[]): Search => ({
  toolNames,
  folded: toolNames.map(fold),
  valuesLeft: maxValues,
})

/** A stretch that stays text. */
export const nothing = (end: number): Stretch => ({ end, calls: [], isRepaired: false })

/** Where a sticky pattern that may match nothing stops matching. */
export function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

/** The calls of objects and lists in a row. One value among them that is no call makes the row text, one broken ends it. */
export function readRun(text: string, run: Run, search: Search): Stretch {
  const calls: ShapedCall[] = []
  let isRepaired = false
  let end = run.from
  for (;;) {
    const at = skip(run.separators, text, end)
    if (at >= run.limit || !isOpening(text.charAt(at))) return { end, calls, isRepaired }
    const value = readValue(text, at, run, search)
    end = value.end
    if (value.kind === 'other') return nothing(end)
    if (value.kind === 'broken') return { end, calls, isRepaired, broken: toBroken(value.name) }
    calls.push(...value.calls)
    isRepaired ||= value.isRepaired
  }
}

const isOpening = (unit: string): boolean => unit === '{' || unit === '['

const toBroken = (name: string | undefined): { readonly name?: string } => (name === undefined ? {} : { name })

type Value = Judged & { readonly end: number; readonly isRepaired: boolean }

function readValue(text: string, at: number, { limit, isMarked }: Run, search: Search): Value {
  const end = endOfBracket(text, at, limit)
  const value = text.slice(at, end ?? limit)
  const place = { end: end ?? limit, isRepaired: false }
  if (end === undefined) return { ...place, ...judgeUnread(value, isMarked, search) }
  if (!(isMarked || mentionsTool(value, search)) || search.valuesLeft === 0) return { ...place, kind: 'other' }
  search.valuesLeft -= 1
  const reading = readBrackets(value)
  if (reading === undefined) return { ...place, ...judgeUnread(value, isMarked, search) }
  const judged = judge(reading.value, { toolNames: search.toolNames, isMarked })
  return { ...place, isRepaired: reading.isRepaired, ...judged }
}

/** Most brackets in an answer are nobody's call: they are not even parsed. */
function mentionsTool(value: string, { folded }: Search): boolean {
  const text = fold(value)
  return folded.some((name) => text.includes(name))
}

function judgeUnread(value: string, isMarked: boolean, { toolNames }: Search): Judged {
  const begun = beginningOfCall(value, toolNames) ?? (isMarked ? {} : undefined)
  return begun === undefined ? { kind: 'other' } : { kind: 'broken', ...begun }
}
