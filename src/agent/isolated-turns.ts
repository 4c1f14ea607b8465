import { fork } from 'node:child_process'
import { extname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { BaseError } from '../core/errors.ts'
import type { ModelRequest } from '../llm/language-model.ts'
import type { TurnEvent, TurnRequest } from '../llm/turn.ts'
import { ProcessError } from '../sandbox/errors.ts'
import type { ChildMessage, HostMessage, SentFailure, SentTurn } from './_turn-protocol.ts'

/** Runs one turn: the loop itself, or the loop elsewhere. */
export type RunTurn = (request: TurnRequest) => AsyncIterable<TurnEvent>

/** A thread or a process, as its host sees it. */
type Child = {
  post(message: HostMessage): void
  onMessage(listen: (message: ChildMessage) => void): void
  /** Told with what it died of; the first time counts. */
  onEnd(listen: (fact: string) => void): void
  kill(): void
}

const entry = new URL(`./_turn-child${extname(import.meta.url)}`, import.meta.url)

/** A thread with a heap of its own: past `memoryMb` it ends, and nobody else does. */
function startWorker(memoryMb: number): Child {
  const worker = new Worker(entry, {
    workerData: 'turn',
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: Math.max(8, memoryMb / 8) },
  })
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listen) => void worker.on('message', listen),
    onEnd: (listen) => {
      worker.once('error', (error) => listen('code' in error ? String(error.code) : error.message))
      worker.once('exit', (code) => listen(`exit ${code}`))
    },
    kill: () => void worker.terminate(),
  }
}

/** A process of its own: nothing of this one is there but the channel. */
function startProcess(memoryMb: number): Child {
  const child = fork(fileURLToPath(entry), [], {
    serialization: 'advanced',
    execArgv: [`--max-old-space-size=${memoryMb}`],
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  return {
    post: (message) => void (child.connected && child.send(message, () => {})),
    // The cast holds: it is our own file that runs there.
    onMessage: (listen) => void child.on('message', (message) => listen(message as ChildMessage)),
    onEnd: (listen) => {
      // One that could not be started has no exit.
      child.on('error', (error) => listen('code' in error ? String(error.code) : error.message))
      child.once('exit', (code, signal) => listen(`exit ${signal ?? code}`))
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

const starts = { worker: startWorker, process: startProcess } as const

export type IsolatedTurnsOptions = {
  readonly memoryMb: number
  /** How long a turn that was told to end may take once nothing runs for it here; 3 s unless told. */
  readonly lingerMs?: number
}

/**
 * The loop in a thread or a process of its own, one for each turn. Model, tools, keys and budgets stay here and are asked
 * through messages, so that what happens there can neither spend nor touch anything by another way. One that dies, takes
 * more than `memoryMb` or does not end when it is told to ends its own turn with ProcessError and nothing else.
 */
export const createIsolatedTurns =
  (kind: keyof typeof starts, { memoryMb, lingerMs = 3_000 }: IsolatedTurnsOptions): RunTurn =>
  (request) =>
    runIsolated(() => starts[kind](memoryMb), request, lingerMs)

async function* runIsolated(start: () => Child, request: TurnRequest, lingerMs: number): AsyncGenerator<TurnEvent> {
  const child = start()
  const told: TurnEvent[] = []
  let over: { readonly error?: unknown } | undefined
  let wake = () => {}
  const end = (error?: unknown): void => {
    over ??= error === undefined ? {} : { error }
    wake()
  }
  const served = {
    failures: createFailures(),
    streams: new Map<number, AbortController>(),
    works: new Set<Promise<void>>(),
  }
  const { failures, works } = served
  const ended = new AbortController()
  child.onEnd((fact) =>
    end(new ProcessError('The process of the agent ended.', { details: { fact: fact.slice(0, 100) } })),
  )
  child.onMessage((message) => {
    if (message.type === 'told') {
      told.push(message.event)
      wake()
    } else if (message.type === 'done') end()
    else if (message.type === 'failed') end(failures.find(message.errorId) ?? reasonOf(request, message.text))
    else if (!ended.signal.aborted) serve(child, request, { ...served, message, ended: ended.signal })
  })
  const linger = async (): Promise<void> => {
    await Promise.all(works)
    await sleep(lingerMs, undefined, { signal: ended.signal })
    end(new ProcessError('The process of the agent did not end when it was told to.'))
  }
  const on = (signal: AbortSignal, then: () => void): void => {
    if (signal.aborted) then()
    else signal.addEventListener('abort', then, { once: true, signal: ended.signal })
  }
  child.post({ type: 'begin', turn: toSent(request) })
  on(request.gone, () => child.post({ type: 'gone' }))
  on(request.stop, () => {
    child.post({ type: 'stop' })
    linger().catch(() => {}) // it ended before
  })
  try {
    for (;;) {
      const event = told.shift()
      if (event !== undefined) yield event
      else if (over !== undefined) break
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    if (over?.error !== undefined) throw over.error
  } finally {
    ended.abort(new Error('The turn has ended.'))
    child.kill()
    // What runs here for it counts in its task, and a tool is followed to its end.
    await Promise.all(works)
  }
}

const reasonOf = ({ gone }: TurnRequest, text: string): unknown =>
  gone.aborted
    ? gone.reason
    : new ProcessError('The turn of the agent failed.', { details: { fact: text.slice(0, 100) } })

const toSent = ({ modelName, messages, rest, bench, limits = {}, ...more }: TurnRequest): SentTurn => ({
  modelName,
  messages,
  rest,
  tools: bench.tools,
  writes: bench.tools.flatMap(({ name }) => (bench.isWrite(name) ? [name] : [])),
  limits,
  isEager: more.isEager ?? false,
  endsSilently: more.endsSilently ?? false,
  looksBefore: more.beforeQuestion !== undefined,
})

/** Errors that were told to the child: one that comes back is thrown as it was. */
function createFailures() {
  const kept: unknown[] = []
  return {
    keep(error: unknown): SentFailure {
      const { name, message } = error instanceof Error ? error : new Error(String(error))
      const isCall = error instanceof BaseError && 'isCall' in error && error.isCall === true
      return { errorId: kept.push(error) - 1, name, message, ...(isCall ? { isCall } : {}) }
    },
    find: (errorId: number | undefined): unknown => (errorId === undefined ? undefined : kept[errorId]),
  }
}

type Served = {
  /** What runs here for the child; none of it rejects. */
  readonly works: Set<Promise<void>>
  readonly message: Extract<ChildMessage, { type: 'chat' | 'left' | 'capabilities' | 'call' | 'before' | 'message' }>
  readonly failures: ReturnType<typeof createFailures>
  /** Answers of the model under way: the child may leave one before its end. */
  readonly streams: Map<number, AbortController>
  /** Fires when nobody waits for an answer any more. */
  readonly ended: AbortSignal
}

function serve(child: Child, request: TurnRequest, { message, failures, streams, works, ended }: Served): void {
  const { model, bench } = request
  const signal = AbortSignal.any([request.gone, request.stop, ended])
  const follow = (work: Promise<void>): void => {
    works.add(work)
    void work.finally(() => works.delete(work))
  }
  const answer = (id: number, work: Promise<Extract<HostMessage, { type: 'answer' }>['value']>): void =>
    follow(
      work.then(
        (value) => child.post({ type: 'answer', id, value }),
        (error: unknown) => child.post({ type: 'failure', id, failure: failures.keep(error) }),
      ),
    )
  switch (message.type) {
    case 'chat':
      follow(stream(child, { id: message.id, request: message.request, model, signal, failures, streams }))
      break
    case 'left':
      streams.get(message.id)?.abort(new Error('The turn has read enough of this answer.'))
      break
    case 'capabilities':
      answer(message.id, model.capabilities(message.model, { signal }))
      break
    case 'call':
      answer(message.id, bench.call(message.name, message.args))
      break
    case 'before':
      answer(message.id, request.beforeQuestion?.(message.messages) ?? Promise.resolve(message.messages))
      break
    case 'message':
      request.onMessage?.(message.message)
  }
}

type Streamed = Pick<Served, 'failures' | 'streams'> &
  Pick<TurnRequest, 'model'> & { readonly id: number; readonly request: ModelRequest; readonly signal: AbortSignal }

/** Never rejects. */
async function stream(child: Child, { id, request, model, signal, failures, streams }: Streamed): Promise<void> {
  const left = new AbortController()
  streams.set(id, left)
  try {
    for await (const event of model.chat(request, { signal: AbortSignal.any([signal, left.signal]) }))
      child.post({ type: 'event', id, event })
    child.post({ type: 'over', id })
  } catch (error) {
    child.post({ type: 'failure', id, failure: failures.keep(error) })
  } finally {
    streams.delete(id)
  }
}
