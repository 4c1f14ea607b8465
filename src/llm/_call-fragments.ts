import type { JsonObject, JsonValue } from '../core/json.ts'
import { member } from '../core/json.ts'
import { assertShallow, objectMember, textMember } from './_wire-json.ts'
import { LlmBadResponseError } from './errors.ts'
import type { ToolCall } from './language-model.ts'

/** Calls that come in fragments. */
export type CallFragments = {
  /** One entry of `delta.tool_calls`. */
  add(fragment: JsonObject): void
  /** The calls so far, each once. `wasCut`: the answer was cut for length, so one that cannot be read is left out. */
  take(options: { readonly wasCut: boolean }): readonly ToolCall[]
}

type Fragments = { readonly index: number; id: string; name: string; args: string }

/** Far above what any model writes in one answer. */
const maxCalls = 128

/**
 * `index` says which call a fragment belongs to. Some servers put every call at 0, or leave the index out, and tell a
 * new call by its id: both are read. Its `add` throws LlmBadResponseError above `maxChars` or 128 calls.
 */
export function createCallFragments(newCallId: () => string, maxChars: number): CallFragments {
  let calls: Fragments[] = []
  let heldChars = 0

  const placeOf = (index: number, id: string): Fragments => {
    const known = calls.findLast((call) => call.index === index)
    if (known !== undefined && (id === '' || known.id === '' || known.id === id)) return known
    if (calls.length >= maxCalls) throw new LlmBadResponseError('The model wrote too many calls.', { isCall: true })
    const begun = { index, id, name: '', args: '' }
    calls.push(begun)
    return begun
  }
  return {
    add(fragment) {
      const index = member(fragment, 'index')
      const id = textMember(fragment, 'id')
      const call = placeOf(typeof index === 'number' ? index : 0, id)
      const called = objectMember(fragment, 'function')
      const args = argumentsText(member(called, 'arguments'))
      heldChars += args.length
      if (heldChars > maxChars) throw new LlmBadResponseError('The model wrote an endless call.', { isCall: true })
      if (call.id === '') call.id = id
      if (call.name === '') call.name = textMember(called, 'name')
      call.args += args
    },
    take({ wasCut }) {
      const complete = calls.flatMap((call) => toCall(call, { wasCut, newCallId }))
      calls = []
      heldChars = 0
      return complete
    },
  }
}

/** A text by the protocol; some servers send the object itself, and writing one that is too deep ends the stack. */
const argumentsText = (args: JsonValue | undefined): string => {
  if (typeof args === 'string') return args
  if (args === undefined || args === null) return ''
  assertShallow(args)
  return JSON.stringify(args)
}

function toCall(
  { id, name, args }: Fragments,
  { wasCut, newCallId }: { readonly wasCut: boolean; readonly newCallId: () => string },
): readonly ToolCall[] {
  const read = readArguments(args)
  if (wasCut && (read === undefined || args.trim() === '')) return []
  if (name === '') throw new LlmBadResponseError('The model wrote a call without a name.', { isCall: true })
  assertShallow(read ?? null)
  return [{ id: id || newCallId(), name, arguments: read === undefined ? args : read }] // unreadable: as it was written
}

/** Nothing at all stands for no arguments; undefined is what is not JSON. */
function readArguments(text: string): JsonValue | undefined {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text) as JsonValue // what the parser gives is JSON
  } catch {
    return undefined
  }
}
