import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { NotFoundError } from './errors.ts'

/** A server without a port that has files, made when it is first asked: loading it would slow every start. */
export type InnerServer = {
  /** Answers with the file at `path`. @throws NotFoundError */
  show(request: FastifyRequest, reply: FastifyReply, path?: string): Promise<FastifyReply>
  close(): Promise<void>
}

/** What such a server says of a file; the rest of an answer's headers are ours. */
const told = [
  'cache-control',
  'content-encoding',
  'content-security-policy',
  'content-type',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'etag',
  'permissions-policy',
  'referrer-policy',
  'x-frame-options',
] as const

/** What of a request decides about how a file is sent. */
const asked = ['accept-encoding', 'if-none-match'] as const

export function createInnerServer(open: () => Promise<FastifyInstance>): InnerServer {
  let inner: Promise<FastifyInstance> | undefined
  return {
    async show(request, reply, path = request.url) {
      inner ??= open().catch((error: unknown) => {
        inner = undefined // the next caller tries again
        throw error
      })
      const wanted = asked.flatMap((name) =>
        request.headers[name] === undefined ? [] : [[name, request.headers[name]]],
      )
      const answer = await (await inner).inject({ method: 'GET', url: path, headers: Object.fromEntries(wanted) })
      if (answer.statusCode !== 200 && answer.statusCode !== 304) throw new NotFoundError()
      for (const name of told) if (answer.headers[name] !== undefined) reply.header(name, answer.headers[name])
      const varies = [reply.getHeader('vary'), answer.headers['vary']].filter((names) => names !== undefined)
      if (varies.length > 0) reply.header('vary', varies.join(', '))
      return reply.code(answer.statusCode).send(answer.rawPayload)
    },
    async close() {
      await (await inner?.catch(() => undefined))?.close()
    },
  }
}
