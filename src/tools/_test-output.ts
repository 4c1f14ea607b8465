import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'
import type { CommandProfile } from '../sandbox/sandbox.ts'

/** What a run of tests said. */
export type TestCounts = {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** At most `maxFailures` of those that failed. */
  readonly failures: readonly TestFailure[]
}
export type TestFailure = { readonly name: string; readonly message: string }

export type TestFormat = CommandProfile['format']

const maxFailures = 50
const maxNameLength = 300
const maxMessageLength = 2_000

const failure = (name: string, message: string): TestFailure => ({
  name: name.slice(0, maxNameLength),
  message: stripVTControlCharacters(message).trim().slice(0, maxMessageLength),
})

/** The counts in an output, by its format or else by one that fits; undefined where it is in none that we read. */
export function parseTestOutput(output: string, format: TestFormat): TestCounts | undefined {
  const order: readonly TestFormat[] = [format, 'vitest', 'exunit', 'tap']
  for (const one of order) {
    const counts = parsers[one](output)
    if (counts !== undefined) return { ...counts, failures: counts.failures.slice(0, maxFailures) }
  }
  return undefined
}

const Assertion = z.object({
  fullName: z.string(),
  status: z.string(),
  failureMessages: z.array(z.string()).nullish(),
})
const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number().default(0),
  numTodoTests: z.number().default(0),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().nullish(),
      assertionResults: z.array(Assertion),
    }),
  ),
})

/** The JSON reporter's one line, among what the tests printed. Jest writes the same. @see vitest.dev, Reporters, JSON */
export function parseVitest(output: string): TestCounts | undefined {
  const line = output.split('\n').findLast((one) => one.startsWith('{"num') && one.includes('"testResults"'))
  const report = Report.safeParse(line === undefined ? undefined : jsonOf(line))
  if (!report.success) return undefined
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = report.data
  const failures = testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((one) => one.status === 'failed')
    // A file that cannot be loaded has no test that could fail.
    if (failed.length === 0 && status === 'failed') return [failure(name, message ?? '')]
    return failed.map((one) => failure(one.fullName, one.failureMessages?.join('\n') ?? ''))
  })
  const brokenFiles = failures.length - Math.min(failures.length, numFailedTests)
  return {
    passed: numPassedTests,
    failed: numFailedTests + brokenFiles,
    skipped: numPendingTests + numTodoTests,
    failures,
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const tapPoint = /^( *)(not )?ok\b(?: +\d+)?(?: +-)? *(.*?)(?: +# *(SKIP|TODO)\b.*)?$/i
const tapBail = /^ *Bail out! *(.*)$/

type Point = {
  readonly indent: number
  readonly line: number
  readonly fails: boolean
  readonly skips: boolean
  readonly name: string
}

/** Test points, each once: one that sums up those indented before it does not count. @see testanything.org, version 14 */
export function parseTap(output: string): TestCounts | undefined {
  const lines = output.split('\n').map((line) => line.trimEnd())
  const leaves: Point[] = []
  let last: Point | undefined
  for (const [line, text] of lines.entries()) {
    const [, blanks, not, name = '', directive] = tapPoint.exec(text) ?? []
    if (blanks === undefined) continue
    const point = {
      indent: blanks.length,
      line,
      name,
      skips: directive !== undefined,
      fails: not !== undefined && directive === undefined,
    }
    if (last === undefined || last.indent <= point.indent) leaves.push(point)
    last = point
  }
  const bails = lines.flatMap((text) => tapBail.exec(text)?.[1] ?? [])
  if (leaves.length + bails.length === 0) return undefined
  const failed = leaves.filter(({ fails }) => fails)
  return {
    passed: leaves.filter(({ fails, skips }) => !fails && !skips).length,
    failed: failed.length + bails.length,
    skipped: leaves.filter(({ skips }) => skips).length,
    failures: [
      ...failed.map((point) => failure(point.name, diagnosticOf(lines, point.line))),
      ...bails.map((reason) => failure('Bail out!', reason)),
    ],
  }
}

/** Of a diagnostic, in lines. */
const maxDiagnosticLines = 60

/** The YAML block behind a point, from `---` to `...`. */
function diagnosticOf(lines: readonly string[], point: number): string {
  if (lines[point + 1]?.trim() !== '---') return ''
  const block = lines.slice(point + 2, point + 2 + maxDiagnosticLines)
  const end = block.findIndex((line) => line.trim() === '...')
  return (end < 0 ? block : block.slice(0, end)).map((line) => line.trim()).join('\n')
}

const exunitCounts = /^(?:\d+ \w+, )*?\d+ (?:tests?|doctests?|propert(?:y|ies))\b.*?\b\d+ failures?\b.*$/m
const exunitFailure = /^ {2,3}\d+\) (.+)$/

/** ExUnit's summary and the numbered failures before it. @see hexdocs.pm, ExUnit.CLIFormatter */
export function parseExunit(output: string): TestCounts | undefined {
  const plain = stripVTControlCharacters(output)
  const [summary] = exunitCounts.exec(plain) ?? []
  if (summary === undefined) return undefined
  const count = (...words: string[]): number =>
    [...summary.matchAll(/(\d+) ([a-z]+)/g)]
      .filter(([, , word = '']) => words.includes(word))
      .reduce((sum, [, number]) => sum + Number(number), 0)
  const all = count('test', 'tests', 'doctest', 'doctests', 'property', 'properties')
  const failed = count('failure', 'failures') + count('invalid')
  const skipped = count('skipped') + count('excluded')
  return { passed: Math.max(0, all - failed - skipped), failed, skipped, failures: exunitFailures(plain.split('\n')) }
}

function exunitFailures(lines: readonly string[]): TestFailure[] {
  return lines.flatMap((line, at) => {
    const [, name] = exunitFailure.exec(line) ?? []
    if (name === undefined) return []
    const rest = lines.slice(at + 1, at + 1 + maxDiagnosticLines)
    const end = rest.findIndex((one) => one.trim() === '' || exunitFailure.test(one))
    return [failure(name, (end < 0 ? rest : rest.slice(0, end)).map((one) => one.trim()).join('\n'))]
  })
}

const parsers: Readonly<Record<TestFormat, (output: string) => TestCounts | undefined>> = {
  vitest: parseVitest,
  tap: parseTap,
  exunit: parseExunit,
}
