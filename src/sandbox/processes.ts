import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, isAbsolute, join, relative } from 'node:path'
import type { Readable } from 'node:stream'
import type { Clock } from '../core/clock.ts'
import { openDeadline, orAborted } from '../core/deadline.ts'
import { systemCode } from './_file-failure.ts'
import type { Hold } from './_folder.ts'
import { holdHere, openFolder } from './_folder.ts'
import { ToolFailedError } from './errors.ts'
import type { Files, ProcessAsk, ProcessEnd, Processes } from './sandbox.ts'

export type ProcessesOptions = {
  readonly root: string
  readonly files: Pick<Files, 'locate'>
  readonly clock: Clock
  /** The PATH of this service. */
  readonly searchPath: string
  readonly hold?: Hold
}

/** Temporary files of programs, in the agent's folder. */
const temporaryFolder = '.tmp'

/** Programs in one folder. Whatever one starts ends with it. */
export function createProcesses(options: ProcessesOptions): Processes {
  const { files, clock, root, hold = holdHere } = options
  return {
    async run(ask) {
      ask.signal.throwIfAborted()
      assertName(ask.command)
      const temporary = await openFolder(root, [temporaryFolder], { hold, make: true })
      await temporary.close()
      const home = await files.locate('')
      const child = await start(ask, { cwd: await files.locate(ask.cwd ?? ''), env: environment(ask, home, options) })
      return await follow(child, ask, clock)
    },
  }
}

/** On PATH, not somewhere else: no folder in it. */
function assertName(command: string): void {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(command)) return
  throw new ToolFailedError('A program is named as it is found on PATH, without a folder.', {
    details: { command: command.slice(0, 100) },
  })
}

/** Nothing of this service's own environment, which has its secrets. What is needed to run comes last, so nothing replaces it. */
function environment({ env }: ProcessAsk, home: string, { searchPath }: ProcessesOptions): Record<string, string> {
  return {
    ...env,
    PATH: pathOutside(home, searchPath),
    HOME: home,
    TMPDIR: join(home, temporaryFolder),
    LANG: 'C.UTF-8',
    CI: '1',
  }
}

/** Without folders that the agent fills, or it could put a program of its own in the place of another. */
const pathOutside = (home: string, searchPath: string): string =>
  searchPath
    .split(delimiter)
    .filter((folder) => isAbsolute(folder) && relative(home, folder).startsWith('..'))
    .join(delimiter)

/** Leads a process group, so that all it starts can be ended with it; Windows has none. */
async function start(
  { command, args }: ProcessAsk,
  where: { readonly cwd: string; readonly env: Record<string, string> },
): Promise<ChildProcess> {
  try {
    const child = spawn(command, args, {
      ...where,
      shell: false,
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await once(child, 'spawn')
    return child
  } catch (cause) {
    const isMissing = systemCode(cause) === 'ENOENT'
    throw new ToolFailedError(isMissing ? `${command} is not installed.` : `${command} cannot be started.`, {
      cause,
      details: { command },
    })
  }
}

/** What still comes out of the pipes once all who write into them have been killed, ms. */
const drainMs = 2_000

async function follow(child: ChildProcess, ask: ProcessAsk, clock: Clock): Promise<ProcessEnd> {
  const startMs = clock.monotonicMs()
  const deadline = openDeadline(clock, startMs + ask.timeoutMs)
  const over = AbortSignal.any([ask.signal, deadline.signal])
  const stdout = collect(child.stdout, ask.maxBytes)
  const stderr = collect(child.stderr, ask.maxBytes)
  const closed = once(child, 'close')
  closed.catch(() => undefined)
  const kill = () => killGroup(child)
  over.addEventListener('abort', kill, { once: true })
  // At the very event: afterwards the number may be another's.
  child.once('exit', kill)
  try {
    if (over.aborted) kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    await drained(closed, clock)
    ask.signal.throwIfAborted()
    const isTimeout = deadline.signal.aborted && child.exitCode === null
    const isCut = stdout.isCut() || stderr.isCut()
    const ms = clock.monotonicMs() - startMs
    return { exitCode: child.exitCode, stdout: stdout.text(), stderr: stderr.text(), isCut, isTimeout, ms }
  } finally {
    over.removeEventListener('abort', kill)
    deadline.close()
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
}

/** Who left the group may hold a pipe open; what it writes is not waited for. */
async function drained(closed: Promise<unknown>, clock: Clock): Promise<void> {
  const patience = openDeadline(clock, clock.monotonicMs() + drainMs)
  await orAborted(closed, patience.signal).catch(() => undefined)
  patience.close()
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  if (process.platform === 'win32') {
    child.kill('SIGKILL')
    return
  }
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nobody is left in it. It runs in an event, where nobody would catch more.
  }
}

/** The beginning of an output. The rest is read and dropped, or the program would stand still. */
function collect(stream: Readable | null, maxBytes: number) {
  const kept: Buffer[] = []
  let length = 0
  stream?.on('data', (chunk: Buffer) => {
    const room = maxBytes - Math.min(length, maxBytes)
    if (room > 0) kept.push(chunk.subarray(0, room))
    length += chunk.length
  })
  // A pipe that breaks ends the output; how the program ended is told apart from it.
  stream?.on('error', () => undefined)
  return { text: () => Buffer.concat(kept).toString('utf8'), isCut: () => length > maxBytes }
}
