import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Admission } from './admission.ts'
import type { ComponentHealth, HealthReport } from './health-monitor.ts'

export type HealthDeps = {
  readonly health: () => Promise<HealthReport>
  readonly admission: Admission
  /** Has this request shown what it must, to be told more than words? */
  readonly isTrusted: (request: FastifyRequest) => boolean
}

/**
 * `GET /health` (503 when unhealthy), `/health/live` (200 while the event loop turns, asks nobody) and `/health/ready`
 * (503 while not ready or shutting down). An unknown caller gets the words alone: times and counts would tell it more than it needs.
 */
export const healthRoutes =
  ({ health, admission, isTrusted }: HealthDeps): FastifyPluginAsync =>
  async (instance) => {
    instance.get('/health/live', async () => ({ status: 'alive' }))

    instance.get('/health', async (request, reply) => {
      const { status, isReady: _, ...known } = await health()
      const shown = isTrusted(request) ? known : { components: wordsOf(known.components) }
      return reply.code(status === 'unhealthy' ? 503 : 200).send({ status, ...shown })
    })

    instance.get('/health/ready', async (request, reply) => {
      const { isReady, components } = await health()
      const ready = isReady && !admission.isClosed()
      const shown = isTrusted(request) ? components : wordsOf(components)
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not_ready', components: shown })
    })
  }

const wordsOf = (components: Readonly<Record<string, ComponentHealth>>) =>
  Object.fromEntries(Object.entries(components).map(([name, { status }]) => [name, { status }]))
