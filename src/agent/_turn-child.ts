import { parentPort, workerData } from 'node:worker_threads'
import type { JsonObject } from '../core/json.ts'
import { LlmBadResponseError, ToolsUnsupportedError } from '../llm/errors.ts'
import type { ChatMessage, LanguageModel, ModelCapabilities, ModelEvent, ModelRequest } from '../llm/language-model.ts'
import { createTurnRunner } from '../llm/loop.ts'
import type { ToolAnswer, TurnObserver, TurnRequest } from '../llm/turn.ts'
import type { ChildMessage, HostMessage, SentFailure, SentTurn } from './_turn-protocol.ts'

/**
 * The other side of isolated-turns.ts: one turn in a thread or a process of its own. It holds no key, no tool and no
 * budget: the model and the tools are asked through the host.
 */

/** A failure of the host that came back to us. */
class HostFailure extends Error {
  readonly errorId: number
  constructor({ errorId, message }: SentFailure) {
    super(message)
    this.errorId = errorId
  }
}

/** The loop knows two errors by their class. */
function revive(failure: SentFailure): Error {
  const { name, message, isCall = false, errorId } = failure
  if (name === 'ToolsUnsupportedError') return Object.assign(new ToolsUnsupportedError(''), { errorId })
  if (name === 'LlmBadResponseError') return Object.assign(new LlmBadResponseError(message, { isCall }), { errorId })
  return new HostFailure(failure)
}

type Post = (message: ChildMessage) => void
type Answer = ToolAnswer | ModelCapabilities | readonly ChatMessage[]
type Stream = { readonly push: (event: ModelEvent) => void; readonly end: (error?: Error) => void }

/** Questions under way, by their numbers. */
function createQuestions(post: Post) {
  const asked = new Map<number, { resolve(value: Answer): void; reject(error: Error): void }>()
  const streams = new Map<number, Stream>()
  let next = 0
  return {
    /** The casts of those who ask hold: the host answers each question in its own form. */
    ask(question: (id: number) => ChildMessage): Promise<Answer> {
      const id = next++
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      asked.set(id, { resolve, reject })
      post(question(id))
      return promise
    },
    async *stream(request: ModelRequest): AsyncGenerator<ModelEvent> {
      const id = next++
      const waiting: ModelEvent[] = []
      let wake = () => {}
      let over: { readonly error: Error | undefined } | undefined
      streams.set(id, {
        push: (event) => {
          waiting.push(event)
          wake()
        },
        end: (error) => {
          over = { error }
          wake()
        },
      })
      post({ type: 'chat', id, request })
      try {
        for (;;) {
          const event = waiting.shift()
          if (event !== undefined) yield event
          else if (over?.error) throw over.error
          else if (over) return
          else
            await new Promise<void>((resolve) => {
              wake = resolve
            })
        }
      } finally {
        streams.delete(id)
        if (over === undefined) post({ type: 'left', id })
      }
    },
    take(message: Extract<HostMessage, { id: number }>): void {
      const { id } = message
      if (message.type === 'event') streams.get(id)?.push(message.event)
      else if (message.type === 'over') streams.get(id)?.end()
      else if (message.type === 'answer') asked.get(id)?.resolve(message.value)
      else {
        const error = revive(message.failure)
        streams.get(id)?.end(error)
        asked.get(id)?.reject(error)
      }
      if (message.type === 'answer' || message.type === 'failure') asked.delete(id)
    },
  }
}

/** Nobody counts here: the host sees every call and every question. */
const unobserved: TurnObserver = { repair: () => {}, refusal: () => {} }

const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  signal?.addEventListener('abort', () => {
    clearTimeout(timer)
    reject(signal.reason)
  })
  return promise
}

function createTurn(post: Post) {
  const questions = createQuestions(post)
  const [stop, gone] = [new AbortController(), new AbortController()]
  const run = createTurnRunner({ clock: { monotonicMs: () => performance.now(), sleep }, observe: unobserved })
  const model: LanguageModel = {
    chat: (request) => questions.stream(request),
    capabilities: async (name) =>
      (await questions.ask((id) => ({ type: 'capabilities', id, model: name }))) as ModelCapabilities,
    ping: async () => {},
    close: async () => {},
  }
  const toRequest = ({ tools, writes, looksBefore, isEager, endsSilently, ...turn }: SentTurn): TurnRequest => ({
    ...turn,
    model,
    bench: {
      tools,
      isWrite: (name) => writes.includes(name),
      call: async (name: string, args: JsonObject) =>
        (await questions.ask((id) => ({ type: 'call', id, name, args }))) as ToolAnswer,
    },
    callersTools: [],
    gone: gone.signal,
    stop: stop.signal,
    ...(isEager ? { isEager } : {}),
    ...(endsSilently ? { endsSilently } : {}),
    ...(looksBefore
      ? {
          beforeQuestion: async (messages: readonly ChatMessage[]) =>
            (await questions.ask((id) => ({ type: 'before', id, messages }))) as readonly ChatMessage[],
        }
      : {}),
    onMessage: (message) => post({ type: 'message', message }),
  })
  const begin = async (turn: SentTurn): Promise<void> => {
    try {
      for await (const event of run(toRequest(turn))) if (event.type !== 'heartbeat') post({ type: 'told', event })
      post({ type: 'done' })
    } catch (error) {
      const errorId = error instanceof Error && 'errorId' in error ? Number(error.errorId) : undefined
      post({ type: 'failed', errorId, text: error instanceof Error ? error.message : 'unknown' })
    }
  }
  return (message: HostMessage): void => {
    if (message.type === 'begin')
      void begin(message.turn) // it catches all
    else if (message.type === 'stop') stop.abort(new Error('The turn is to end.'))
    else if (message.type === 'gone') gone.abort(new Error('Nobody waits for this turn.'))
    else questions.take(message)
  }
}

const port = parentPort
if (port !== null && workerData === 'turn') {
  const take = createTurn((message) => port.postMessage(message))
  port.on('message', take)
} else if (process.send !== undefined) {
  const take = createTurn((message) => process.send?.(message))
  process.on('message', take)
  process.on('disconnect', () => process.exit(0))
}
