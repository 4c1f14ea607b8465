import { z } from 'zod'
import { ToolTimeoutError } from '../sandbox/errors.ts'
import { parsePath } from '../sandbox/paths.ts'
import { searchBuiltin } from './_grep-builtin.ts'
import type { Search } from './_grep-engine.ts'
import { compileGlob, compilePattern } from './_grep-pattern.ts'
import { searchRipgrep } from './_grep-ripgrep.ts'
import { defineTool } from './tool.ts'

const Input = z.object({
  pattern: z.string().min(1).max(512).describe('A regular expression in the syntax of RE2.'),
  path: z.string().max(4_096).default('').describe('A file or folder in yours; all of it unless told.'),
  glob: z.string().min(1).max(200).optional().describe('Only such files: *.ts, src/**/*.{js,ts}.'),
  ignoreCase: z.boolean().default(false),
  maxMatches: z.int().min(1).max(1_000).default(200),
  timeoutMs: z.int().min(1).max(60_000).default(10_000),
})

/**
 * `grep`: lines in the agent's folder that match. ripgrep searches where it is installed; else, or for an expression that
 * would mean something else to it, RE2 does, line by line. The answers are the same.
 */
export const grep = defineTool({
  name: 'grep',
  aliases: ['Grep', 'filesystem.grep'],
  summary: 'Find lines in the files of your folder. No binary files, none over 8 MiB, no lines over 32 KiB.',
  effect: 'read',
  origin: 'base',
  sandbox: { root: 'agent', shell: true, timeoutMs: 65_000, maxBytes: 7 * 1024 * 1024 },
  input: Input,
  output: z.object({
    matches: z.array(z.object({ path: z.string(), line: z.int(), column: z.int(), text: z.string() })),
    truncated: z.boolean(),
    engine: z.enum(['ripgrep', 'builtin']),
  }),
  async run({ pattern, path, glob, timeoutMs, ...options }, { sandbox, signal }) {
    const timeout = AbortSignal.timeout(timeoutMs)
    const search: Search = {
      ...options,
      sandbox,
      timeoutMs,
      source: pattern,
      pattern: compilePattern(pattern, options),
      path: parsePath(path).join('/'),
      isWanted: glob === undefined ? () => true : compileGlob(glob),
      signal: AbortSignal.any([signal, timeout]),
    }
    try {
      const found = await searchRipgrep(search)
      const { matches, isCut } = found ?? (await searchBuiltin(search))
      const engine = found === undefined ? ('builtin' as const) : ('ripgrep' as const)
      return { result: { matches: [...matches], truncated: isCut, engine } }
    } catch (error) {
      signal.throwIfAborted()
      if (timeout.aborted) throw new ToolTimeoutError(timeoutMs)
      throw error
    }
  },
})
