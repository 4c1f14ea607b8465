import { z } from 'zod'
import { PermissionDeniedError } from '../policy/errors.ts'
import { ToolFailedError, ToolTimeoutError } from '../sandbox/errors.ts'
import { isPlainPath } from '../sandbox/paths.ts'
import type { Match, Matches, Search } from './_grep-engine.ts'
import { lineOf, maxDepth, maxFileBytes, shownText } from './_grep-engine.ts'
import { toRipgrep } from './_ripgrep-pattern.ts'

/** Of its output. Where there is more, the other engine answers: it stops at the last match that is wanted. */
const maxOutputBytes = 16 * 1024 * 1024

/** No settings of a user, no ignore files, no guess at encodings: what is searched is what is there. */
const flags = [
  '--json',
  '--no-config',
  '--no-ignore',
  '--hidden',
  '--no-follow',
  '--no-mmap',
  '--no-messages',
  '--no-multiline',
  '--encoding=none',
  '--case-sensitive',
  `--max-filesize=${maxFileBytes}`,
]

/** Searches with ripgrep; undefined where it is not installed, or cannot give the same answer as the other engine. */
export async function searchRipgrep(search: Search): Promise<Matches | undefined> {
  const { sandbox, source, ignoreCase, path, timeoutMs, signal } = search
  const pattern = toRipgrep(source)
  if (pattern === undefined) return undefined
  try {
    const depth = maxDepth - (path === '' ? 0 : path.split('/').length)
    const args = [...flags, `--max-depth=${depth}`, `--regexp=${ignoreCase ? '(?i)' : ''}${pattern}`, './']
    const ask = { command: 'rg', args, cwd: path, timeoutMs, maxBytes: maxOutputBytes, signal }
    const { exitCode, stdout, isCut, isTimeout } = await sandbox.processes.run(ask)
    if (isTimeout) throw new ToolTimeoutError(timeoutMs)
    // 1: no match; 2: something was not searched, which the other engine may tell about.
    return isCut || (exitCode !== 0 && exitCode !== 1) ? undefined : read(stdout, search)
  } catch (error) {
    // Not installed, a file in place of a folder, or no programs for this agent.
    if (error instanceof ToolFailedError || error instanceof PermissionDeniedError) return undefined
    throw error
  }
}

const Text = z.union([z.object({ text: z.string() }), z.object({ bytes: z.string() })])

/** @see docs.rs/grep-printer, JSON */
const Message = z.union([
  z.object({
    type: z.literal('match'),
    data: z.object({
      path: Text,
      lines: Text,
      line_number: z.int(),
      submatches: z.array(z.object({ start: z.int() })).min(1),
    }),
  }),
  z.object({ type: z.literal('end'), data: z.object({ path: Text, binary_offset: z.int().nullable() }) }),
])

function read(output: string, { path, isWanted, maxMatches }: Search): Matches {
  const byPath = new Map<string, Match[]>()
  for (const line of output.split('\n')) {
    const message = line === '' ? undefined : Message.safeParse(JSON.parse(line)).data
    if (message === undefined || !('text' in message.data.path)) continue
    const found = joined(path, message.data.path.text)
    if (message.type === 'match') {
      const match = matchOf(found, message.data)
      if (match !== undefined && isWanted(found) && isPlainPath(found)) {
        const known = byPath.get(found)
        if (known === undefined) byPath.set(found, [match])
        else known.push(match)
      }
    } else if (message.data.binary_offset !== null) byPath.delete(found) // no text, as it turned out
  }
  const matches = [...byPath.keys()].sort(byNames).flatMap((one) => byPath.get(one) ?? [])
  return { matches: matches.slice(0, maxMatches), isCut: matches.length > maxMatches }
}

const joined = (path: string, found: string): string => `${path === '' ? '' : `${path}/`}${found.replace(/^\.\//, '')}`

type MatchData = Extract<z.output<typeof Message>, { type: 'match' }>['data']

/** Undefined for a line that the other engine does not search. */
function matchOf(path: string, { lines, line_number: line, submatches }: MatchData): Match | undefined {
  if (!('text' in lines)) return undefined
  const bytes = Buffer.from(lines.text.replace(/\n$/, ''))
  const text = lineOf(bytes)
  const [first] = submatches
  if (text === undefined || first === undefined) return undefined
  return { path, line, column: bytes.subarray(0, first.start).toString('utf8').length + 1, text: shownText(text) }
}

/** Folder by folder in the order of their names' bytes, as files are listed. */
function byNames(one: string, other: string): number {
  const [names, others] = [one.split('/'), other.split('/')]
  const at = names.findIndex((name, index) => name !== others[index])
  return Buffer.compare(Buffer.from(names[at] ?? ''), Buffer.from(others[at] ?? ''))
}
