/** A mark that only calls have; some carry the name. `isFenced`: it stands at the top of a fenced block. */
export type MarkOpening = {
  readonly kind: 'mark'
  readonly start: number
  readonly inside: number
  readonly isFenced: boolean
  readonly name?: string
}

/** A place in an answer where a call may begin. */
export type Opening =
  /** `{` or `[` as the first visible character of a line, perhaps after a backtick or two. */
  | { readonly kind: 'bare'; readonly start: number; readonly inside: number }
  /** ``` as the first visible characters of a line; `inside` is behind the info string. */
  | { readonly kind: 'fence'; readonly start: number; readonly inside: number }
  | MarkOpening
  /** A tool's result or another speaker's turn, made up by the model, or its reasoning: nothing in it is a call. */
  | { readonly kind: 'foreign'; readonly start: number; readonly inside: number; readonly close: string | undefined }

/** How answers begin that are calls by their mark: Hermes and Qwen, Granite and Phi, Llama 3.1, Mistral. */
const marks = [
  '<tool_call>',
  '<tool_calls>',
  '<|tool_call|>',
  '<function_call>',
  '<|python_tag|>',
  '[TOOL_CALLS]',
] as const
const namedMark = '<function='

const escaped = (text: string): string => text.replace(/[|[\]]/g, '\\$&')

/** `[` only before what a list of calls can hold, so that `[x] done` is prose; `{` only before a member's name. */
const openings = new RegExp(
  [
    // A mark may stand at the top of a fenced block.
    String.raw`(?:(?<=^|\n)[^\S\n]*(?<markFence>\`\`\`[\w+-]{0,20}\s*))?(?<mark>(?:<tool_call>\s*)?${namedMark}(?<name>[\w.-]{1,64})>|${marks.map(escaped).join('|')})`,
    String.raw`(?<foreign><tool_(?:response|result)(?=[ >])|<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>|(?<=^|\n)[^\S\n]*<(?:think|thinking|reasoning)>)`,
    String.raw`(?<=^|\n)[^\S\n]*(?:(?<fence>\`\`\`[\w+-]{0,20}\s*)|\`{0,2}(?=\{+\s*["'“\\A-Za-z_]|\[\s*[{["]))`,
  ].join('|'),
  'g',
)

/** The next place at or behind `from` where a call may begin. A mark that a sentence quotes is none. */
export function nextOpening(text: string, from: number): Opening | undefined {
  openings.lastIndex = from
  for (let found = openings.exec(text); found !== null; found = openings.exec(text)) {
    const { mark, markFence, name, foreign, fence } = found.groups ?? {}
    const place = { start: found.index, inside: found.index + found[0].length }
    if (foreign !== undefined) return { kind: 'foreign', ...place, close: closeOf(foreign) }
    if (fence !== undefined) return { kind: 'fence', ...place }
    if (mark === undefined) return { kind: 'bare', ...place }
    if (isQuoted(text, found.index)) continue
    return { kind: 'mark', ...place, isFenced: markFence !== undefined, ...(name === undefined ? {} : { name }) }
  }
  return undefined
}

/** A made-up result ends with its tag; a made-up turn, and reasoning that nothing closed, with the text. */
const closeOf = (foreign: string): string | undefined =>
  foreign.startsWith('<tool_') ? foreign.replace('<', '</') : undefined

/** Behind a quote, or inside a code span of its line. */
function isQuoted(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 200), at)
  const line = before.slice(before.lastIndexOf('\n') + 1)
  return /["'“‘]$/.test(line) || (line.includes('`') && line.split('`').length % 2 === 0)
}

const allMarks = [...marks, namedMark]

/** Does the text begin like a mark, or with a whole one? */
export const isMarkBegun = (text: string): boolean =>
  allMarks.some((mark) => mark.startsWith(text.slice(0, mark.length)))
