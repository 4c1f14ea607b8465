import { onTestFinished } from 'vitest'
import type { Clock, NewId } from '../../src/core/clock.ts'
import type { Log } from '../../src/core/log.ts'
import { silentLog } from '../../src/core/log.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import type { ApprovalLimits } from '../../src/intent/approval-store.ts'
import { createApprovalStore } from '../../src/intent/approval-store.ts'
import { createApprovals } from '../../src/tools/approvals.ts'

type Options = { clock: Pick<Clock, 'nowMs'>; newId?: NewId; limits?: ApprovalLimits; log?: Log }

/** Approvals in a database in memory, which is closed with the test at the latest. */
export async function openApprovals({ clock, newId = () => crypto.randomUUID(), limits, log }: Options) {
  const database = await openSqlite({ path: ':memory:', log: silentLog, clock })
  onTestFinished(() => database.close())
  const store = createApprovalStore({ database, bridgeId: 'bridge', ...(limits ? { limits } : {}) })
  return { approvals: createApprovals({ store, newId, ...(log ? { log } : {}) }), database }
}
