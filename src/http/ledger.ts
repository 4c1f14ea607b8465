import type { FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import { BaseError } from '../core/errors.ts'
import { isUuid } from '../core/uuid.ts'
import type { LedgerView } from '../tictactoe/ledger.ts'
import { maxRejections, maxSnapshotPage, maxUsageDays } from '../tictactoe/ledger-view.ts'
import { clientSignal } from './client-signal.ts'
import { GameIdInvalidError, NotFoundError } from './errors.ts'
import { parseQuery } from './query.ts'

/** Without a ledger its routes are there and show nothing. */
export type LedgerDeps = { readonly ledger?: LedgerView | undefined }

/** The ledger shows no such snapshot. */
class SnapshotNotFoundError extends BaseError {
  override readonly code = 'NOT_FOUND'
  override readonly kind = 'not_found'
  constructor(ordinal: string) {
    super('The ledger shows no snapshot of this ordinal.', {
      details: { ordinal: ordinal.slice(0, 64) },
      hint: 'It may be to come, or not be shown any more. GET /otto/ledger/snapshots lists those that are.',
    })
  }
}

/** The ordinal in a path is no number. */
class OrdinalInvalidError extends BaseError {
  override readonly code = 'INVALID_ARGUMENTS'
  override readonly kind = 'invalid'
  constructor() {
    super('The ordinal of a snapshot is a whole number.', {
      details: { path: 'ordinal' },
      hint: 'Use an ordinal that GET /otto/ledger/snapshots lists, or latest.',
    })
  }
}

const digits = /^(?:0|[1-9][0-9]{0,14})$/
const whole = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  z.string().regex(digits).transform(Number).pipe(z.int().min(least).max(most))

const SnapshotQuery = z.strictObject({ limit: whole(1, maxSnapshotPage).default(50), before: whole(0).optional() })
const SearchQuery = z.strictObject({
  q: z.string().refine((text) => isUuid(text) || /^[0-9a-fA-F]{64}$/.test(text)),
})
const RejectionQuery = z.strictObject({ limit: whole(1, maxRejections).default(50) })
const UsageQuery = z.strictObject({ days: whole(1, maxUsageDays).default(30) })

const snapshotHint = `Use limit (1 to ${maxSnapshotPage}) and before (the next of an earlier page), each at most once.`
const searchHint = 'Use q once: the UUID of a game, its machine or its oracle, or the 64 hex digits of a hash.'
const rejectionHint = `Use limit (1 to ${maxRejections}), or leave it out.`
const usageHint = `Use days (1 to ${maxUsageDays}), or leave it out.`

/** What is on the ledger, what it refused, and who signed: nothing here signs or changes anything. */
export const ledgerRoutes =
  ({ ledger }: LedgerDeps): FastifyPluginAsync =>
  async (instance) => {
    const view = (): LedgerView => {
      if (ledger === undefined) throw new NotFoundError()
      return ledger
    }
    instance.get<{ Params: { id: string } }>('/otto/games/:id/messages', ({ params: { id } }, reply) => {
      if (!isUuid(id)) throw new GameIdInvalidError()
      return view().messagesOf(id.toLowerCase(), clientSignal(reply))
    })
    instance.get('/otto/ledger/snapshots', ({ query }, reply) =>
      view().snapshots(parseQuery(SnapshotQuery, query, snapshotHint), clientSignal(reply)),
    )
    instance.get<{ Params: { ordinal: string } }>('/otto/ledger/snapshots/:ordinal', async ({ params }, reply) => {
      const { ordinal } = params
      if (ordinal !== 'latest' && !digits.test(ordinal)) throw new OrdinalInvalidError()
      const found = await view().snapshot(ordinal === 'latest' ? ordinal : Number(ordinal), clientSignal(reply))
      if (found === undefined) throw new SnapshotNotFoundError(ordinal)
      return found
    })
    instance.get('/otto/ledger/search', ({ query }, reply) =>
      view().search(parseQuery(SearchQuery, query, searchHint).q, clientSignal(reply)),
    )
    instance.get('/otto/ledger/rejections', ({ query }) =>
      view().rejections(parseQuery(RejectionQuery, query, rejectionHint).limit),
    )
    instance.get('/wallets/usage', ({ query }, reply) =>
      view().usage(parseQuery(UsageQuery, query, usageHint).days, clientSignal(reply)),
    )
  }
