import { RE2JS } from 're2js'
import { ArgumentFaultError } from './_faults.ts'

/** Instructions of one expression; the time for a line is at most in proportion to them. */
const maxProgram = 2_000

export type PatternOptions = { readonly ignoreCase: boolean }

/**
 * An expression in RE2's syntax, which matches in linear time. Both engines take only what this takes.
 * @throws ArgumentFaultError naming `pattern`
 * @see github.com/google/re2/wiki/Syntax
 */
export function compilePattern(source: string, { ignoreCase }: PatternOptions): RE2JS {
  const compiled = compile(source, ignoreCase)
  if (compiled.programSize() > maxProgram)
    throw new ArgumentFaultError('pattern', 'is too large.', { hint: 'Repeat less, or search for a part of it.' })
  return compiled
}

function compile(source: string, ignoreCase: boolean): RE2JS {
  try {
    return RE2JS.compile(source, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
  } catch (cause) {
    const fact = cause instanceof Error ? cause.message.slice(0, 200) : 'is no expression.'
    throw new ArgumentFaultError('pattern', fact, {
      cause,
      hint: 'Send a regular expression in the syntax of RE2: no look-around, no back-references.',
    })
  }
}

/**
 * Which paths a glob means: `*` and `?` within a name, `**` over folders, `{a,b}`. Without a `/` it is about the last
 * name, wherever the file lies. Matched as an expression, so in linear time too.
 * @example compileGlob('*.ts')('src/main.ts') // true
 */
export function compileGlob(glob: string): (path: string) => boolean {
  const pattern = RE2JS.compile(globSource(glob.includes('/') ? glob.replace(/^\//, '') : `**/${glob}`), RE2JS.DOTALL)
  return (path) => pattern.matcher(path).matches()
}

const globSource = (glob: string): string =>
  glob.replace(/\*\*\/|\*\*|\{[^{}]*\}|./gsu, (token) => {
    if (token.length > 2 && token.startsWith('{'))
      return `(?:${token.slice(1, -1).split(',').map(globSource).join('|')})`
    return globTokens[token] ?? RE2JS.quote(token)
  })

const globTokens: Readonly<Record<string, string>> = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' }
