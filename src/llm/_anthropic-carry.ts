import type { JsonArray, JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'

/**
 * What Anthropic wants back unchanged of an assistant's turn: its blocks of thinking, signatures included, whole; and
 * in between where its text (`text`) and its calls (`{"call": id}`) stood. Undefined without such a block.
 */
export function toCarry(blocks: readonly JsonObject[]): JsonArray | undefined {
  if (!blocks.some(isThinking)) return undefined
  return blocks.flatMap((block): JsonValue[] => {
    if (isThinking(block)) return [block]
    if (member(block, 'type') === 'text') return ['text']
    const id = member(block, 'id')
    return typeof id === 'string' ? [{ call: id }] : []
  })
}

/** Without a signature, as other servers of this protocol write it, it would be refused. */
function isThinking(block: JsonObject): boolean {
  const [type, signature] = [member(block, 'type'), member(block, 'signature')]
  return type === 'redacted_thinking' || (type === 'thinking' && typeof signature === 'string' && signature !== '')
}

type Blocks = {
  /** One block, or none. */
  readonly text: readonly JsonObject[]
  readonly calls: readonly { readonly id: string; readonly block: JsonObject }[]
}

/** The blocks of an assistant's message in the order that its `carry` tells; what it does not tell of comes last. */
export function placeBlocks(carry: JsonValue | undefined, { text, calls }: Blocks): readonly JsonObject[] {
  let restText = text
  let restCalls = calls
  const placed = (isJsonArray(carry) ? carry : []).flatMap((place): readonly JsonObject[] => {
    if (place === 'text') {
      const now = restText
      restText = []
      return now
    }
    if (!isJsonObject(place)) return []
    if (isThinking(place)) return [place]
    const now = restCalls.filter(({ id }) => id === member(place, 'call'))
    restCalls = restCalls.filter((call) => !now.includes(call))
    return now.map(({ block }) => block)
  })
  return [...placed, ...restText, ...restCalls.map(({ block }) => block)]
}
