import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import { assertShallow, textMember } from './_wire-json.ts'
import { LlmBadResponseError } from './errors.ts'
import type { ModelEvent, ToolCall } from './language-model.ts'

export type BlockOptions = {
  /** For calls that come without an id. */
  readonly newCallId: () => string
  /** From a tool's name on the wire to its own. */
  readonly decodeName: (name: string) => string
  /** Of one event, and of everything in an answer but its texts. */
  readonly maxBytes: number
}

/** Puts the blocks of an answer together, of which one is open at a time. */
export type AnthropicBlocks = {
  begin(block: JsonObject): readonly ModelEvent[]
  extend(delta: JsonObject): readonly ModelEvent[]
  /** The open block is complete: a call is given now. */
  complete(): readonly ModelEvent[]
  /** Why the answer stopped is known: calls that could not be read are given as written, or left out where it was cut. */
  release(stop: { readonly wasCut: boolean }): readonly ModelEvent[]
  /** Every complete block as it came, for the way back. */
  all(): readonly JsonObject[]
  /** Is every text in them? Texts above `maxBytes` in all are given, and not kept. */
  readonly isWhole: boolean
}

type Open = { block: JsonObject; input: string }
/** A complete block of a call; `isCertain`: its arguments stand whole, so that it may be run while the answer goes on. */
type WrittenCall = { readonly call: ToolCall; readonly isCertain: boolean }

/** Far above what any model writes in one answer. */
const maxBlocks = 1_024

/** Its `begin` and `extend` throw LlmBadResponseError above `maxBytes` in all, or 1,024 blocks. */
export function createBlocks(options: BlockOptions): AnthropicBlocks {
  const complete: JsonObject[] = []
  let open: Open | undefined
  let heldCalls: readonly WrittenCall[] = []
  let heldChars = 0
  let textChars = 0

  const hold = (text: string): void => {
    heldChars += text.length
    const isCall = open !== undefined && isToolUse(open.block)
    if (heldChars > options.maxBytes) throw new LlmBadResponseError('The model wrote an endless answer.', { isCall })
  }
  /** Adds to a text of the open block. */
  const append = (key: string, piece: string): void => {
    if (open === undefined) return
    open.block = { ...open.block, [key]: textMember(open.block, key) + piece }
  }
  return {
    begin(block) {
      if (complete.length >= maxBlocks) throw new LlmBadResponseError('The model wrote too many blocks.')
      open = { block, input: '' }
      hold(JSON.stringify(block))
      return [...said('thinking', textIn(block, 'thinking')), ...said('text', textIn(block, 'text'))]
    },
    extend(delta) {
      const piece = (key: string): string => textMember(delta, key)
      switch (member(delta, 'type')) {
        case 'text_delta':
          textChars += piece('text').length
          if (textChars <= options.maxBytes) append('text', piece('text'))
          return said('text', piece('text'))
        case 'thinking_delta':
          hold(piece('thinking'))
          append('thinking', piece('thinking'))
          return said('thinking', piece('thinking'))
        case 'signature_delta':
          hold(piece('signature'))
          append('signature', piece('signature'))
          return []
        case 'input_json_delta':
          hold(piece('partial_json'))
          if (open !== undefined) open.input += piece('partial_json')
          return []
        default:
          return []
      }
    },
    complete() {
      if (open === undefined) return []
      const { block, input } = open
      open = undefined
      const args = readInput(block, input)
      complete.push(args === undefined || input.trim() === '' ? block : { ...block, input: args })
      if (!isToolUse(block)) return []
      const written = toCall(block, input, options)
      if (written.isCertain && heldCalls.length === 0) return [{ type: 'call', call: written.call }]
      heldCalls = [...heldCalls, written]
      return []
    },
    release({ wasCut }) {
      const released = heldCalls.filter(({ isCertain }) => isCertain || !wasCut)
      heldCalls = []
      return released.map(({ call }) => ({ type: 'call', call }))
    },
    all: () => complete,
    get isWhole() {
      return textChars <= options.maxBytes
    },
  }
}

const isToolUse = (block: JsonObject): boolean => member(block, 'type') === 'tool_use'

const said = (type: 'text' | 'thinking', text: string): readonly ModelEvent[] => (text === '' ? [] : [{ type, text }])

/** Blocks of kinds to come may hold anything under these names. */
const textIn = (block: JsonObject, type: 'text' | 'thinking'): string =>
  member(block, 'type') === type ? textMember(block, type) : ''

/** The arguments of a block: those it began with, where no fragment came; undefined for what is not JSON. */
function readInput(block: JsonObject, input: string): JsonValue | undefined {
  if (input.trim() === '') return member(block, 'input') ?? {}
  try {
    return JSON.parse(input) as JsonValue // what the parser gives is JSON
  } catch {
    return undefined
  }
}

/** An answer that is cut in a call has half of its arguments, or none: neither is certain before it says why it stopped. */
function toCall(block: JsonObject, input: string, { newCallId, decodeName }: BlockOptions): WrittenCall {
  const name = textMember(block, 'name')
  if (name === '') throw new LlmBadResponseError('The model wrote a call without a name.', { isCall: true })
  const args = readInput(block, input)
  assertShallow(args ?? null)
  const call = { id: textMember(block, 'id') || newCallId(), name: decodeName(name), arguments: args ?? input }
  const isWhole = isJsonObject(args) && (input.trim() !== '' || Object.keys(args).length > 0)
  return { call, isCertain: isWhole }
}
