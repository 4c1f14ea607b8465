import { relative } from 'node:path'
import { z } from 'zod'
import { BaseError } from '../core/errors.ts'
import type { CommandProfile, Sandbox } from '../sandbox/sandbox.ts'
import { ArgumentFaultError } from './_faults.ts'
import { parseTestOutput } from './_test-output.ts'
import { defineTool } from './tool.ts'

/** Programs that run tests, by name; an agent's file may name others, or another under one of these names. */
export const testProfiles: Readonly<Record<string, CommandProfile>> = {
  vitest: { command: 'npx', args: ['--no-install', 'vitest', 'run', '--reporter=json'], format: 'vitest' },
  'npm-test': { command: 'npm', args: ['test'], format: 'tap' },
  mix: { command: 'mix', args: ['test'], format: 'exunit' },
}

/** Read of each output; the report of a few thousand tests fits. */
const maxOutputBytes = 8 * 1024 * 1024
/** Shown of what was printed, from its end, in characters. */
const tailLength = 4_000

/** No option: those of a test runner write files and load programs. */
const Argument = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_@][A-Za-z0-9_@./:-]*$/, 'A name of a test or a file, without an option')
  .refine((text) => !text.split('/').includes('..'), 'No ..')

/** `test.run`: the tests in the agent's folder, and what came of them. */
export const testRun = defineTool({
  name: 'test.run',
  aliases: ['TestRunner', 'TestRunner.Run'],
  summary: 'Run the tests in your folder. args narrows them down by name or file.',
  effect: 'write',
  permission: 'exec',
  origin: 'base',
  sandbox: { root: 'agent', shell: true, timeoutMs: 125_000, maxBytes: 1024 * 1024 },
  input: z.object({
    profile: z.string().max(32).default('vitest').describe('vitest, npm-test, mix, or one of your own.'),
    args: z.array(Argument).max(20).default([]),
    timeoutMs: z.int().min(100).max(120_000).default(120_000),
  }),
  output: z.object({
    passed: z.int(),
    failed: z.int(),
    skipped: z.int(),
    failures: z.array(z.object({ name: z.string(), message: z.string() })),
    /** Null where it was killed. */
    exitCode: z.int().nullable(),
    timedOut: z.boolean(),
    /** Whether the output was one that could be read; without it the counts say nothing. */
    parsed: z.boolean(),
    output: z.string(),
  }),
  async run({ profile, args, timeoutMs }, { sandbox, agent, signal }) {
    const { command, args: first, format } = profileOf(profile, agent?.commands ?? {})
    const ask = { command, args: [...first, ...args], timeoutMs, maxBytes: maxOutputBytes, signal }
    const { exitCode, stdout, stderr, isTimeout } = await sandbox.processes.run(ask)
    const counts = parseTestOutput(`${stdout}\n${await reportOf(stdout, sandbox)}`, format)
    const output = `${stdout}\n${stderr}`.trim().slice(-tailLength).toWellFormed()
    const { passed, failed, skipped, failures } = counts ?? { passed: 0, failed: 0, skipped: 0, failures: [] }
    const ended = { exitCode, timedOut: isTimeout, parsed: counts !== undefined, output }
    return { result: { passed, failed, skipped, failures: [...failures], ...ended } }
  },
})

/** vitest 5 writes its JSON into a file and says where; before, it printed it. Nothing where there is no such file. */
async function reportOf(stdout: string, { files }: Sandbox): Promise<string> {
  const path = [...stdout.matchAll(reportPath)].at(-1)?.[1]
  if (path === undefined) return ''
  try {
    const inside = relative(await files.locate(''), path)
    return Buffer.from((await files.read(inside, { maxBytes: maxOutputBytes })).bytes).toString('utf8')
  } catch (error) {
    if (error instanceof BaseError) return ''
    throw error
  }
}

const reportPath = /^JSON report written to (.+)$/gm

/** @throws ArgumentFaultError naming the profiles that there are */
function profileOf(name: string, own: Readonly<Record<string, CommandProfile>>): CommandProfile {
  const all = { ...testProfiles, ...own }
  const profile = Object.hasOwn(all, name) ? all[name] : undefined
  if (profile !== undefined) return profile
  throw new ArgumentFaultError('profile', 'is not one that there is.', {
    hint: `Use one of: ${Object.keys(all).slice(0, 20).join(', ')}.`,
  })
}
