import type { JsonObject } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { Signed } from '../signing/signed.ts'
import { LedgerDamagedError } from './errors.ts'
import type { Ledger } from './ledger.ts'
import type { LoggedSnapshot } from './recovery.ts'
import type { Update } from './update.ts'
import { decodeUpdate, withAddresses } from './update.ts'

/**
 * Runs a logged snapshot again. Its signatures were verified when it was made, and its line's checksum holds.
 * @throws LedgerDamagedError when this does not give the hash that the log has: the line or the rules are not the same
 */
export function replay(ledger: Ledger, { snapshot: logged, file, line }: LoggedSnapshot, dialect: Dialect): void {
  const updates = logged.updates.map((envelope) => toUpdate(dialect, envelope))
  const { snapshot, rejections } = ledger.execute(updates, { dedupe: false, allowEmpty: true })
  if (snapshot?.hash !== logged.hash || rejections.length > 0)
    throw new LedgerDamagedError({ file, line, fact: `running snapshot ${logged.ordinal} again gives another result` })
}

const toUpdate = (dialect: Dialect, { value, proofs }: Signed<JsonObject>): Update => ({
  ...decodeUpdate(dialect, value),
  proofs: withAddresses(proofs),
})
