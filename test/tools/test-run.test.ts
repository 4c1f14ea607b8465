import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseExunit, parseTap, parseTestOutput, parseVitest } from '../../src/tools/_test-output.ts'
import { testRun } from '../../src/tools/test-run.ts'
import { openSandbox, temporaryWorld } from '../sandbox/_sandbox.ts'
import { callTool } from './_context.ts'

const fixture = {
  vitest: `some test printed this
{"numTotalTestSuites":2,"numPassedTests":2,"numFailedTests":1,"numPendingTests":1,"numTodoTests":1,"success":false,"testResults":[{"name":"/w/a.test.ts","status":"failed","message":"","assertionResults":[{"fullName":"adds","status":"passed","failureMessages":[]},{"fullName":"sub tracts","status":"failed","failureMessages":["AssertionError: expected 1 to be 2\\n    at a.test.ts:3"]}]},{"name":"/w/broken.test.ts","status":"failed","message":"SyntaxError: Unexpected token","assertionResults":[]}]}
`,
  // Written by `node --test --test-reporter=tap`, shortened.
  tap: `TAP version 13
# Subtest: outer
    # Subtest: adds
    ok 1 - adds
      ---
      duration_ms: 0.4
      ...
    # Subtest: subtracts
    not ok 2 - subtracts
      ---
      error: 'Expected 1 to be 2'
      code: 'ERR_ASSERTION'
      ...
    1..2
not ok 1 - outer
  ---
  error: '1 subtest failed'
  ...
ok 2 - later # SKIP not yet
not ok 3 - wish # TODO
ok 4 - plain
1..4
# tests 5
`,
  exunit: `
..\u001b[31m

  1) test greets the world (OttoTest)\u001b[0m
     test/otto_test.exs:5
     Assertion with == failed
     left:  :world
     right: :worlds

  2) test says (OttoTest)
     test/otto_test.exs:9
     ** (RuntimeError) no

Finished in 0.03 seconds (0.00s async, 0.03s sync)
1 doctest, 6 tests, 2 failures, 1 excluded, 1 skipped

Randomized with seed 0
`,
}

test('reads what vitest reports, a file that does not load included', () => {
  expect(parseVitest(fixture.vitest)).toEqual({
    passed: 2,
    failed: 2,
    skipped: 2,
    failures: [
      { name: 'sub tracts', message: 'AssertionError: expected 1 to be 2\n    at a.test.ts:3' },
      { name: '/w/broken.test.ts', message: 'SyntaxError: Unexpected token' },
    ],
  })
})

test('reads TAP, and counts no test twice', () => {
  expect(parseTap(fixture.tap)).toEqual({
    passed: 2,
    failed: 1,
    skipped: 2,
    failures: [{ name: 'subtracts', message: "error: 'Expected 1 to be 2'\ncode: 'ERR_ASSERTION'" }],
  })
  expect(parseTap('ok 1 - a\nBail out! no database\n')).toMatchObject({
    passed: 1,
    failed: 1,
    failures: [{ name: 'Bail out!', message: 'no database' }],
  })
})

test('reads what ExUnit says', () => {
  expect(parseExunit(fixture.exunit)).toEqual({
    passed: 3,
    failed: 2,
    skipped: 2,
    failures: [
      {
        name: 'test greets the world (OttoTest)',
        message: 'test/otto_test.exs:5\nAssertion with == failed\nleft:  :world\nright: :worlds',
      },
      { name: 'test says (OttoTest)', message: 'test/otto_test.exs:9\n** (RuntimeError) no' },
    ],
  })
  expect(parseExunit('4 tests, 0 failures\n')).toEqual({ passed: 4, failed: 0, skipped: 0, failures: [] })
})

describe.each(['vitest', 'tap', 'exunit'] as const)('an output of %s', (format) => {
  test('is known, whatever was expected', () => {
    const counts = parseTestOutput(fixture[format], format)
    for (const expected of ['vitest', 'tap', 'exunit'] as const)
      expect(parseTestOutput(fixture[format], expected)).toEqual(counts)
  })

  test('law: any other text is read or not, and breaks nothing', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('ok 1', '\nnot ok', '1 test, ', '2 failures', '{"num"', '"testResults"', '  1) a', '\n'),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const counts = parseTestOutput(pieces.join(''), format)
        expect(counts === undefined || counts.passed >= 0).toBe(true)
      }),
    )
  })
})

test('an output of no kind is not guessed at', () => {
  expect(parseTestOutput('all is well', 'vitest')).toBeUndefined()
})

/** The node and the npm that run this. */
const searchPath = `${join(process.execPath, '..')}:${process.env['PATH']}`

async function openProject(files: Readonly<Record<string, string>>) {
  const { root } = await temporaryWorld()
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  return { root, sandbox: openSandbox(root, { searchPath }) }
}

/** Node's own runner: it is there wherever this is, and quick. */
const commands = {
  node: { command: 'node', args: ['--test', '--test-reporter=tap'], format: 'tap' as const },
  hanging: {
    command: 'node',
    args: ['-e', 'console.log("ok 1 - begun"); setInterval(() => {}, 1000)'],
    format: 'tap' as const,
  },
}

test('runs the tests of a project', async () => {
  const { sandbox } = await openProject({
    'a.test.mjs': `import test from 'node:test'
      test('passes', () => {})
      test('fails', () => { throw new Error('on purpose') })
      test('waits', { skip: true }, () => {})`,
  })
  const result = await callTool(testRun, { profile: 'node', args: ['a.test.mjs'] }, { sandbox, commands })
  expect(result).toMatchObject({
    passed: 1,
    failed: 1,
    skipped: 1,
    failures: [{ name: 'fails', message: expect.stringContaining('on purpose') }],
    exitCode: 1,
    timedOut: false,
    parsed: true,
  })
})

test('runs vitest where the project has it', async () => {
  const { root, sandbox } = await openProject({
    'package.json': '{"type":"module"}',
    'a.test.js': `import { expect, test } from 'vitest'
      test('passes', () => expect(1).toBe(1))
      test('fails', () => expect(1).toBe(2))`,
  })
  await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(root, 'node_modules'))
  const result = await callTool(testRun, {}, { sandbox })
  expect(result).toMatchObject({ passed: 1, failed: 1, failures: [{ name: 'fails' }], exitCode: 1, parsed: true })
}, 120_000)

test('a run that does not end is ended, and what it said is told', async () => {
  const { sandbox } = await openProject({})
  const result = await callTool(testRun, { profile: 'hanging', timeoutMs: 3_000 }, { sandbox, commands })
  expect(result).toMatchObject({ timedOut: true, exitCode: null })
})

test('a program that is not installed is named', async () => {
  const { root } = await temporaryWorld()
  const sandbox = openSandbox(root, { searchPath: '/nowhere' })
  await expect(callTool(testRun, { profile: 'mix' }, { sandbox })).rejects.toThrow('mix is not installed.')
})

test('an unknown profile is refused, with those that there are', async () => {
  const { sandbox } = await openProject({})
  await expect(callTool(testRun, { profile: 'constructor' }, { sandbox, commands })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENTS',
    details: { path: 'profile' },
    hint: 'Use one of: vitest, npm-test, mix, node, hanging.',
  })
})

test.each(['--config=/tmp/x', '-w', '../a', 'a/../../b', 'a b', 'a;b', '/etc/passwd', ''])(
  'refuses the argument %j',
  (arg) => {
    expect(() => testRun.parse({ args: [arg] })).toThrow('args.0')
  },
)
