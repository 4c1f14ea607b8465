import { setImmediate as nextTurn } from 'node:timers/promises'
import { BaseError } from '../core/errors.ts'
import { ToolTimeoutError } from '../sandbox/errors.ts'
import { runBounded, WorkStoppedError } from './_bounded-run.ts'
import type { Match, Matches, Search } from './_grep-engine.ts'
import { lineOf, maxFileBytes, shownText } from './_grep-engine.ts'

/** More files than any folder of an agent has. */
const maxFiles = 100_000
/** For how long lines are searched until others have their turn, ms. */
const turnMs = 15
/** For one turn, whatever its last line takes, ms. */
const maxTurnMs = 1_000

/** Searches line by line, in this process: slower than ripgrep, with the same answers. */
export async function searchBuiltin(search: Search): Promise<Matches> {
  const { sandbox, path, isWanted, maxMatches, signal } = search
  const matches: Match[] = []
  for await (const file of sandbox.files.list(path, { max: maxFiles, signal })) {
    if (file.bytes > maxFileBytes || !isWanted(file.path)) continue
    const bytes = await contentOf(file.path, search)
    if (bytes === undefined || bytes.includes(0)) continue // no text
    await searchFile(file.path, bytes, search, matches)
    if (matches.length > maxMatches) return { matches: matches.slice(0, maxMatches), isCut: true }
  }
  return { matches, isCut: false }
}

/** What has gone since it was listed, or may not be read, has no lines. */
async function contentOf(path: string, { sandbox }: Search): Promise<Uint8Array | undefined> {
  try {
    return (await sandbox.files.read(path, { maxBytes: maxFileBytes })).bytes
  } catch (error) {
    if (error instanceof BaseError) return undefined
    throw error
  }
}

async function searchFile(path: string, bytes: Uint8Array, search: Search, matches: Match[]): Promise<void> {
  const { signal, timeoutMs, maxMatches } = search
  const place = { at: 0, line: 0 }
  while (place.at < bytes.length && matches.length <= maxMatches) {
    signal.throwIfAborted()
    try {
      runBounded(() => searchForATurn(path, bytes, { search, matches, place }), maxTurnMs)
    } catch (error) {
      if (error instanceof WorkStoppedError) throw new ToolTimeoutError(timeoutMs)
      throw error
    }
    await nextTurn()
  }
}

const newline = 0x0a

type Place = { at: number; line: number }
type Going = { readonly search: Search; readonly matches: Match[]; readonly place: Place }

function searchForATurn(path: string, bytes: Uint8Array, { search, matches, place }: Going): void {
  const endMs = performance.now() + turnMs
  while (place.at < bytes.length && matches.length <= search.maxMatches && performance.now() < endMs) {
    const found = bytes.indexOf(newline, place.at)
    const end = found < 0 ? bytes.length : found
    const text = lineOf(bytes.subarray(place.at, end))
    place.at = end + 1
    place.line += 1
    const matcher = text === undefined ? undefined : search.pattern.matcher(text)
    if (text !== undefined && matcher?.find())
      matches.push({ path, line: place.line, column: matcher.start() + 1, text: shownText(text) })
  }
}
