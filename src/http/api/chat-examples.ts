import type { JsonObject } from '../../core/json.ts'
import type { ToolRun, TurnEvent } from '../../llm/turn.ts'
import type { TurnEnd } from '../ollama/end.ts'
import type { OllamaStyle } from '../ollama/lines.ts'
import { toLines, toWhole } from '../ollama/lines.ts'
import { toCompletion } from '../openai/completion.ts'
import { encodeEvent, openingEvent } from '../openai/events.ts'

const saidAt = Date.UTC(2026, 0, 1, 12)
const words = 'The board is empty, and X begins.'

const run: ToolRun = {
  id: 'call_4k2n8p0x',
  tool: 'ttt_create_game',
  isWrite: true,
  args: {},
  success: true,
  ms: 42,
  result: { gameId: '0b0b8f0e-6c1d-5f43-9a52-7d1f0c2b3a4d', machineState: 'setup', status: 'NotInitialized' },
}

const end: TurnEnd = {
  type: 'end',
  finish: 'stop',
  usage: {
    promptTokens: 1_630,
    outputTokens: 44,
    loadNs: 21_000_000,
    promptNs: 300_000_000,
    outputNs: 800_000_000,
    lastPromptTokens: 830,
    totalNs: 1_200_000_000,
    rounds: 2,
  },
  runs: [run],
  handover: [],
}

/** A turn in which one tool runs. */
const turn: readonly TurnEvent[] = [
  { type: 'call', call: { id: run.id, name: run.tool, arguments: run.args } },
  { type: 'result', run },
  { type: 'text', text: words },
  end,
]

/** One answer, told whole and piece by piece: by the code that tells every answer. */
export type ChatAnswerExample = { readonly whole: JsonObject; readonly stream: string }

/** In the words of Ollama. */
export function ollamaAnswer(model: string, shape: OllamaStyle['shape'], reportsRuns: boolean): ChatAnswerExample {
  const style = { shape, model, showsCards: false, reportsRuns, nowMs: () => saidAt }
  return {
    whole: toWhole({ content: words, thinking: '' }, end, style),
    stream: turn.flatMap((event) => toLines(event, style).map(String)).join(''),
  }
}

/** In the words of OpenAI. */
export function openAiAnswer(model: string): ChatAnswerExample {
  const head = { id: 'chatcmpl-2f1c1b1e-6a55-4ff1-a0a9-5d3f6a1c9e77', created: saidAt / 1_000, model }
  const options = { isOneCallOnly: false, wantsUsage: true }
  return {
    whole: toCompletion(head, { text: words, thinking: '', end }, options),
    stream: [openingEvent(head), ...turn.flatMap((event) => [...encodeEvent(event, head, options)])].join(''),
  }
}
