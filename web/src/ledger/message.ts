import type { JsonValue } from '../../../src/core/json.ts'

/** One signature under a message: the key's X and Y in hex, and strict DER in hex. */
export type Proof = { readonly id: string; readonly signature: string }

/** What the ledger's rules do with nulls before a value is hashed. */
export type Nulls = 'drop' | 'keep'

/** A message as the ledger holds it. `gasUsed` and `success` are null where the ledger does not tell. */
export type LedgerMessage = {
  readonly ordinal: number
  readonly hash: string
  readonly type: string
  readonly fiberId: string | null
  readonly eventName: string | null
  readonly gameId: string | null
  readonly signers: readonly string[]
  readonly value: JsonValue
  readonly proofs: readonly Proof[]
  readonly gasUsed: number | null
  readonly success: boolean | null
}
