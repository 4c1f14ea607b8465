import type { JsonObject } from '../../core/json.ts'
import type { OperationDraft } from './operations.ts'
import { deciding, guarded } from './operations.ts'
import { schemaRef } from './schemas.ts'

const example: JsonObject = {
  id: 'b7c5a0de-52cf-4b0c-8d2e-3f1d1f0a9c11',
  tool: 'ttt_make_move',
  args: { gameId: '0b0b8f0e-6c1d-5f43-9a52-7d1f0c2b3a4d', player: 'X', cell: 4 },
  principal: '127.0.0.1',
  askedAt: '2026-01-01T12:00:00.000Z',
  expiresAt: '2026-01-01T12:10:00.000Z',
  status: 'pending',
}

/** `GET /otto/approvals`. */
export const listApprovals: OperationDraft = {
  operationId: 'listApprovals',
  tag: 'approvals',
  summary: 'The writes that wait for a person, newest first',
  description: 'None ever does unless the service runs with OTTO_SIGNING=confirm.',
  success: {
    description: 'Those that nobody has decided on.',
    schema: schemaRef('ApprovalList'),
    examples: { one: { approvals: [example] }, none: { approvals: [] } },
  },
  codes: guarded,
  door: 'problem',
}

/** `POST /otto/approvals/:id`. */
export const decideApproval: OperationDraft = {
  operationId: 'decideApproval',
  tag: 'approvals',
  summary: 'Say yes or no to a write',
  description:
    'Approved, the same call sent again by the same caller within five minutes runs once. Declined, it is refused once, and would then be asked about anew. The answer may be changed until the write has begun.',
  parameters: [
    {
      name: 'id',
      in: 'path',
      required: true,
      description: 'The approvalId in the details of the refused call.',
      schema: { type: 'string', format: 'uuid' },
      example: String(example['id']),
    },
  ],
  body: {
    schema: schemaRef('ApprovalDecision'),
    examples: [
      { name: 'approve', summary: 'Yes; 404 while nothing with this id waits', status: 404, value: { approve: true } },
      { name: 'decline', summary: 'No', status: 404, value: { approve: false } },
    ],
  },
  success: {
    description: 'As it was decided.',
    schema: schemaRef('Approval'),
    examples: {
      approved: { ...example, expiresAt: '2026-01-01T12:06:30.000Z', status: 'approved' },
      declined: { ...example, status: 'declined' },
    },
  },
  codes: deciding,
  door: 'problem',
}
