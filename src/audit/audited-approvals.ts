import type { Approvals } from '../tools/approvals.ts'
import type { Audit } from './audit.ts'
import { callHash } from './audited-tools.ts'

/** The same approvals; every decision of a person leaves a record. */
export const auditApprovals = (approvals: Approvals, audit: Pick<Audit, 'append'>): Approvals => ({
  ...approvals,
  async decide(id, approve, by) {
    const decided = await approvals.decide(id, approve, by)
    if (decided !== undefined)
      audit.append({
        kind: 'approval',
        principal: by.principal,
        askedBy: decided.principal,
        id: decided.id,
        tool: decided.tool,
        argsHash: callHash(decided.tool, decided.args),
        status: decided.status,
      })
    return decided
  },
})
