import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { KillSwitch } from '../../policy/kill-switch.ts'
import { takeJsonBodies } from '../json-body.ts'
import { parseBody } from '../query.ts'

export type KillRoutesDeps = {
  readonly kill: Pick<KillSwitch, 'state' | 'set'>
  readonly principalOf: (request: FastifyRequest) => string
  readonly maxBodyBytes: number
}

/** The body of `POST /api/v1/kill`. */
export const KillOrder = z.strictObject({
  on: z.boolean().describe('true: nothing that spends or signs begins any more. false: it may again.'),
  reason: z.string().max(500).optional(),
})

/** `GET` and `POST /api/v1/kill`. */
export const KillView = z.object({
  isOn: z.boolean(),
  sources: z
    .array(z.enum(['environment', 'file', 'route']))
    .readonly()
    .describe('All of them must be off.'),
  reason: z.string().nullable(),
  since: z.iso.datetime().nullable(),
})

/** The switch that stops everything that spends or signs. It is there whether agents run or not. */
export const killRoutes =
  ({ kill, principalOf, maxBodyBytes }: KillRoutesDeps): FastifyPluginAsync =>
  async (instance) => {
    takeJsonBodies(instance, { maxBodyBytes })

    instance.get('/api/v1/kill', async () => kill.state())

    instance.post('/api/v1/kill', async (request) => {
      const { on, reason } = parseBody(KillOrder, request.body, 'Send {"on": true, "reason": "why"}, or {"on": false}.')
      return kill.set(on, { principal: principalOf(request), reason })
    })
  }
