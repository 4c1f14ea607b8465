import type { NewId } from '../core/clock.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { Engine } from '../fiber/engine.ts'
import type { DiskStoreOptions } from './disk-store.ts'
import { openDiskStore } from './disk-store.ts'
import type { Ledger } from './ledger.ts'
import { createLedger, genesisOf } from './ledger.ts'
import { replay } from './replay.ts'
import type { Store } from './store.ts'
import { createMemoryStore } from './store.ts'

/** A ledger as it stood when the last snapshot became durable, and where its next ones go. */
export type OpenLedger = { readonly ledger: Ledger; readonly store: Store }

export type OpenLedgerOptions = Omit<DiskStoreOptions, 'folder' | 'dialect' | 'genesisHash'> & {
  /** Null: nothing is kept. */
  readonly folder: string | null
  readonly dialect: Dialect
  readonly engine: Engine
  readonly newId: NewId
}

/**
 * Opens a ledger: the newest checkpoint, then every later snapshot run again.
 * @throws LedgerLockedError, LedgerForeignError, LedgerDamagedError, LedgerUnwritableError
 */
export async function openLedger({
  folder,
  dialect,
  engine,
  newId,
  ...options
}: OpenLedgerOptions): Promise<OpenLedger> {
  const genesis = genesisOf(newId())
  if (folder === null) return { ledger: createLedger({ engine, image: genesis }), store: createMemoryStore() }
  const { store, recovered } = await openDiskStore({
    ...options,
    folder,
    dialect: dialect.name,
    genesisHash: genesis.hash,
  })
  try {
    const ledger = createLedger({ engine, image: recovered.image ?? genesis })
    for (const line of recovered.lines) replay(ledger, line, dialect)
    options.log.info({ ordinal: ledger.view.ordinal, replayed: recovered.lines.length }, 'ledger opened')
    return { ledger, store }
  } catch (error) {
    await store.close()
    throw error
  }
}
