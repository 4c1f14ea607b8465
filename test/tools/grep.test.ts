import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { grep } from '../../src/tools/grep.ts'
import { openSandbox, temporaryWorld } from '../sandbox/_sandbox.ts'
import { callTool } from './_context.ts'

const hasRipgrep = (() => {
  try {
    return execFileSync('rg', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] }).length > 0
  } catch {
    return false
  }
})()
// Said aloud: what did not run must not look as if it had.
if (!hasRipgrep) process.stderr.write('grep: ripgrep is not installed, so only the builtin engine is tested\n')

const engines = hasRipgrep ? (['ripgrep', 'builtin'] as const) : (['builtin'] as const)

const files: Readonly<Record<string, string | Buffer>> = {
  'a.ts': 'const foo = 1\nbar foo\r\nnothing\n',
  'b/deep/c.md': 'größe foo 12\n\nfoo',
  'b.ts': 'Foo and FOO\n',
  'b/z.ts': 'a-b [x] {y} ~ && word_1\n',
  '.hidden/d.ts': 'foo in a hidden folder\n',
  '.gitignore': 'ignored.txt\n',
  'ignored.txt': 'foo that git does not see\n',
  'bom.txt': '\ufefffoo behind a mark\n',
  'binary.bin': Buffer.from('foo\n\0foo\n'),
  'late.bin': Buffer.concat([Buffer.from('foo\n'), Buffer.alloc(300_000, 'y'), Buffer.from('\n\0')]),
  'latin1.txt': Buffer.from('f\xfcr foo\nfoo again\n', 'latin1'),
  'utf16.txt': Buffer.from('\ufefffoo\n', 'utf16le'),
  'long.txt': `${'x'.repeat(40_000)}foo\n${'y'.repeat(2_000)}foo\n`,
  'unicode.txt': '\u0663 \u00e9t\u00e9 \u212a\u017f k s\n\u{1f600} foo\n',
  'empty.txt': '',
}

async function openWorld() {
  const { root, outside } = await temporaryWorld()
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  await symlink(outside, join(root, 'link'))
  return root
}

/** The same tool, once with ripgrep on its PATH and once without. */
const searchWith = (engine: 'ripgrep' | 'builtin', root: string) => {
  const sandbox = engine === 'ripgrep' ? openSandbox(root) : openSandbox(root, { searchPath: '/nowhere' })
  return (args: object) => callTool(grep, args, { sandbox })
}

describe.each(engines)('grep by %s', (engine) => {
  test('finds lines by path, line and column', async () => {
    const search = searchWith(engine, await openWorld())
    expect(await search({ pattern: 'foo' })).toEqual({
      matches: [
        { path: '.hidden/d.ts', line: 1, column: 1, text: 'foo in a hidden folder' },
        { path: 'a.ts', line: 1, column: 7, text: 'const foo = 1' },
        { path: 'a.ts', line: 2, column: 5, text: 'bar foo' },
        { path: 'b/deep/c.md', line: 1, column: 7, text: 'größe foo 12' },
        { path: 'b/deep/c.md', line: 3, column: 1, text: 'foo' },
        { path: 'bom.txt', line: 1, column: 2, text: '\ufefffoo behind a mark' },
        { path: 'ignored.txt', line: 1, column: 1, text: 'foo that git does not see' },
        { path: 'latin1.txt', line: 2, column: 1, text: 'foo again' },
        { path: 'long.txt', line: 2, column: 2_001, text: 'y'.repeat(500) },
        { path: 'unicode.txt', line: 2, column: 4, text: '\u{1f600} foo' },
      ],
      truncated: false,
      engine,
    })
  })

  test('finds in a folder, by a glob, without regard to case, and no more than asked for', async () => {
    const search = searchWith(engine, await openWorld())
    const pathsOf = async (args: object) =>
      ((await search(args))['matches'] as { path: string }[]).map(({ path }) => path)
    expect(await pathsOf({ pattern: 'foo', path: 'b' })).toEqual(['b/deep/c.md', 'b/deep/c.md'])
    expect(await pathsOf({ pattern: '.', glob: '*.{ts,md}', path: './b/' })).toEqual([
      'b/deep/c.md',
      'b/deep/c.md',
      'b/z.ts',
    ])
    expect(await pathsOf({ pattern: '.', glob: 'b/**/*.md' })).toEqual(['b/deep/c.md', 'b/deep/c.md'])
    expect(await pathsOf({ pattern: 'foo and foo', ignoreCase: true })).toEqual(['b.ts'])
    expect(await search({ pattern: 'foo', maxMatches: 2 })).toMatchObject({ matches: { length: 2 }, truncated: true })
    expect(await search({ pattern: 'foo', maxMatches: 10 })).toMatchObject({
      matches: { length: 10 },
      truncated: false,
    })
    expect(await search({ pattern: 'no such text' })).toEqual({ matches: [], truncated: false, engine })
  })

  test.each([
    { name: 'a broken pattern', args: { pattern: 'a(' }, code: 'INVALID_ARGUMENTS', path: 'pattern' },
    { name: 'a look-ahead', args: { pattern: 'a(?=b)' }, code: 'INVALID_ARGUMENTS', path: 'pattern' },
    {
      name: 'a pattern that is too large',
      args: { pattern: '(a{100}){30}' },
      code: 'INVALID_ARGUMENTS',
      path: 'pattern',
    },
    { name: 'a missing folder', args: { pattern: 'a', path: 'missing' }, code: 'FILE_NOT_FOUND', path: 'missing' },
    { name: 'a path that leads out', args: { pattern: 'a', path: '../..' }, code: 'PERMISSION_DENIED' },
    { name: 'a link', args: { pattern: 'a', path: 'link' }, code: 'PERMISSION_DENIED' },
  ])('refuses $name', async ({ args, code, path }) => {
    const search = searchWith(engine, await openWorld())
    await expect(search(args)).rejects.toMatchObject({ code, ...(path === undefined ? {} : { details: { path } }) })
  })

  test('a pattern that takes exponential time elsewhere is answered', async () => {
    const root = await openWorld()
    await writeFile(join(root, 'hostile.txt'), `${'a'.repeat(30_000)}!\n`.repeat(20))
    const { matches } = await searchWith(engine, root)({ pattern: '^(a+)+$', glob: 'hostile.txt', timeoutMs: 60_000 })
    expect(matches).toEqual([])
  })

  test('ends when its time is over', async () => {
    const root = await openWorld()
    await writeFile(join(root, 'large.txt'), `${'ab '.repeat(10_000)}\n`.repeat(250))
    const slow = searchWith(engine, root)({ pattern: '(a|b|ab| )*[^a-z ]x', timeoutMs: 1 })
    await expect(slow).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', details: { timeoutMs: 1 } })
  })

  test('one file is searched as a folder is', async () => {
    const search = searchWith(engine, await openWorld())
    expect(await search({ pattern: 'foo', path: 'a.ts' })).toMatchObject({ matches: [{ line: 1 }, { line: 2 }] })
    expect(await search({ pattern: 'foo', path: 'binary.bin' })).toMatchObject({ matches: [] })
  })

  test('who hangs up is told why', async () => {
    const sandbox = openSandbox(await openWorld())
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(callTool(grep, { pattern: 'foo' }, { sandbox, signal })).rejects.toThrow('gone')
  })
})

test.runIf(hasRipgrep)('a pattern that ripgrep reads otherwise is left to the builtin engine', async () => {
  const search = searchWith('ripgrep', await openWorld())
  for (const pattern of ['[[x]', '\\pL', '[a&&b]', '(?s).', '\\Bfoo', 'x*$', '\\Qa\\E', 'a\\z'])
    expect(await search({ pattern })).toMatchObject({ engine: 'builtin' })
})

test.runIf(hasRipgrep)(
  'law: both engines give the same answer to any pattern',
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'otto-grep-'))
    onTestFinished(() => rm(root, { recursive: true, force: true }))
    const [byRipgrep, builtin] = [searchWith('ripgrep', root), searchWith('builtin', root)]
    const piece = fc.constantFrom(
      ...[
        'a',
        'b',
        'B',
        'é',
        '1',
        '_',
        ' ',
        '.',
        '^',
        '$',
        '|',
        '(',
        ')',
        '(?:',
        '(?i)',
        '*',
        '+',
        '?',
        '{1,2}',
        '{',
        '}',
      ],
      ...[
        '[',
        ']',
        '[^',
        '-',
        ',',
        '\\d',
        '\\D',
        '\\w',
        '\\W',
        '\\s',
        '\\S',
        '\\b',
        '\\B',
        '\\.',
        '\\-',
        '\\t',
        '\\n',
        '&&',
        '~',
      ],
    )
    const letter = fc.constantFrom(
      'a',
      'b',
      'B',
      'é',
      'É',
      '\u0663',
      '1',
      '_',
      ' ',
      '\u00a0',
      '-',
      '\r',
      '\t',
      '\n',
      '{',
      'K',
      '\u212a',
      '😀',
    )
    const patterns = fc.array(piece, { minLength: 1, maxLength: 7 }).map((parts) => parts.join(''))
    const texts = fc.array(letter, { maxLength: 40 }).map((letters) => letters.join(''))
    await fc.assert(
      fc.asyncProperty(patterns, texts, fc.boolean(), async (pattern, text, ignoreCase) => {
        await writeFile(join(root, 'text.txt'), text)
        const answerOf = async (search: typeof builtin) => {
          const { engine: _, ...rest } = await search({ pattern, ignoreCase }).catch((error) => ({
            engine: '',
            ...error.details,
          }))
          return rest
        }
        expect(await answerOf(byRipgrep)).toEqual(await answerOf(builtin))
      }),
      { numRuns: 200 },
    )
  },
  120_000,
)
