import type { JsonObject } from '../core/json.ts'
import type { ChatMessage, LanguageModel, ModelTool, ModelUsage, ToolCall } from './language-model.ts'

/** What a tool answered to the model: one flat JSON object, a result or a refusal. */
export type ToolAnswer = {
  readonly success: boolean
  /** The result, or `{ success: false, error, code, hint, … }`. */
  readonly body: JsonObject
  /** It had been done before and was not done again. */
  readonly replayed?: true
  /** A person has to agree first: the turn ends so that they can be asked. */
  readonly needsApproval?: true
}

/** The tools of this service, as the loop sees them. */
export type ToolBench = {
  /** Offered to the model, in order. */
  readonly tools: readonly ModelTool[]
  isWrite(name: string): boolean
  /** Never throws; runs to its own deadline even when the turn is told to stop. */
  call(name: string, args: JsonObject): Promise<ToolAnswer>
}

/** A call that ran in this turn, as `/generate` reports it. */
export type ToolRun = {
  readonly id: string
  readonly tool: string
  /** It signs and submits. */
  readonly isWrite: boolean
  readonly args: JsonObject
  readonly success: boolean
  readonly ms: number
  readonly result: JsonObject
  readonly replayed?: true
}

/** Summed over the rounds of a turn. */
export type TurnUsage = ModelUsage & {
  /** Of the last round: how full the context is. `promptTokens` is the sum. */
  readonly lastPromptTokens: number
  /** Wall time of the turn. */
  readonly totalNs: number
  readonly rounds: number
}

/** Why a turn ended. */
export type TurnFinish =
  | 'stop' // the model had its say
  | 'length' // its answer was cut at the number of tokens the caller allowed
  | 'handover' // it called tools of the caller, who runs them
  | 'approval' // a write waits for a person
  | 'rounds' // the bound of rounds
  | 'time' // the bound of time, or the service is stopping
  | 'stuck' // the same call over and over, or calls that cannot be read
  | 'load' // no messages: the model was loaded or unloaded

/**
 * What happens in a turn, for a door to encode. Exactly one `end` comes, and it is the last; or `generate` throws an
 * error of errors.ts, before or after some text.
 */
export type TurnEvent =
  | { readonly type: 'text' | 'thinking'; readonly text: string; readonly line?: Uint8Array }
  /** One of our tools is about to run. */
  | { readonly type: 'call'; readonly call: ToolCall & { readonly arguments: JsonObject } }
  /** It has answered. */
  | { readonly type: 'result'; readonly run: ToolRun }
  /** Nothing else came for a while: a door writes something harmless so that nobody hangs up. */
  | { readonly type: 'heartbeat' }
  | {
      readonly type: 'end'
      readonly finish: TurnFinish
      readonly usage: TurnUsage
      readonly runs: readonly ToolRun[]
      /** Calls of the caller's own tools, for the caller to run; `finish` is then `handover`. */
      readonly handover: readonly ToolCall[]
    }

/** Everything a turn needs; it touches nothing else. */
export type TurnRequest = {
  readonly model: LanguageModel
  readonly modelName: string
  readonly messages: readonly ChatMessage[]
  readonly rest: JsonObject
  readonly bench: ToolBench
  /** Tools of the caller, with no name that the bench has. */
  readonly callersTools: readonly ModelTool[]
  /** Fires when the caller hangs up: nothing more is asked or begun. */
  readonly gone: AbortSignal
  /** Fires when the service stops: what runs ends, a sentence says so, and the turn ends. */
  readonly stop: AbortSignal
  /** A call of ours that runs before the model is asked: what a person has just agreed to. */
  readonly opening?: { readonly name: string; readonly args: JsonObject }
  /** Of this turn alone; what it does not name is as everywhere. */
  readonly limits?: Partial<TurnLimits>
  /**
   * Reads begin as soon as their call is complete, side by side, while the answer still streams; but none behind a write
   * of the same answer. Writes wait for the whole answer and run one after the other, as everything does without this.
   */
  readonly isEager?: true
  /** Where it ends without a word of the model it says nothing itself: how it ended is told elsewhere. */
  readonly endsSilently?: true
  /**
   * Sees the conversation before each question and may shorten it: the turn goes on with what it returns. What it throws
   * ends the turn.
   */
  readonly beforeQuestion?: (messages: readonly ChatMessage[]) => Promise<readonly ChatMessage[]>
  /** Told of each message that joins the conversation, in order. Returns at once, never throws. */
  readonly onMessage?: (message: ChatMessage) => void
}

/** How far a turn may go. */
export type TurnLimits = {
  /** Questions to the model. */
  readonly rounds: number
  readonly turnMs: number
  /** A write begins only when this much time is left. */
  readonly writeNeedsMs: number
  readonly heartbeatMs: number
  /** Of a tool's answer as the model reads it. */
  readonly answerBytes: number
}

/**
 * Below what clients wait: Open WebUI stops after 300 s. A whole game is eleven calls and a last word; hence 12 rounds.
 */
export const turnLimits: TurnLimits = {
  rounds: 12,
  turnMs: 240_000,
  writeNeedsMs: 10_000,
  heartbeatMs: 5_000,
  answerBytes: 4_096,
}

/** What is counted about turns. Called on the hot path: returns at once, never throws. */
export type TurnObserver = {
  /** A call was understood only after this kind of repair. */
  repair(kind: string): void
  /** A call could not be taken: `unknown_tool`, `invalid_arguments`, `broken`, `repeated`. */
  refusal(kind: string): void
}
