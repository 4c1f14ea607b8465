import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { Reading } from './reading.ts'
import { gameIn, looksLikeAnswer, readAnswer } from './reading.ts'
import type { WireMessage } from './wire.ts'

/** A call of a tool: its name and its arguments. */
export type Call = { readonly name: string; readonly args: JsonObject }

/** A call made since the user last spoke, and what the tool said. */
export type Exchange = { readonly call: Call; readonly answer: string; readonly reading: Reading }

/** A conversation as the script reads it. */
export type Conversation = {
  /** What the user last said. */
  readonly task: string
  readonly exchanges: readonly Exchange[]
  /** The game that was spoken of last, in the task or before it. */
  readonly gameId: string | undefined
  /** Everything that the user said, the newest first. */
  readonly userTexts: readonly string[]
  /** Names of the tools described in a system message, for models that take no `tools`. */
  readonly described: readonly string[]
}

/** Reads messages in any of their forms: calls as calls, or written out as JSON in the text. */
export function readConversation(messages: readonly WireMessage[]): Conversation {
  const isUsers = messages.map((message, index) => message.role === 'user' && !isAnswer(message, messages[index - 1]))
  const taskAt = isUsers.lastIndexOf(true)
  const before = messages.slice(0, taskAt + 1).toReversed()
  return {
    task: messages[taskAt]?.content ?? '',
    exchanges: exchangesOf(messages.slice(taskAt + 1)),
    gameId: before.map(gameOf).find((id) => id !== undefined),
    userTexts: messages.flatMap(({ content }, index) => (isUsers[index] ? [content] : [])).toReversed(),
    described: describedIn(messages),
  }
}

const gameOf = ({ content, tool_calls }: WireMessage): string | undefined =>
  gameIn(content) ?? gameIn(JSON.stringify(tool_calls))

/** Where tools are described in words, their answers come back in the user's name. */
const isAnswer = ({ role, content }: WireMessage, previous: WireMessage | undefined): boolean =>
  role === 'tool' ||
  (role === 'user' &&
    (looksLikeAnswer(content) || (previous?.role === 'assistant' && writtenCall(previous.content) !== undefined)))

function exchangesOf(messages: readonly WireMessage[]): readonly Exchange[] {
  const open: { id: string; call: Call }[] = []
  const exchanges: Exchange[] = []
  for (const message of messages) {
    if (message.role === 'assistant') open.push(...callsOf(message))
    else if (message.role === 'tool' || message.role === 'user') {
      const byId = open.findIndex(({ id }) => id !== '' && id === message.tool_call_id)
      const [asked] = open.splice(Math.max(byId, 0), 1)
      const call = asked?.call ?? { name: message.tool_name, args: {} }
      exchanges.push({ call, answer: message.content, reading: readAnswer(message.content) })
    }
  }
  return exchanges
}

function callsOf({ tool_calls, content }: WireMessage): { id: string; call: Call }[] {
  const written = tool_calls.length === 0 ? writtenCall(content) : undefined
  if (written) return [{ id: '', call: written }]
  return tool_calls.map(({ id, function: { name, arguments: args } }) => ({ id, call: { name, args } }))
}

/** A call as text: how a model writes it that can do no better. */
export const writeCall = ({ name, args }: Call): string => `\`\`\`json\n${JSON.stringify({ tool: name, args })}\n\`\`\``

/** What `writeCall` wrote, even where its JSON is broken: then without arguments. */
function writtenCall(content: string): Call | undefined {
  const name = content.match(/\{\s*"(?:tool|name)"\s*:\s*"([\w.-]+)"/)?.[1]
  if (name === undefined) return undefined
  const json = objectAt(content, content.indexOf('{'))
  const args = json && member(json, 'args')
  return { name, args: isJsonObject(args) ? args : {} }
}

/** The JSON object that begins at a place in a text, or undefined. */
export function objectAt(text: string, start: number): JsonObject | undefined {
  if (text[start] !== '{') return undefined
  for (
    let end = text.indexOf('}', start), tries = 0;
    end >= 0 && tries < 50;
    end = text.indexOf('}', end + 1), tries++
  ) {
    const value = parse(text.slice(start, end + 1))
    if (isJsonObject(value)) return value
  }
  return undefined
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Only a message that also shows how a call is written describes tools; one that merely names them does not. */
function describedIn(messages: readonly WireMessage[]): readonly string[] {
  const texts = messages.filter(({ role }) => role === 'system').map(({ content }) => content)
  const describing = texts.filter((text) => /"tool"|"name"\s*:|tool_call/.test(text))
  return [...new Set(describing.flatMap((text) => text.match(/\bttt_[a-z_]+\b/g) ?? []))]
}
