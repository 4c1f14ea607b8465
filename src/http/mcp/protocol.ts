import type { IncomingMessage } from 'node:http'
import type { InboundClassificationOutcome, McpRequestContext, Server } from '@modelcontextprotocol/server'
import type { JsonValue } from '../../core/json.ts'
import type { Log } from '../../core/log.ts'
import type { ToolCallContext } from '../../tools/tool.ts'
import { ShuttingDownError } from '../errors.ts'
import type { McpIdentity } from './messages.ts'
import type { McpResources } from './resources.ts'
import { jsonType } from './resources.ts'

export type McpProtocolDeps = {
  readonly identity: McpIdentity
  readonly resources: McpResources
  readonly log: Log
}

/** The protocol as its own SDK reads and speaks it; the tools are not in here. */
export type McpProtocol = {
  /** Which era a message belongs to, or why it is refused. */
  classify(request: IncomingMessage, body: JsonValue): InboundClassificationOutcome
  /**
   * Answers everything but the tools: handshake, discovery, resources, subscriptions, and what is wrong with a request.
   * @throws ShuttingDownError
   */
  answer(request: IncomingMessage, body: JsonValue, context: ToolCallContext): Promise<Response>
  /** The versions that may be named by the header of a legacy request. */
  readonly legacyVersions: readonly string[]
  /** Ends open subscriptions. */
  close(): Promise<void>
}

/** What a client tells its model. */
const instructions =
  'Tic-tac-toe on a signed ledger. Create a game, start it, then move as the player whose turn it is. ' +
  'The board is what ttt_get_state says; never guess it.'

/** Subscriptions that may be open at once; each holds a connection. Nothing is published on them as yet. */
const maxSubscriptions = 32

/**
 * Loads the SDK, which costs 115 ms: when the first client comes, not at the start. The SDK wants a server object for each
 * request it answers (340 µs), which is why the tools are answered without it.
 */
export async function loadMcpProtocol({ identity, resources, log }: McpProtocolDeps): Promise<McpProtocol> {
  const sdk = await import('@modelcontextprotocol/server')
  const contexts = new WeakMap<Request, ToolCallContext>()
  const closed = new AbortController()

  const read = async (uri: string, context: ToolCallContext | undefined) => {
    const reading = context === undefined ? 'unknown' : await resources.read(uri, context)
    if (reading === 'unknown') throw new sdk.ResourceNotFoundError(uri)
    if ('text' in reading) return { contents: [{ uri, mimeType: jsonType, text: reading.text }] }
    const { code, error, hint } = reading
    throw new sdk.ProtocolError(sdk.ProtocolErrorCode.InternalError, error, { code, hint })
  }

  const createServer = ({ requestInfo }: McpRequestContext): Server => {
    const listHint = { ttlMs: 300_000, cacheScope: 'public' } as const
    const server = new sdk.Server(identity, {
      capabilities: { tools: {}, resources: {} },
      instructions,
      cacheHints: {
        'server/discover': listHint,
        'resources/list': listHint,
        'resources/templates/list': listHint,
        'resources/read': { ttlMs: 0, cacheScope: 'private' },
      },
    })
    const typed = <T>(entry: T) => ({ ...entry, mimeType: jsonType })
    server.setRequestHandler('resources/list', async () => ({ resources: resources.listed.map(typed) }))
    server.setRequestHandler('resources/templates/list', async () => ({
      resourceTemplates: resources.templates.map(typed),
    }))
    server.setRequestHandler('resources/read', ({ params: { uri } }) =>
      read(uri, requestInfo && contexts.get(requestInfo)),
    )
    return server
  }

  const handler = sdk.createMcpHandler(createServer, {
    legacy: 'stateless',
    maxSubscriptions,
    onerror: (error) => {
      // Callers' mistakes have their answer and their line in the request log; they quote what was sent.
      const isRefusal = error instanceof sdk.ProtocolError || /^(?:Rejected|Unsupported) /.test(error.message)
      if (!isRefusal) log.error({ err: error }, 'the MCP SDK failed')
    },
  })

  return {
    classify: ({ headers, method = '' }, body) => {
      const header = (name: string) => headers[name]?.toString()
      const version = header('mcp-protocol-version')
      const methodName = header('mcp-method')
      const name = header('mcp-name')
      return sdk.classifyInboundRequest({
        httpMethod: method,
        body,
        ...(version === undefined ? {} : { protocolVersionHeader: version }),
        ...(methodName === undefined ? {} : { mcpMethodHeader: methodName }),
        ...(name === undefined ? {} : { mcpNameHeader: name }),
      })
    },
    async answer(request, body, context) {
      const webRequest = toWebRequest(request, body, context.signal)
      contexts.set(webRequest, context)
      if (closed.signal.aborted) throw new ShuttingDownError()
      return handler.fetch(webRequest, { parsedBody: body })
    },
    legacyVersions: sdk.SUPPORTED_PROTOCOL_VERSIONS,
    close() {
      closed.abort()
      return handler.close()
    },
  }
}

/** The request in the words of the SDK. Its Node adapter does the same, and brings a web framework along. */
function toWebRequest({ headers, url, method = '' }: IncomingMessage, body: JsonValue, signal: AbortSignal): Request {
  const lines = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined || ownToTheBody.has(name) ? [] : [[name, value.toString()]],
  )
  return new Request(`http://${headers.host}${url}`, { method, headers: lines, body: JSON.stringify(body), signal })
}

/** They described the bytes that were read. */
const ownToTheBody: ReadonlySet<string> = new Set(['content-length', 'content-encoding', 'transfer-encoding'])
