import type { JsonObject, JsonValue } from '../../core/json.ts'
import { isJsonObject, member } from '../../core/json.ts'

/** The two eras of the protocol: up to 2025-11-25 with a handshake, since 2026-07-28 with everything in each request. */
export type McpEra = 'legacy' | 'modern'

/** The one revision of the modern era that is served. */
export const modernRevision = '2026-07-28'

/** @see Model Context Protocol 2026-07-28, schema: reserved `_meta` keys */
export const metaKeys = {
  version: 'io.modelcontextprotocol/protocolVersion',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  server: 'io.modelcontextprotocol/serverInfo',
} as const

/** Who answers, as results of the modern era name it. */
export type McpIdentity = { readonly name: string; readonly version: string }

/** A JSON-RPC request. */
export type RpcRequest = { readonly id: string | number; readonly method: string; readonly params: JsonObject }

/** What a request comes to. @see JSON-RPC 2.0 §5 */
export type RpcAnswer =
  | { readonly result: JsonObject }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: JsonValue } }

/** @see JSON-RPC 2.0 §5.1 */
export const rpcCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  invalidParams: -32602,
  internalError: -32603,
  serverError: -32000,
} as const

export const rpcError = (code: number, message: string, data?: JsonValue): RpcAnswer => ({
  error: { code, message, ...(data === undefined ? {} : { data }) },
})

/** The message that answers a request; `id` is null where the request could not be read. */
export const toRpcMessage = (id: string | number | null, answer: RpcAnswer): JsonObject => ({
  jsonrpc: '2.0',
  id,
  ...answer,
})

/** A body as a request; undefined for notifications, responses and what is no message. */
export function toRpcRequest(body: JsonValue | undefined): RpcRequest | undefined {
  if (!isJsonObject(body)) return undefined
  const { id, method } = body
  const params = member(body, 'params') ?? {}
  if (typeof method !== 'string' || !(typeof id === 'string' || typeof id === 'number')) return undefined
  return isJsonObject(params) ? { id, method, params } : undefined
}

/** `params._meta`, empty without one. */
export const metaOf = (params: JsonObject): JsonObject => {
  const meta = member(params, '_meta')
  return isJsonObject(meta) ? meta : {}
}

/** A result as its era writes it. @see Model Context Protocol 2026-07-28, basic: results */
export function toResult(era: McpEra, identity: McpIdentity, result: JsonObject): RpcAnswer {
  if (era === 'legacy') return { result }
  return {
    result: { resultType: 'complete', ...result, _meta: { ...metaOf(result), [metaKeys.server]: identity } },
  }
}
