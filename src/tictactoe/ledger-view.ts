import { z } from 'zod'

/** The most snapshots that one page may be asked for. */
export const maxSnapshotPage = 100
/** The most rejections that one answer holds. */
export const maxRejections = 200
/** The longest time that usage is told for, days. */
export const maxUsageDays = 366
/** The most messages of one game that one answer holds. */
export const maxGameMessages = 1_000
/** How far back a search for a hash looks. */
export const searchedSnapshots = 500

const Ordinal = z.int().min(0)
const Hash = z.string().describe('64 hex digits.')
const GameId = z.string().describe('The game, where it is one that this service would play.')

/** A message as a snapshot holds it, and what is known of what it did. */
export const LedgerMessage = z.object({
  ordinal: Ordinal.describe('The snapshot that holds it.'),
  hash: z.string().describe('SHA-256, 64 hex digits: what its proofs sign, and the name by which nodes know it.'),
  type: z
    .enum([
      'CreateScript',
      'CreateStateMachine',
      'TransitionStateMachine',
      'ArchiveStateMachine',
      'InvokeScript',
      'Unreadable',
    ])
    .describe('Unreadable: no node of this chain reads it.'),
  fiberId: z.string().nullable().describe('The machine or script that it is for.'),
  eventName: z.string().nullable().describe('Of a TransitionStateMachine.'),
  gameId: GameId.nullable(),
  signers: z.array(z.string()).describe('DAG addresses, in the order of the proofs.'),
  value: z.unknown().describe('The signed JSON value, whole.'),
  proofs: z.array(
    z.object({
      id: z.string().describe('The public key: 128 hex digits.'),
      signature: z.string().describe('ECDSA over secp256k1, DER, hex.'),
    }),
  ),
  gasUsed: z.int().nullable().describe('Null where the ledger does not tell; a Workchain node elsewhere never does.'),
  success: z.boolean().nullable().describe('Did it do what it asks? Null where the ledger does not tell.'),
})
export type LedgerMessage = z.output<typeof LedgerMessage>

const Nulls = z.enum(['drop', 'keep']).describe('What is done with members that are null before the value is hashed.')

export const GameMessages = z.object({
  gameId: z.string(),
  nulls: Nulls,
  messages: z.array(LedgerMessage).describe('Oldest first; the newest 1,000 where there are more.'),
  complete: z.boolean().describe('False when it is not certain that these are all: older snapshots may not be shown.'),
})
export type GameMessages = z.output<typeof GameMessages>

export const SnapshotPage = z.object({
  newest: Ordinal.describe('The newest snapshot of the ledger.'),
  snapshots: z
    .array(
      z.object({ ordinal: Ordinal, lastSnapshotHash: Hash, messages: z.int().min(0).describe('How many it holds.') }),
    )
    .describe('Newest first, without a gap.'),
  next: Ordinal.nullable().describe('The `before` of the page that follows; null when the ledger shows none before.'),
})
export type SnapshotPage = z.output<typeof SnapshotPage>

export const SnapshotView = z.object({
  ordinal: Ordinal,
  lastSnapshotHash: Hash.describe('The hash of the snapshot before.'),
  nulls: Nulls,
  messages: z.array(LedgerMessage).describe('In the order in which they were run.'),
})
export type SnapshotView = z.output<typeof SnapshotView>

export const LedgerFindings = z.object({
  found: z.array(
    z.object({
      kind: z.enum(['game', 'message', 'snapshot']),
      gameId: GameId.optional(),
      hash: z.string().optional(),
      ordinal: Ordinal.optional().describe('Left out for a message that no snapshot is known to hold.'),
    }),
  ),
  searched: z.object({ from: Ordinal, to: Ordinal }).describe('The snapshots that this holds for.'),
})
export type LedgerFindings = z.output<typeof LedgerFindings>

export const Rejections = z.object({
  rejections: z
    .array(
      z.object({
        at: z.iso.datetime().describe('When that was known here.'),
        gameId: z.string(),
        slot: z.string().describe('The place in the game that it was for.'),
        code: z.string(),
        message: z.string(),
        hash: z.string().describe("Of the write's last message."),
        traceId: z.string().describe('Of the request.'),
      }),
    )
    .describe('Those prepared last first.'),
})
export type Rejections = z.output<typeof Rejections>

const Count = z.int().min(0).describe('Messages that this wallet signed.')

export const WalletUsage = z.object({
  days: z
    .array(z.object({ day: z.iso.date().describe('In UTC.'), playerX: Count, playerO: Count }))
    .describe('Newest first; days without any are left out.'),
})
export type WalletUsage = z.output<typeof WalletUsage>
