import type { FastifyPluginAsync } from 'fastify'
import type { Admission } from './admission.ts'

/** `degraded` still plays; `unhealthy` does not. */
export type HealthWord = 'healthy' | 'degraded' | 'unhealthy'

/** The state of the service as its parts report it. */
export type HealthReport = {
  readonly status: HealthWord
  /** Would a new write be accepted now? */
  readonly isReady: boolean
  /** By part: wallets, ledger … */
  readonly components: Readonly<Record<string, HealthWord>>
}

export type HealthDeps = { readonly health: () => Promise<HealthReport>; readonly admission: Admission }

/**
 * `GET /health` (503 when unhealthy), `/health/live` (200 while the event loop turns, asks nobody) and `/health/ready`
 * (503 while not ready or shutting down). Words only: numbers and times would tell an unknown caller more than it needs.
 */
export const healthRoutes =
  ({ health, admission }: HealthDeps): FastifyPluginAsync =>
  async (instance) => {
    instance.get('/health/live', async () => ({ status: 'alive' }))

    instance.get('/health', async (_request, reply) => {
      const { status, components } = await health()
      return reply.code(status === 'unhealthy' ? 503 : 200).send({ status, components: toObjects(components) })
    })

    instance.get('/health/ready', async (_request, reply) => {
      const { isReady, components } = await health()
      const ready = isReady && !admission.isClosed()
      return reply
        .code(ready ? 200 : 503)
        .send({ status: ready ? 'ready' : 'not_ready', components: toObjects(components) })
    })
  }

// Objects, so that a component can say more one day without breaking who reads its word.
const toObjects = (components: Readonly<Record<string, HealthWord>>) =>
  Object.fromEntries(Object.entries(components).map(([name, status]) => [name, { status }]))
