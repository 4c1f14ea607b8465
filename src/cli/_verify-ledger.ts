import { z } from 'zod'
import { createHttpTransport } from '../chain/http-transport.ts'
import type { WholeSnapshot } from '../chain/snapshots.ts'
import { parseSnapshot } from '../chain/snapshots.ts'
import type { NodeAnswer, Transport } from '../chain/transport.ts'
import { BaseError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { systemClock } from '../system.ts'

/** A metagraph L0 that does not answer as one. */
export class LedgerAnswerError extends BaseError {
  override readonly code = 'LEDGER_ANSWER'
  override readonly kind = 'unavailable'
  constructor(fact: string, cause?: unknown) {
    super(fact, { cause, hint: 'otto doctor says what answers at each address.' })
  }
}

/** A metagraph L0 as somebody reads it who believes nothing. */
export type LedgerReader = {
  /** The whole calculated state, and the ordinal it is of. @throws LedgerAnswerError */
  readState(): Promise<{ readonly ordinal: number; readonly state: JsonObject }>
  /**
   * The snapshots from `newest` back to `oldest`, oldest first, as far as they are still shown without a gap.
   * @throws LedgerAnswerError for one that cannot be read
   */
  readSnapshots(newest: number, oldest: number): Promise<readonly WholeSnapshot[]>
  /** What the ledger remembers of a machine's events; empty where it keeps none. */
  readEvents(machineId: string): Promise<readonly RememberedEvent[]>
  close(): Promise<void>
}

const Json = z.custom<JsonObject>((value) => isJsonObject(value as JsonValue)) // it comes out of parsed JSON
const Checkpoint = z.object({ ordinal: z.int().nonnegative(), state: Json })
const RememberedEvent = z.object({ eventName: z.string(), hash: z.string(), ordinal: z.int(), success: z.boolean() })
type RememberedEvent = z.output<typeof RememberedEvent>

const readTimeoutMs = 60_000
const maxAnswerBytes = 512 * 1024 * 1024 // the state of a large ledger: every record carries its definition
const atOnce = 8

/** @param addresses base URLs of metagraph L0 nodes: the first that answers is asked. @throws NodeAddressInvalidError */
export function createLedgerReader(addresses: readonly string[], dialect: Dialect, signal: AbortSignal): LedgerReader {
  // Only the L0 is asked; a transport wants both.
  const transport = createHttpTransport({ l1: addresses, l0: addresses, clock: systemClock, maxAnswerBytes })
  const get = (path: string) => ask(transport, path, { addresses, signal })

  const readSnapshot = async (ordinal: number): Promise<WholeSnapshot | undefined> => {
    const { status, json } = await get(`/snapshots/${ordinal}`)
    if (status === 404) return undefined
    const found = parseSnapshot(status === 200 ? json : undefined, dialect)
    if (found?.ordinal !== ordinal)
      throw new LedgerAnswerError(`/snapshots/${ordinal} answers ${status}, and not with that snapshot.`)
    return found
  }

  return {
    async readState() {
      const { status, json } = await get(`${dialect.prefix}/checkpoint`)
      const checkpoint = Checkpoint.safeParse(status === 200 ? json : undefined).data
      if (checkpoint !== undefined) return checkpoint
      throw new LedgerAnswerError(
        `${dialect.prefix}/checkpoint answers ${status}: no metagraph L0 of the dialect ${dialect.name}.`,
      )
    },
    async readSnapshots(newest, oldest) {
      const found: WholeSnapshot[] = []
      for (let top = newest; top >= oldest; top -= atOnce) {
        const count = Math.min(atOnce, top - oldest + 1)
        const some = await Promise.all(Array.from({ length: count }, (_, index) => readSnapshot(top - index)))
        const gap = some.indexOf(undefined)
        found.push(...some.slice(0, gap < 0 ? count : gap).flatMap((snapshot) => snapshot ?? []))
        if (gap >= 0) break
      }
      return found.reverse()
    },
    async readEvents(machineId) {
      const { json } = await get(`${dialect.prefix}/${dialect.paths.machines}/${machineId}/events`)
      return isJsonArray(json) ? json.flatMap((entry) => RememberedEvent.safeParse(entry).data ?? []) : []
    },
    close: () => transport.close(),
  }
}

async function ask(
  transport: Transport,
  path: string,
  { addresses, signal }: { readonly addresses: readonly string[]; readonly signal: AbortSignal },
): Promise<NodeAnswer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(readTimeoutMs)])
  try {
    return await transport.request({ layer: 'l0', method: 'GET', path, signal: limit })
  } catch (cause) {
    signal.throwIfAborted()
    throw new LedgerAnswerError(`No metagraph L0 answers at ${addresses.join(', ')}.`, cause)
  }
}
