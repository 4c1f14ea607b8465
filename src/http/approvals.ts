import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Approvals } from '../tools/approvals.ts'
import { Approval } from '../tools/approvals.ts'
import { ApprovalNotFoundError, InvalidRequestError } from './errors.ts'
import { takeJsonBodies } from './json-body.ts'

export type ApprovalRoutesDeps = {
  /** Undefined where writes run unasked: then none ever waits. */
  readonly approvals: Pick<Approvals, 'list' | 'decide'> | undefined
  readonly principalOf: (request: FastifyRequest) => string
  readonly maxBodyBytes: number
}

/** The body of `POST /otto/approvals/:id`. */
export const Decision = z.strictObject({
  approve: z.boolean().describe('true: the same call, sent again, runs once. false: it is refused.'),
})

/** The answer of `GET /otto/approvals`. */
export const ApprovalList = z.object({ approvals: z.array(Approval) })

/** @throws InvalidRequestError naming the member at fault */
function parseDecision(body: unknown): z.output<typeof Decision> {
  const parsed = Decision.safeParse(body)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0]
  throw new InvalidRequestError('The body is not a decision.', {
    path: String(path ?? 'approve'),
    hint: 'Send {"approve": true} or {"approve": false} and nothing else.',
  })
}

/**
 * `GET /otto/approvals`: the writes that wait for a person, newest first. `POST /otto/approvals/:id`: the answer of one.
 * No tool does this, so no model can.
 */
export const approvalRoutes =
  ({ approvals, principalOf, maxBodyBytes }: ApprovalRoutesDeps): FastifyPluginAsync =>
  async (instance) => {
    takeJsonBodies(instance, { maxBodyBytes })

    instance.get('/otto/approvals', async (): Promise<z.output<typeof ApprovalList>> => {
      return { approvals: [...((await approvals?.list()) ?? [])] }
    })

    instance.post<{ Params: { id: string } }>('/otto/approvals/:id', async (request): Promise<Approval> => {
      const { approve } = parseDecision(request.body)
      const id = request.params.id.toLowerCase()
      const decided = await approvals?.decide(id, approve, { principal: principalOf(request) })
      if (decided === undefined) throw new ApprovalNotFoundError()
      return decided
    })
  }
