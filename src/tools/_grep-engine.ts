import type { RE2JS } from 're2js'
import type { Sandbox } from '../sandbox/sandbox.ts'

/** A line that matches. `column` counts UTF-16 units from 1, as editors do. */
export type Match = { readonly path: string; readonly line: number; readonly column: number; readonly text: string }
export type Matches = { readonly matches: readonly Match[]; readonly isCut: boolean }

export type Search = {
  readonly sandbox: Sandbox
  readonly source: string
  readonly pattern: RE2JS
  readonly ignoreCase: boolean
  /** The file or folder to search, relative to the agent's. */
  readonly path: string
  readonly isWanted: (path: string) => boolean
  readonly maxMatches: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Larger files are not searched. */
export const maxFileBytes = 8 * 1024 * 1024
/** Longer lines are not: they are no text that anybody wrote. */
export const maxLineBytes = 32 * 1024
/** Folders within folders. */
export const maxDepth = 64
const maxTextLength = 500

/** A line as it is shown; undefined for one that is not searched. Its bytes are without the line's end. */
export function lineOf(bytes: Uint8Array): string | undefined {
  if (bytes.length > maxLineBytes) return undefined
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What is shown of a line. */
export const shownText = (line: string): string => line.replace(/\r$/, '').slice(0, maxTextLength).toWellFormed()
