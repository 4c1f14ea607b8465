import { Agent, request } from 'undici'
import type { JsonObject } from '../../src/core/json.ts'
import { createDialect } from '../../src/dialect/dialects.ts'

const agent = new Agent({ keepAliveTimeout: 1_000 })

/** What ran on a ledger, by its own counts: each fiber's sequence number is how many events it has seen. */
export type Truth = {
  /** Undefined where no such fiber stands. */
  machineEvents(machineId: string): number | undefined
  scriptEvents(oracleId: string): number | undefined
}

/** Reads the whole state of a ledger of ours, past every bridge and every proxy. */
export async function readTruth(l0: string, name: 'workchain' | 'ottochain' = 'workchain'): Promise<Truth> {
  const dialect = createDialect(name)
  const answer = await request(`${l0}${dialect.prefix}/checkpoint`, { dispatcher: agent })
  const { state = null } = (await answer.body.json()) as JsonObject // a ledger of ours
  const find = (kind: 'machine' | 'script', id: string) => dialect.findFiber(state, kind, id)
  return {
    machineEvents(id) {
      const found = find('machine', id)
      return found === undefined ? undefined : dialect.readMachine(found).sequenceNumber
    },
    scriptEvents(id) {
      const found = find('script', id)
      return found === undefined ? undefined : dialect.readScript(found).sequenceNumber
    },
  }
}
