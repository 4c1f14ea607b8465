import type { Clock } from '../core/clock.ts'
import type { EarlyCalls } from './_early-calls.ts'
import { noEarlyCalls } from './_early-calls.ts'
import { createRepeatGuard } from './_repeats.ts'
import { sentences } from './_sentences.ts'
import { createUsageSum } from './_usage.ts'
import type { ChatMessage, ModelTool, ToolCall } from './language-model.ts'
import type { ToolAnswer, ToolRun, TurnEvent, TurnFinish, TurnLimits, TurnObserver, TurnRequest } from './turn.ts'

/** How a turn ended. */
export type Over = { readonly finish: TurnFinish; readonly handover?: readonly ToolCall[] }

/** A turn under way. */
export type Turn = {
  readonly request: TurnRequest
  readonly limits: TurnLimits
  readonly observe: TurnObserver
  readonly monotonicMs: () => number
  /** Ours and the caller's, as the model is told of them. */
  readonly tools: readonly ModelTool[]
  readonly callersNames: ReadonlySet<string>
  /** Grows by what the model said and what tools answered; may be shortened before a question. */
  messages: readonly ChatMessage[]
  /** Adds to them. */
  join(...messages: readonly ChatMessage[]): void
  readonly runs: ToolRun[]
  readonly usage: ReturnType<typeof createUsageSum>
  readonly guard: ReturnType<typeof createRepeatGuard>
  /** Fires when the time is up or the service stops. */
  readonly halt: AbortSignal
  /** The same, or the client is gone: every question carries it. */
  readonly signal: AbortSignal
  readonly deadlineMs: number
  readonly newCallId: () => string
  /** The last write that succeeded, for a model that stutters. */
  lastWrite: { readonly call: string; readonly answer: ToolAnswer } | undefined
  isPromptCut: boolean
  /** Of the answer that comes or that is run. */
  early: EarlyCalls
  /** What began early is followed to its end, whatever becomes of the turn. */
  follow(answer: Promise<unknown>): void
  close(): Promise<void>
}

type TurnDeps = {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>
  readonly observe: TurnObserver
  readonly limits: TurnLimits
}

// One array for all turns without tools of the caller: its JSON text is then made once.
const allTools = (request: TurnRequest): readonly ModelTool[] =>
  request.callersTools.length === 0 ? request.bench.tools : [...request.callersTools, ...request.bench.tools]

/** Starts the clock of a turn. `close` stops it. */
export function openTurn(request: TurnRequest, { clock, observe, limits: common }: TurnDeps): Turn {
  const limits = { ...common, ...request.limits }
  const timer = new AbortController()
  const done = new AbortController()
  clock.sleep(limits.turnMs, done.signal).then(
    () => timer.abort(new DOMException('The turn is out of time.', 'TimeoutError')),
    () => {}, // the turn was faster
  )
  const halt = AbortSignal.any([request.stop, timer.signal])
  let calls = 0
  const followed: Promise<unknown>[] = []
  const turn: Turn = {
    request,
    limits,
    observe,
    monotonicMs: clock.monotonicMs,
    tools: allTools(request),
    callersNames: new Set(request.callersTools.map(({ name }) => name)),
    messages: [...request.messages],
    join(...messages) {
      turn.messages = [...turn.messages, ...messages]
      for (const message of messages) request.onMessage?.(message)
    },
    runs: [],
    usage: createUsageSum(clock.monotonicMs),
    guard: createRepeatGuard(),
    halt,
    signal: AbortSignal.any([request.gone, halt]),
    deadlineMs: clock.monotonicMs() + limits.turnMs,
    newCallId: () => `call_${(++calls).toString(36).padStart(8, '0')}`,
    lastWrite: undefined,
    isPromptCut: false,
    early: noEarlyCalls,
    follow: (answer) => void followed.push(answer.catch(() => undefined)), // whoever waits for it hears of a failure
    async close() {
      done.abort(turnEnded)
      await Promise.all(followed)
    },
  }
  return turn
}

const turnEnded = new Error('The turn has ended.')

/** Why a turn ends without a word of the model. */
export type Ending = 'rounds' | 'time' | 'stuck' | 'unreadable'

const finishes: Readonly<Record<Ending, TurnFinish>> = {
  rounds: 'rounds',
  time: 'time',
  stuck: 'stuck',
  unreadable: 'stuck',
}

/** Says why it ends, and what was done until then, unless the turn ends silently. */
export function* sayAndEnd(turn: Turn, ending: Ending): Generator<TurnEvent, Over> {
  const word = ending === 'time' && turn.request.stop.aborted ? 'stopping' : ending
  if (!turn.request.endsSilently) yield { type: 'text', text: `\n\n${sentences[word](turn.runs)}` }
  return { finish: finishes[ending] }
}
