import { randomBytes } from 'node:crypto'
import { createChain } from '../../src/chain/create-chain.ts'
import type { NodeAnswer, NodeRequest, Transport } from '../../src/chain/transport.ts'
import { passOn } from '../../src/core/crash-point.ts'
import { silentLog } from '../../src/core/log.ts'
import { openDevnet } from '../../src/devnet/devnet.ts'
import type { DialectName } from '../../src/dialect/dialect.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import { loadRules } from '../../src/open-games.ts'
import { createSigner } from '../../src/signing/signer.ts'
import { createVerifier } from '../../src/signing/verify.ts'
import { randomId, systemClock } from '../../src/system.ts'
import type { Caller } from '../../src/tictactoe/caller.ts'
import { createGames } from '../../src/tictactoe/tictactoe.ts'
import { openRecords } from '../records.ts'

/** What happens to a request on its way to the ledger; `forward` lets it through. */
export type Fault = (asked: NodeRequest, forward: () => Promise<NodeAnswer>) => Promise<NodeAnswer>

export type WorldOptions = {
  readonly dialect?: DialectName
  readonly extensions?: boolean
  readonly snapshotMs?: number
  readonly lagOrdinals?: number
}

/** Games over a real ledger in memory, with a line to it that a test can break. */
export async function createWorld(options: WorldOptions = {}) {
  const dialect = createDialect(options.dialect ?? 'workchain')
  const devnet = await openDevnet({
    dialect,
    dataDir: null,
    snapshotMs: options.snapshotMs ?? 0,
    latencyMs: 0,
    lagOrdinals: options.lagOrdinals ?? 0,
    extensions: options.extensions ?? true,
    clock: systemClock,
    newId: randomId,
    log: silentLog,
  })
  const line: { fault: Fault; posts: number } = { fault: (_, forward) => forward(), posts: 0 }
  const transport: Transport = {
    onSnapshot: (listener) => devnet.onSnapshot(listener),
    request(asked) {
      if (asked.method === 'POST') line.posts += 1
      return line.fault(asked, () => devnet.request(asked))
    },
    close: async () => {},
  }
  const players = { X: createSigner(randomBytes(32)), O: createSigner(randomBytes(32)) }
  const chainParts = { dialect, clock: systemClock, random: Math.random, readTimeoutMs: 2_000 }
  const [records, othersRecords] = [await openRecords(), await openRecords()]
  const open = (over: Transport, { signers = players, its = records } = {}) =>
    createGames({
      ...its,
      verifier: createVerifier({ maxKeys: 4 }),
      log: silentLog,
      pass: passOn,
      chain: createChain({ transport: over, ...chainParts }),
      players: signers,
      rules: loadRules(),
      clock: systemClock,
      newId: randomId,
      network: dialect.name,
    })
  return {
    games: open(transport),
    /** Another bridge on the same ledger with records of its own, with the same wallets unless told otherwise. */
    another: (signers = players) =>
      open({ ...transport, request: (asked) => devnet.request(asked) }, { signers, its: othersRecords }),
    /** The same bridge after a kill and a start: nothing is left but what it wrote down. */
    restarted: async () => open(transport, { its: await openRecords(records.database) }),
    records,
    line,
    devnet,
    players,
    async close() {
      await devnet.close()
      await Promise.all([records.close(), othersRecords.close()])
    },
  }
}

/** Somebody who waits `ms` and does not hang up, unless the signal says so. */
export function callerFor(
  ms: number,
  gone: AbortSignal = new AbortController().signal,
): Caller & { submitted: number } {
  const caller = {
    principal: 'test',
    traceId: 'test',
    requestKey: undefined,
    isContinued: false,
    onAccepted: () => {},
    onAbandoned: () => {},
    gone,
    deadline: AbortSignal.timeout(ms),
    deadlineMs: systemClock.monotonicMs() + ms,
    submitted: 0,
    onSubmitting() {
      caller.submitted += 1
    },
  }
  return caller
}
