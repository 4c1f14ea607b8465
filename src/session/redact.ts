import { RE2JS } from 're2js'
import type { JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject } from '../core/json.ts'
import { isSecretName, secretPatterns } from './_secret-patterns.ts'
import type { View } from './_views.ts'
import { toViews } from './_views.ts'
import { RedactionPatternError } from './errors.ts'

/** Takes secrets out of what is kept or told. Never throws. */
export type Redactor = {
  /** Also those in the escapes of JSON strings inside the text. */
  text(text: string): string
  /** Every text and every name of it; and every text under a name like `password`. */
  json(value: JsonValue): JsonValue
}

export type RedactorOptions = {
  /** Texts that are known to be secret, wherever they stand; shorter ones than 8 characters are let be. */
  readonly secrets: readonly string[]
  /** Regular expressions in RE2's syntax, so that none takes more than linear time; what they match is taken out. */
  readonly patterns: readonly string[]
}

/** From where to where, in characters of the view; the end is behind it. */
type Span = { readonly start: number; readonly end: number }
type FindSpans = (text: string) => Iterable<Span>

/** What stands where a secret stood. */
export const redactedMark = '[redacted]'
const minSecretLength = 8
/** What is nested deeper is not looked at, and therefore not shown. */
const maxDepth = 100

/**
 * @throws RedactionPatternError for a pattern that RE2 does not read
 * @example createRedactor({ secrets: ['correct horse'], patterns: [] }).text('a correct horse') // 'a [redacted]'
 */
export function createRedactor({ secrets, patterns }: RedactorOptions): Redactor {
  const finders: readonly FindSpans[] = [
    ...needlesOf(secrets).map(findText),
    ...secretPatterns.map(findBuiltIn),
    ...patterns.map(compile),
  ]
  const text = (original: string) => {
    const spans = toViews(original).flatMap((view) =>
      finders.flatMap((find) => Array.from(find(view.text), (span) => toOriginal(span, view))),
    )
    return spans.length === 0 ? original : without(original, spans)
  }
  const json = (value: JsonValue, depth = 0): JsonValue => {
    if (typeof value === 'string') return text(value)
    if (depth >= maxDepth) return redactedMark
    if (isJsonArray(value)) return value.map((item) => json(item, depth + 1))
    if (!isJsonObject(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        text(name),
        typeof item === 'string' && isSecretName(name) ? redactedMark : json(item, depth + 1),
      ]),
    )
  }
  return { text, json: (value) => json(value) }
}

const needlesOf = (secrets: readonly string[]): readonly string[] => {
  const known = secrets.filter((secret) => secret.length >= minSecretLength)
  const inUrls = known.filter((secret) => secret.isWellFormed()).map(encodeURIComponent)
  return [...new Set([...known, ...inUrls])]
}

const findText = (needle: string): FindSpans =>
  function* (text) {
    // One step at a time, so that of two that overlap nothing is left.
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1))
      yield { start: at, end: at + needle.length }
  }

const findBuiltIn = (pattern: RegExp): FindSpans =>
  function* (text) {
    for (const { indices } of text.matchAll(pattern)) {
      const [start, end] = indices?.groups?.['secret'] ?? indices?.[0] ?? [0, 0]
      yield { start, end }
    }
  }

function compile(pattern: string): FindSpans {
  const compiled = tryCompile(pattern)
  return function* (text) {
    const matcher = compiled.matcher(text)
    while (matcher.find()) if (matcher.end() > matcher.start()) yield { start: matcher.start(), end: matcher.end() }
  }
}

function tryCompile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    throw new RedactionPatternError(
      pattern,
      `cannot be read: ${error instanceof Error ? error.message : 'why is not told'}`,
    )
  }
}

const toOriginal = ({ start, end }: Span, view: View): Span => ({ start: view.startOf(start), end: view.startOf(end) })

function without(text: string, spans: readonly Span[]): string {
  const kept: string[] = []
  let from = 0
  let isFirst = true
  for (const { start, end } of spans.toSorted((left, right) => left.start - right.start)) {
    if (isFirst || start > from) kept.push(text.slice(from, start), redactedMark)
    isFirst = false
    from = Math.max(from, end)
  }
  kept.push(text.slice(from))
  return kept.join('')
}
