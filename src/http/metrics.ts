import type { FastifyPluginAsync } from 'fastify'
import type { ObserveRequest } from '../core/observe.ts'

/** What the server tells about its requests, and the text it serves to whoever watches. */
export type HttpMetrics = {
  readonly requests: ObserveRequest
  readonly expose: () => Promise<{ readonly contentType: string; readonly text: string }>
}

/** `GET /metrics`: counts and times of the process, as Prometheus reads them. No id, no argument, no address. */
export const metricsRoutes =
  ({ expose }: Pick<HttpMetrics, 'expose'>): FastifyPluginAsync =>
  async (instance) => {
    instance.get('/metrics', async (_request, reply) => {
      const { contentType, text } = await expose()
      return reply.type(contentType).send(text)
    })
  }
