import { parseDocument } from 'yaml'
import { z } from 'zod'
import { BaseError } from '../core/errors.ts'
import type { ChatMessage } from '../llm/language-model.ts'

/** Who speaks in a chat. Other members of the file are for other readers. */
const Persona = z.looseObject({
  name: z.string().min(1).max(64),
  description: z.string().max(1_024).optional(),
  system_prompt: z.string().min(1).max(16_384),
  /** Names of the tools that it may call; without it, all that are offered. */
  tools: z.array(z.string().min(1).max(128)).max(100).optional(),
})
export type Persona = z.output<typeof Persona>

/** The file of an agent is no YAML, or not what an agent is described by; the message names each path. */
export class PersonaInvalidError extends BaseError {
  override readonly code = 'PERSONA_INVALID'
  override readonly kind = 'invalid'
  constructor(faults: readonly { readonly path: string; readonly fact: string }[], cause?: unknown) {
    super(`The agent's file is not usable: ${faults.map(({ path, fact }) => `${path}: ${fact}`).join('; ')}.`, {
      cause,
      hint: 'Give it a name and a system_prompt of 1 to 16,384 characters, as in .otto/agents/otto.yml.',
      details: { paths: faults.map(({ path }) => path) },
    })
  }
}

/**
 * Reads an agent's YAML file. Aliases are refused: they can make a small file huge.
 * @throws PersonaInvalidError
 */
export function parsePersona(text: string): Persona {
  const parsed = Persona.safeParse(readYaml(text))
  if (parsed.success) return parsed.data
  throw new PersonaInvalidError(
    parsed.error.issues.map(({ path, message }) => ({ path: path.join('.') || 'file', fact: message })),
    parsed.error,
  )
}

function readYaml(text: string): unknown {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined)
    throw new PersonaInvalidError([{ path: 'file', fact: error.message.split('\n', 1)[0] ?? '' }])
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch (cause) {
    throw new PersonaInvalidError([{ path: 'file', fact: 'it cannot be read as plain values' }], cause)
  }
}

/** What a model must keep to whoever it plays: it goes in even where the caller brings a system prompt. */
export const toolRules: string = `You play tic-tac-toe on a signed ledger, through tools.
- Every change of a game is a tool call: create, start, move, reset, cancel. Words change nothing.
- One write at a time: wait for its result before the next.
- Never say that something was done unless a result of this turn says success. The newest board is the truth, not your memory.
- A gameId comes from a result or from the user; never make one up. Cells are 0 to 8, row by row from the top left.
- On success: false read the hint, do what it says, or tell the user what went wrong.`

/**
 * The conversation as the model gets it. A system message of the caller stays and gets the rules of the tools behind
 * it; where there is none the persona speaks, with the rules where there are tools.
 */
export function systemMessages(
  messages: readonly ChatMessage[],
  persona: Persona,
  { hasTools }: { readonly hasTools: boolean },
): readonly ChatMessage[] {
  const own = messages.findIndex(({ role }) => role === 'system')
  const withRules = (content: string): string => (hasTools ? `${content.trimEnd()}\n\n${toolRules}` : content)
  if (own < 0) return [{ role: 'system', content: withRules(persona.system_prompt) }, ...messages]
  return messages.map((message, index) =>
    index === own ? { ...message, content: withRules(message.content) } : message,
  )
}

/** Puts a line as a system message right before the last message of the user; at the end where there is none. */
export function withBoardLine(messages: readonly ChatMessage[], line: string): readonly ChatMessage[] {
  const last = messages.findLastIndex(({ role }) => role === 'user')
  return messages.toSpliced(last < 0 ? messages.length : last, 0, { role: 'system', content: line })
}
