import { readItem } from './_text-items.ts'
import { nextOpening } from './_text-openings.ts'
import type { Stretch } from './_text-run.ts'
import { createSearch } from './_text-run.ts'
import type { ShapedCall } from './_text-shapes.ts'

/** What had to be done to get a call out of an answer; the label of a metric. */
export type RepairKind =
  | 'text' // it stood in the text
  | 'json' // it was not quite JSON
  | 'arguments' // they did not quite fit the schema
  | 'name' // it was not written as the tool is

/** A call as the model wrote it: nothing is checked yet. */
export type FoundCall = ShapedCall

/** What an answer's text holds. */
export type FoundCalls = {
  readonly calls: readonly FoundCall[]
  /** What is left as text for the reader. The content itself where nothing was found. */
  readonly rest: string
  readonly repairs: readonly RepairKind[]
  /**
   * Something that begins like a call of one of our tools but cannot be read: cut off, or not JSON beyond repair. Its
   * name, if that much can be read. Calls beside it stood whole in the text.
   */
  readonly broken?: { readonly name?: string }
}

/**
 * The calls that a model wrote into its text instead of calling. A JSON object counts where it stands alone on its lines,
 * fills a fenced block, or follows a mark such as `<tool_call>`; one that a sentence quotes, in a block with other code,
 * in `<think>` or in a made-up tool result does not. Unmarked, it has to name one of `toolNames`. A call that was cut off
 * is never completed, and behind one nothing is read. Time is linear in the length.
 * @example findTextCalls('{"tool":"ttt_get_state","args":{}}', ['ttt_get_state']).calls // [{ name: 'ttt_get_state', arguments: {} }]
 */
export function findTextCalls(content: string, toolNames: readonly string[]): FoundCalls {
  const search = createSearch(toolNames)
  const thinking = content.slice(0, endOfThinking(content))
  const text = content.slice(thinking.length)
  const found: Stretch[] = []
  const left = [thinking]
  let shown = 0
  let at = 0
  for (let opening = nextOpening(text, at); opening !== undefined; opening = nextOpening(text, at)) {
    const item = readItem(text, opening, search)
    at = item.end
    if (item.calls.length === 0 && item.broken === undefined) continue
    found.push(item)
    left.push(text.slice(shown, opening.start))
    shown = item.end
  }
  if (found.length === 0) return { calls: [], rest: content, repairs: [] }
  return collect(found, [...left, text.slice(shown)])
}

function collect(found: readonly Stretch[], left: readonly string[]): FoundCalls {
  const calls = found.flatMap((item) => item.calls)
  const broken = found.find((item) => item.broken !== undefined)?.broken
  const isRepaired = found.some((item) => item.isRepaired)
  return {
    calls,
    rest: left
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .join('\n\n'),
    repairs: [...(calls.length > 0 ? (['text'] as const) : []), ...(isRepaired ? (['json'] as const) : [])],
    ...(broken === undefined ? {} : { broken }),
  }
}

/** Some servers leave the reasoning in the text; some templates open it in the prompt, so that only its end is here. */
function endOfThinking(content: string): number {
  const closes = ['</think>', '</thinking>', '</reasoning>']
  const ends = closes.map((close) => {
    const at = content.lastIndexOf(close)
    return at < 0 ? 0 : at + close.length
  })
  return Math.max(...ends)
}
