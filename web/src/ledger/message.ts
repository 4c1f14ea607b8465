import type { JsonValue } from '../../../src/core/json.ts'
import type { components } from '../api/schema.d.ts'

type Schemas = components['schemas']

/** A message as the ledger holds it, its value as parsed JSON. */
export type LedgerMessage = Omit<Schemas['LedgerMessage'], 'value'> & { readonly value: JsonValue }

/** One signature under a message. */
export type Proof = LedgerMessage['proofs'][number]

/** What the ledger's rules do with nulls before a value is hashed. */
export type Nulls = Schemas['GameMessages']['nulls']
