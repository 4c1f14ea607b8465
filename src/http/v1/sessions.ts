import type { FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import { TaskResult } from '../../agent/agent.ts'
import type { KeptTask, TaskStore } from '../../agent/task-store.ts'
import type { ArtifactStore } from '../../session/artifact.ts'
import { ArtifactRef } from '../../session/artifact.ts'
import { SessionNotFoundError } from '../../session/errors.ts'

export type SessionRoutesDeps = {
  /** @throws FeatureDisabledError where agents do not run, from both */
  readonly tasks: () => Pick<TaskStore, 'ofSession'>
  readonly artifacts: () => Pick<ArtifactStore, 'list' | 'load'>
}

const Task = z.object({
  taskId: z.string(),
  agentId: z.string(),
  status: z.enum(['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED']),
  principal: z.string().describe('Who asked for it.'),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  result: TaskResult.nullable().describe('Null while it runs.'),
})

/** `GET /api/v1/sessions/:id`. */
export const SessionView = z.object({ sessionId: z.string(), tasks: z.array(Task), artifacts: z.array(ArtifactRef) })

/** `GET /api/v1/sessions/:id/artifacts`. */
export const ArtifactList = z.object({ artifacts: z.array(ArtifactRef) })

/** What is kept of a session: its tasks and what came of them, and its files. */
export const sessionRoutes =
  ({ tasks, artifacts }: SessionRoutesDeps): FastifyPluginAsync =>
  async (instance) => {
    const find = async (sessionId: string): Promise<z.output<typeof SessionView>> => {
      const found = (await tasks().ofSession(sessionId)).map(toTask)
      const refs = await artifacts().list({ namespace: 'sessions', id: sessionId })
      if (found.length === 0 && refs.length === 0) throw new SessionNotFoundError(sessionId)
      return { sessionId, tasks: found, artifacts: [...refs] }
    }
    instance.get<{ Params: { id: string } }>('/api/v1/sessions/:id', ({ params: { id } }) => find(id))
    instance.get<{ Params: { id: string } }>('/api/v1/sessions/:id/artifacts', async ({ params: { id } }) => ({
      artifacts: (await find(id)).artifacts,
    }))
    instance.get<{ Params: { id: string; name: string } }>(
      '/api/v1/sessions/:id/artifacts/:name',
      async ({ params: { id, name } }, reply) => {
        const { ref, bytes } = await artifacts().load({ namespace: 'sessions', id }, name)
        return reply
          .type('application/octet-stream')
          .header('etag', `"${ref.checksum}"`)
          .header('content-disposition', 'attachment')
          .send(Buffer.from(bytes))
      },
    )
  }

const toTask = ({
  id,
  agentId,
  status,
  principal,
  createdAtMs,
  endedAtMs,
  result,
}: KeptTask): z.output<typeof Task> => ({
  taskId: id,
  agentId,
  status,
  principal,
  createdAt: new Date(createdAtMs).toISOString(),
  endedAt: endedAtMs === null ? null : new Date(endedAtMs).toISOString(),
  result,
})
