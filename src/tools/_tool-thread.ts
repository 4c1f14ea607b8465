import { Worker } from 'node:worker_threads'
import type { Clock } from '../core/clock.ts'
import { openDeadline, orAborted } from '../core/deadline.ts'
import type { JsonObject } from '../core/json.ts'
import { ProcessError, ToolFailedError } from '../sandbox/errors.ts'
import type { FromThread, ToThread } from './_tool-worker.ts'
import { ResultTooLargeError } from './errors.ts'

/** One call of a tool in its thread. */
export type ThreadCall = {
  readonly args: JsonObject
  /** Of the result's JSON text. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  readonly onLog: (text: string) => void
}

/** The thread of one tool. */
export type ToolThread = {
  /** What the file says of its tool, as JSON text. */
  readonly definition: string
  /** Does it take calls? */
  isAlive(): boolean
  /** Settles with the thread at the latest, which ends a second after the signal if the call does not. */
  call(call: ThreadCall): Promise<JsonObject>
  /** Takes no further call and ends with the last that runs; resolves then. */
  retire(): Promise<void>
  /** Ends now; calls that run are told so. */
  close(): Promise<void>
}

/** A file that is not loaded: why. */
export class ToolFileFault extends Error {}

/** How long a file may take to load, and a call to stop once it was told to. */
const loadMs = 5_000
const graceMs = 1_000

/** Of one tool. A thread that needs more ends alone. Buffers lie outside of these. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 }

/** This file's own ending: TypeScript in a clone, JavaScript in the package. */
const entry = new URL(`./_tool-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

type Waiting = Pick<ThreadCall, 'onLog' | 'maxBytes'> & {
  resolve(text: string): void
  reject(error: Error): void
}

/**
 * Loads a tool of the project in a thread of its own: whatever it does there, loop, throw, leak or exit, ends with the
 * thread. It finds no setting and no secret in its environment. No boundary against code that means harm.
 * @throws ToolFileFault
 */
export async function openToolThread(url: URL, clock: Clock): Promise<ToolThread> {
  const waiting = new Map<number, Waiting>() // bounded by its caller
  const ready = Promise.withResolvers<string>()
  const ended = Promise.withResolvers<void>()
  const ids = { last: 0 }
  const state = { isTaking: true }
  const worker = startWorker(url)
  const tell = (message: ToThread): void => worker.postMessage(message)
  const end = async (): Promise<void> => {
    state.isTaking = false
    await worker.terminate()
  }
  const endIfIdle = (): void => {
    if (!state.isTaking && waiting.size === 0) void end()
  }

  worker.on('message', (message: FromThread) => {
    if (message.type === 'ready') ready.resolve(message.text)
    else if (message.type === 'fault') ready.reject(new ToolFileFault(message.fact))
    else settle(waiting.get(message.id), message)
  })
  const onEnd = (cause?: unknown) => {
    state.isTaking = false
    ready.reject(new ToolFileFault(`It ended its thread: ${cause instanceof Error ? cause.message : 'exit'}`))
    for (const one of waiting.values()) one.reject(new ProcessError('The tool ended without an answer.', { cause }))
  }
  worker.on('error', onEnd)
  worker.on('exit', () => {
    onEnd()
    ended.resolve()
  })

  const deadline = openDeadline(clock, clock.monotonicMs() + loadMs)
  const definition = await orAborted(ready.promise, deadline.signal)
    .catch(async (error: unknown) => {
      await end()
      throw error instanceof ToolFileFault ? error : new ToolFileFault(`It took longer than ${loadMs} ms to load.`)
    })
    .finally(() => deadline.close())

  return {
    definition,
    isAlive: () => state.isTaking,
    async call({ args, maxBytes, signal, onLog }) {
      signal.throwIfAborted()
      if (!state.isTaking) throw new ProcessError('The tool was replaced just now.')
      ids.last += 1
      const id = ids.last
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      waiting.set(id, { onLog, maxBytes, resolve, reject })
      const settled = new AbortController()
      const stop = (): void => {
        tell({ type: 'abort', id })
        clock.sleep(graceMs, settled.signal).then(end, () => undefined)
      }
      signal.addEventListener('abort', stop, { once: true })
      try {
        tell({ type: 'call', id, args, maxBytes })
        return JSON.parse(await promise) as JsonObject // it begins with a brace
      } finally {
        signal.removeEventListener('abort', stop)
        settled.abort(settledReason)
        waiting.delete(id)
        endIfIdle()
      }
    },
    retire() {
      state.isTaking = false
      endIfIdle()
      return ended.promise
    },
    close: end,
  }
}

/** Made once: an abort without a reason costs an exception of its own. */
const settledReason = new Error('The call has ended.')

/** What it writes is dropped: it has a log. */
function startWorker({ href: url }: URL): Worker {
  const streams = { stdin: false, stdout: true, stderr: true }
  const worker = new Worker(entry, { workerData: { url }, env: {}, argv: [], execArgv: [], resourceLimits, ...streams })
  worker.stdout.resume()
  worker.stderr.resume()
  return worker
}

function settle(one: Waiting | undefined, message: Exclude<FromThread, { type: 'ready' | 'fault' }>): void {
  if (message.type === 'log') one?.onLog(message.text)
  if (message.type === 'done') one?.resolve(message.text)
  if (message.type === 'too_large') one?.reject(new ResultTooLargeError(one.maxBytes))
  if (message.type === 'failed') one?.reject(new ToolFailedError(message.fact))
}
