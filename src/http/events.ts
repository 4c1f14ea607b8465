import type { IncomingMessage } from 'node:http'
import websocket from '@fastify/websocket'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { isUuid } from '../core/uuid.ts'
import type { Begin, Live } from '../live/live.ts'
import { clientSignal } from './client-signal.ts'
import { GameIdInvalidError, QueryInvalidError } from './errors.ts'
import type { EventSocket } from './event-sinks.ts'
import { feedSocket, streamEvents } from './event-sinks.ts'

export type EventDeps = { readonly live: Pick<Live, 'watchGame' | 'watchAll'> }

/** Of what a client sends nothing is read. */
const maxPayloadBytes = 1_024

const Query = z.strictObject({ lastEventId: z.string().max(128).optional() })

/** @throws QueryInvalidError naming the parameter at fault */
function lastEventIdOf({ query, headers }: FastifyRequest): string | undefined {
  const parsed = Query.safeParse(query)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const path = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0]
    throw new QueryInvalidError(
      String(path ?? ''),
      'Use lastEventId, at most once: the id of the last record received.',
    )
  }
  const header = headers['last-event-id']
  return typeof header === 'string' && header !== '' ? header : parsed.data.lastEventId
}

type ById = { Params: { id: string } }

/**
 * What happens in games, as it happens. `GET /otto/games/:id/events` and `GET /otto/events`: server-sent events.
 * `GET /otto/games/:id/watch`: the same records by WebSocket; asked plainly, those that are missed. Failures as problem
 * details, before the stream begins.
 * @see WHATWG HTML §9.2, RFC 6455
 */
export const eventRoutes =
  ({ live }: EventDeps): FastifyPluginAsync =>
  async (instance) => {
    const beginOf = (request: FastifyRequest<ById>, reply: FastifyReply): Promise<Begin> => {
      const { id } = request.params
      if (!isUuid(id)) throw new GameIdInvalidError()
      return live.watchGame(id.toLowerCase(), lastEventIdOf(request), clientSignal(reply))
    }
    // Answered only by what never ends, HEAD would never be.
    const exposeHeadRoute = false
    instance.get('/otto/events', { exposeHeadRoute }, async (request, reply) => {
      streamEvents(reply, await live.watchAll(lastEventIdOf(request), clientSignal(reply)))
    })
    instance.get<ById>('/otto/games/:id/events', { exposeHeadRoute }, async (request, reply) => {
      streamEvents(reply, await beginOf(request, reply))
    })

    await instance.register(websocket, {
      options: { maxPayload: maxPayloadBytes, perMessageDeflate: false },
      errorHandler: (_error, socket: EventSocket) => socket.terminate(),
      // Each stream ends its own socket; its default would wait for clients that do not answer.
      preClose(done) {
        instance.websocketServer.close()
        done()
      },
    })
    // Node has let go of a connection that asks for an upgrade; after a refusal nobody else would end it.
    instance.addHook('onSend', async ({ raw }, reply) => {
      if (isUpgrade(raw)) reply.header('connection', 'close')
    })
    instance.addHook('onResponse', async ({ raw }) => {
      if (isUpgrade(raw)) raw.socket.destroySoon()
    })
    const begun = new WeakMap<FastifyRequest, Begin>()
    instance.route<ById>({
      method: 'GET',
      url: '/otto/games/:id/watch',
      exposeHeadRoute,
      // Whatever is refused is refused before the protocol changes.
      async preHandler(request, reply) {
        begun.set(request, await beginOf(request, reply))
        if (request.ws) reply.raw.statusCode = 101 // for the log: the library writes the answer itself
      },
      handler: async (request) => firstOf(begun.get(request)),
      wsHandler(socket: EventSocket, request) {
        const begin = begun.get(request)
        if (begin === undefined) socket.terminate()
        else feedSocket(socket, begin)
      },
    })
  }

const watchPath = /^\/otto\/games\/[0-9A-Za-z-]{1,64}\/watch(?:\?|$)/

/** Is it for the one route that speaks another protocol? All other requests are answered as if they had not asked. */
export const isUpgrade = ({ method, url = '', headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && watchPath.test(url)

/** How the game stands, or what comes first after the id that was given; nothing where nothing is missed. */
function firstOf(begin: Begin | undefined): unknown {
  const records: unknown[] = []
  begin?.({ send: ({ json }) => records.push(JSON.parse(json)), end: () => {} })()
  return { records }
}
