import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createBoundedMap } from '../../core/bounded-map.ts'
import type { Clock, NewId } from '../../core/clock.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { isJsonArray, isJsonObject } from '../../core/json.ts'

/** The call that a question is about. */
export type AskedCall = { readonly tool: string; readonly args: JsonObject; readonly principal: string }

/** What the answer permits: the call itself, or the approval of that id and then the call. */
export type Question = { readonly approvalId?: string }

/**
 * Questions that travel through the client and back, as the protocol's `requestState`. A state is signed, belongs to one
 * call of one caller, lasts five minutes and counts once. A restart forgets all of them.
 * @see Model Context Protocol 2026-07-28, basic/patterns/mrtr
 */
export type Questions = {
  /** The state to send with a question. */
  open(call: AskedCall, question: Question): string
  /** The question behind a state; undefined for one that is forged, used, late, or about another call. */
  take(state: string, call: AskedCall): Question | undefined
}

export type QuestionsDeps = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly newId: NewId
  /** 5 minutes unless told. */
  readonly ttlMs?: number
}

/** Beyond it the oldest question is forgotten, and its answer permits nothing. */
const maxOpen = 10_000

export function createQuestions({ clock, newId, ttlMs = 300_000 }: QuestionsDeps): Questions {
  const key = createHash('sha256')
    .update(newId() + newId())
    .digest()
  const open = createBoundedMap<string, number>(maxOpen) // when each runs out, by its nonce
  const sign = (payload: string, { tool, args, principal }: AskedCall): Buffer =>
    createHmac('sha256', key)
      .update(JSON.stringify([payload, principal, tool, inOrder(args)]))
      .digest()
  return {
    open(call, question) {
      const nonce = newId()
      open.set(nonce, clock.monotonicMs() + ttlMs)
      const payload = Buffer.from(JSON.stringify({ nonce, ...question })).toString('base64url')
      return `${payload}.${sign(payload, call).toString('base64url')}`
    },
    take(state, call) {
      const [payload = '', mac = '', ...more] = state.split('.')
      const given = Buffer.from(mac, 'base64url')
      const expected = sign(payload, call)
      if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
      // The cast holds: the text was signed here.
      const { nonce, ...question } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as OpenQuestion
      const untilMs = open.get(nonce)
      return open.delete(nonce) && untilMs !== undefined && clock.monotonicMs() <= untilMs ? question : undefined
    },
  }
}

type OpenQuestion = Question & { readonly nonce: string }

/** The same arguments have one text, in whatever order a client writes them the second time. */
function inOrder(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(inOrder)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, one]) => [name, inOrder(one)]),
  )
}

/** What a person said: `unsaid` where the client brought no answer to `confirm`. */
export type Answer = 'yes' | 'no' | 'unsaid'

/** Reads `inputResponses`. Only an accepted form with `yes` ticked is a yes. */
export function answerOf(responses: JsonValue | undefined): Answer {
  const confirm = isJsonObject(responses) ? responses['confirm'] : undefined
  if (!isJsonObject(confirm)) return 'unsaid'
  const { action, content } = confirm
  return action === 'accept' && isJsonObject(content) && content['yes'] === true ? 'yes' : 'no'
}

/** The result that asks: a form with one box to tick. */
export const toInputRequired = (message: string, title: string, requestState: string): JsonObject => ({
  resultType: 'input_required',
  requestState,
  inputRequests: {
    confirm: {
      method: 'elicitation/create',
      params: {
        mode: 'form',
        message,
        requestedSchema: { type: 'object', properties: { yes: { type: 'boolean', title } }, required: ['yes'] },
      },
    },
  },
})
