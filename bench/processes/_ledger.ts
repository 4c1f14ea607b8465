import { createChain } from '../../src/chain/create-chain.ts'
import type { Transport } from '../../src/chain/transport.ts'
import { passOn } from '../../src/core/crash-point.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Database } from '../../src/db/database.ts'
import type { DevnetOptions } from '../../src/devnet/devnet.ts'
import { openDevnet } from '../../src/devnet/devnet.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import type { Signer } from '../../src/signing/signed.ts'
import { createSigner } from '../../src/signing/signer.ts'
import type { Verifier } from '../../src/signing/verify.ts'
import { randomId, systemClock } from '../../src/system.ts'
import type { Caller } from '../../src/tictactoe/caller.ts'
import { createGames } from '../../src/tictactoe/tictactoe.ts'
import { drawnMoves as draw } from '../../test/games.ts'
import { openRecords } from '../../test/records.ts'
import { loadRules } from './_rules.ts'

/** Options of the service's own ledger. */
export const ledgerOptions = (dataDir: string | null): DevnetOptions => ({
  dialect: createDialect('workchain', { ottochainNulls: 'drop' }),
  dataDir,
  snapshotMs: 0,
  latencyMs: 0,
  lagOrdinals: 0,
  extensions: true,
  clock: systemClock,
  newId: randomId,
  log: silentLog,
})

/** Believes every signature. */
export const credulous: Verifier = { verifyProof: async () => true }

/**
 * The service's games on its own ledger, everything real but the curve: each player signs once and shows that signature
 * for ever, and the ledger believes it. Building a hundred thousand moves takes seconds instead of minutes.
 */
export async function openUnsigned(
  options: Partial<DevnetOptions> & { readonly dataDir: string | null },
  onPost: (bytes: number) => void = () => {},
) {
  const all = { ...ledgerOptions(options.dataDir), verifier: credulous, ...options }
  const devnet = await openDevnet(all)
  const transport: Transport = {
    ...devnet,
    request(asked) {
      if (asked.method === 'POST') onPost(Buffer.byteLength(JSON.stringify(asked.body)))
      return devnet.request(asked)
    },
  }
  return playOn(transport)
}

/**
 * The games alone, with those signatures, on any ledger that believes them.
 * @param database where intents are written down; one in memory unless told
 */
export async function playOn(transport: Transport, database?: Database) {
  const { dialect, clock } = ledgerOptions(null)
  const chain = createChain({ transport, dialect, clock, random: Math.random, readTimeoutMs: 10_000 })
  const players = { X: await frozenSigner(1), O: await frozenSigner(2) }
  const records = await openRecords(database)
  const games = createGames({
    ...records,
    chain,
    players,
    rules: loadRules(),
    clock,
    newId: randomId,
    network: 'bench',
    verifier: credulous,
    log: silentLog,
    pass: passOn,
  })

  return {
    /** A game in `playing`. @returns its id */
    async begin(): Promise<string> {
      const { view } = await games.create(caller())
      await games.start(view.gameId, caller())
      return view.gameId
    },
    /** The first moves of a game, all nine unless told. */
    async play(gameId: string, moves: number = draw.length): Promise<void> {
      for (const [player, cell] of draw.slice(0, moves)) await games.move({ gameId, player, cell }, caller())
    },
    async cancel(gameId: string): Promise<void> {
      await games.cancel({ gameId, reason: 'over' }, caller())
    },
    async close() {
      await chain.close()
      await records.close()
    },
  }
}

async function frozenSigner(seed: number): Promise<Signer> {
  const { id, address, sign } = createSigner(new Uint8Array(32).fill(seed))
  const signature = await sign('ab'.repeat(32))
  return { id, address, sign: async () => signature }
}

const never = new AbortController().signal

const caller = (): Caller => ({
  principal: 'bench',
  traceId: 'bench',
  isContinued: false,
  onAccepted: () => {},
  onAbandoned: () => {},
  requestKey: undefined,
  gone: never,
  deadline: never,
  deadlineMs: systemClock.monotonicMs() + 60_000,
  onSubmitting: () => {},
})

/** Does this many pieces of work, so many at once. */
export async function inParallel(count: number, width: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const run = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: width }, run))
}
