import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject } from '../core/json.ts'

const visible = /^[\x21-\x7e]{1,128}$/

/**
 * A request key for a call that comes out of a message of Open WebUI: the same tool with the same arguments in the same
 * message is one wish, however often it is sent. Undefined where the headers do not name both, chat and message, or the
 * caller brings a key of its own.
 * @see open-webui backend/open_webui/utils/headers.py
 */
export function messageKeyOf(headers: IncomingHttpHeaders, tool: string, args: JsonObject): string | undefined {
  const { 'x-openwebui-chat-id': chatId, 'x-openwebui-message-id': messageId, 'idempotency-key': own } = headers
  if (own !== undefined || Object.hasOwn(args, 'idempotencyKey')) return undefined
  if (typeof chatId !== 'string' || typeof messageId !== 'string') return undefined
  if (!visible.test(chatId) || !visible.test(messageId)) return undefined
  return `owui:${hash('sha256', JSON.stringify([chatId, messageId, tool, sorted(args)]), 'hex')}`
}

/** Models do not keep to an order of members. */
const sorted = (value: JsonValue): JsonValue => {
  if (isJsonArray(value)) return value.map(sorted)
  if (!isJsonObject(value)) return value
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(members.map(([key, one]) => [key, sorted(one)]))
}
