import type { JsonObject, JsonValue } from '../../core/json.ts'
import { member } from '../../core/json.ts'
import type { ToolRun } from '../../llm/turn.ts'

/** How the runs of tools are told inside a chat: as cards in its content, always, never, or where a page draws them. */
export type ToolCards = 'auto' | 'on' | 'off'

/**
 * A tool run as the block that Open WebUI draws as a card, on lines of its own. The page puts the text of `result` back
 * into the history, so that the model knows the board in the next turn.
 * @see Open WebUI, `<details type="tool_calls">` of its chat messages
 */
export function toToolCard({ id, tool, args, result }: ToolRun): string {
  const attributes = Object.entries({
    type: 'tool_calls',
    done: 'true',
    id,
    name: tool,
    arguments: JSON.stringify(args),
    result: JSON.stringify(result),
    files: '',
    embeds: '',
  }).map(([name, value]) => `${name}="${escapeAttribute(value)}"`)
  return `\n<details ${attributes.join(' ')}>\n<summary>Tool Executed</summary>\n</details>\n`
}

/** A tool run in a few words, one line: `ttt_make_move X 4 → InProgress`. */
export function toToolNote({ tool, args, result, success }: ToolRun): string {
  const word = member(result, success ? 'status' : 'code')
  return `${[tool, ...shortWords(args)].join(' ')} → ${typeof word === 'string' ? word : success ? 'done' : 'refused'}\n`
}

/** Ids and other long things are left out: they are for machines. */
const shortWords = (args: JsonObject): string[] => Object.values(args).filter(isShort).map(String)
const isShort = (value: JsonValue): boolean =>
  typeof value === 'number' || (typeof value === 'string' && value.length <= 16)

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\n': '&#10;',
  '\r': '&#13;',
}

// Line breaks too: Markdown reads line by line, and a blank one would end the block.
const escapeAttribute = (text: string): string => text.replaceAll(/[&<>"'\n\r]/g, (sign) => entities[sign] ?? sign)
