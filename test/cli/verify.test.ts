import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import { canonicalize } from '../../src/signing/canonical.ts'
import { dataUpdateHash, plainHash } from '../../src/signing/digest.ts'
import { createSigner, signValue } from '../../src/signing/signer.ts'
import type { GameView } from '../../src/tictactoe/game-view.ts'
import { settingsIn } from '../e2e/_process.ts'
import type { Service } from '../e2e/_service.ts'
import { startedGame, startService } from '../e2e/_service.ts'
import { winningMoves } from '../games.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'
import type { Envelope, Tampering } from './_tampering.ts'
import { openTamperingL0 } from './_tampering.ts'

/** The whole service in one dialect, and a way to verify its games. */
async function open(name: 'workchain' | 'ottochain') {
  const service = await startService({ OTTO_DIALECT: name })
  const env = { ...settingsIn(service.dir), OTTO_DIALECT: name }
  const l0 = `http://127.0.0.1:${l0PortOf(service)}`
  return {
    service,
    l0,
    verify: (gameId: string, ...more: string[]) => runHere(['verify', gameId, '--l0', l0, ...more], env),
    /** The same through a node that changes what it shows. */
    async tampered(gameId: string, tampering: Tampering) {
      const node = await openTamperingL0(l0, tampering)
      onTestFinished(() => node.close())
      return runHere(['verify', gameId, '--l0', node.url], env)
    },
  }
}

function l0PortOf({ logs }: Service): number {
  for (const line of logs) {
    const { l0Port, msg } = JSON.parse(line)
    if (msg === 'devnet ports') return l0Port
  }
  throw new Error('The embedded L0 has no port.')
}

const isMove = (update: Envelope, moveNum: number): boolean =>
  JSON.stringify(update.value).includes('make_move') && JSON.stringify(update.value).includes(`"moveNum":${moveNum},`)

/** Changes one member of the record of a fiber. */
const inRecord =
  (id: string, change: (record: JsonObject) => JsonObject): NonNullable<Tampering['state']> =>
  (state) =>
    Object.fromEntries(
      Object.entries(state).map(([group, records]) => [
        group,
        Object.fromEntries(
          Object.entries(records as JsonObject).map(([key, record]) => [
            key,
            key === id ? change(record as JsonObject) : record,
          ]),
        ),
      ]),
    )

describe.each(['workchain', 'ottochain'] as const)('otto verify on a %s ledger', (name) => {
  let world: Awaited<ReturnType<typeof open>>
  let game: GameView
  beforeAll(async () => {
    world = await open(name)
    game = await startedGame(world.service, winningMoves)
  })
  afterAll(() => world.service.close())

  test('a game is verified message by message, to the board that stands there', async () => {
    const { code, out } = await world.verify(game.gameId, '--url', world.service.url)
    expect(out).not.toContain('✗')
    expect(code).toBe(0)
    expect(out).toContain('8 messages verified: they are all of the game, and give its board')
    for (const { player, cell, moveNum, hash, ordinal, signer } of game.moveHistory)
      expect(out).toContain(
        `✓ ordinal ${ordinal}  make_move ${player} ${cell} (round 0, move ${moveNum})  signed by player${player} ${signer}  ${hash}\n`,
      )
    expect(out).toContain(`✓ ${world.service.url} shows the same`)
  })

  test('later rounds, on the same machine and on a new one, a cancelled game, one that was never begun', async () => {
    const { service, verify } = world
    const { gameId } = await startedGame(service, winningMoves)
    await service.result('ttt_reset_board', { gameId })
    await service.result('ttt_make_move', { gameId, player: 'X', cell: 8 })
    await service.result('ttt_reset_board', { gameId })
    await service.result('ttt_make_move', { gameId, player: 'X', cell: 0 })
    expect(await verify(gameId)).toMatchObject({ code: 0, out: expect.stringContaining('(round 2, move 1)') })
    await service.result('ttt_cancel_game', { gameId, reason: 'enough' })
    expect(await verify(gameId)).toMatchObject({ code: 0, out: expect.stringContaining('cancelled') })
    const fresh = await service.result('ttt_create_game')
    expect(await verify(fresh.gameId)).toMatchObject({ code: 0, out: expect.stringContaining('2 messages verified') })
    expect(await verify(fresh.oracleId)).toMatchObject({ code: 0, out: expect.stringContaining(fresh.gameId) })
  })

  test('what the ledger does not show any more is named, and not claimed', async () => {
    const second = game.moveHistory[1]?.ordinal ?? 0
    const { code, out } = await world.tampered(game.gameId, { oldest: second })
    expect(code).toBe(0)
    expect(out).toContain(`the ledger shows none before ${second}.`)
    expect(out).toContain('Not verified: move 1 of this round, and what came before it.')
    expect(out).toContain('4 messages verified; nothing is wrong as far as the ledger shows it')
    const none = await world.tampered(game.gameId, { oldest: Number.MAX_SAFE_INTEGER })
    expect(none.out).toContain('The ledger shows no snapshot.')
    expect(none.out).toContain('0 messages verified; nothing is wrong as far as the ledger shows it')
  })

  /** The first key that is neither player's. */
  const stranger = createSigner(Uint8Array.from({ length: 32 }, (_, at) => at + 1))

  const signedBy = async (value: JsonObject): Promise<Envelope> => {
    const dialect = createDialect(name)
    const wire = dialect.encode(dialect.decode(value))
    const signed = await signValue(wire, dataUpdateHash(canonicalize(wire)), [stranger])
    return { value: signed.value, proofs: [...signed.proofs] }
  }

  test('a message signed anew by a stranger', async () => {
    const resigned = new Map<string, Envelope>()
    const messages: Tampering['messages'] = (updates) =>
      updates.map((update) => (isMove(update, 3) ? (resigned.get('3') ?? update) : update))
    await world.tampered(game.gameId, {
      messages: (updates) => {
        for (const update of updates) if (isMove(update, 3)) resigned.set('3', update)
        return updates
      },
    })
    const honest = resigned.get('3')
    expect(honest).toBeDefined()
    resigned.set('3', await signedBy(honest?.value ?? {}))
    const { code, out } = await world.tampered(game.gameId, { messages })
    expect(code).toBe(1)
    expect(out).toContain(`${stranger.address} is no player of this game`)
    expect(out).toContain(`playerX ${game.playerX} did not sign it`)
    expect(out).toContain('refused by the rules')
  })

  const changedValue = (update: Envelope, from: string | RegExp, to: string): Envelope => ({
    ...update,
    value: JSON.parse(JSON.stringify(update.value).replace(from, to)),
  })
  const onMove =
    (moveNum: number, change: (update: Envelope) => readonly Envelope[]): NonNullable<Tampering['messages']> =>
    (updates) =>
      updates.flatMap((update) => (isMove(update, moveNum) ? change(update) : [update]))

  const tamperings: readonly { what: string; says: readonly string[]; how: (game: GameView) => Tampering }[] = [
    {
      what: 'another cell in a move',
      says: ['the signature of playerX', 'does not fit', 'no snapshot holds a good message for it'],
      how: () => ({ messages: onMove(3, (update) => [changedValue(update, /"cell":\d/, '"cell":8')]) }),
    },
    {
      what: 'a byte of a signature',
      says: ['the signature of playerO', 'does not fit'],
      how: () => ({
        messages: onMove(2, ({ value, proofs: [proof, ...more] }) => [
          {
            value,
            proofs: [
              {
                id: proof?.id ?? '',
                signature: `${proof?.signature.slice(0, -1)}${proof?.signature.endsWith('0') ? 1 : 0}`,
              },
              ...more,
            ],
          },
        ]),
      }),
    },
    {
      what: 'no signature',
      says: ['nobody signed it'],
      how: () => ({ messages: onMove(2, ({ value }) => [{ value, proofs: [] }]) }),
    },
    {
      what: 'an id that is no key',
      says: ['the signature of an id that is no key does not fit'],
      how: () => ({
        messages: onMove(2, ({ value, proofs }) => [
          { value, proofs: proofs.map((proof) => ({ ...proof, id: '04' })) },
        ]),
      }),
    },
    {
      what: 'a member that nobody signed',
      says: ['its text holds what a node does not read'],
      how: () => ({
        messages: onMove(4, ({ value, proofs }) => [
          {
            value: Object.fromEntries(
              Object.entries(value).map(([key, inner]) => [key, { ...(inner as JsonObject), by: 'me' }]),
            ),
            proofs,
          },
        ]),
      }),
    },
    {
      what: 'a message that no node reads',
      says: ['no node reads it', 'no snapshot holds a good message for it'],
      how: () => ({
        messages: onMove(4, ({ value, proofs }) => [{ value: { Nonsense: Object.values(value)[0] ?? null }, proofs }]),
      }),
    },
    {
      what: 'a message that is left out',
      says: [
        'move 3, X',
        'no snapshot holds a good message for it',
        'the ledger lists this event',
        'the messages give',
      ],
      how: () => ({ messages: onMove(3, () => []) }),
    },
    {
      what: 'the last message left out, with the list of events',
      says: ['move 5, X', 'the messages give'],
      how: () => ({ messages: onMove(5, () => []), events: (events) => events.slice(0, -1) }),
    },
    {
      what: 'the creation of the game left out',
      says: ['no message made it'],
      how: () => ({
        messages: (updates) => updates.filter(({ value }) => !JSON.stringify(value).startsWith('{"Create')),
      }),
    },
    {
      what: 'a message twice in the place of another',
      says: ['move 1, X', 'no snapshot holds a good message for it', 'the messages give'],
      how: ({ moveHistory: [first, second] }) => ({
        messages: (updates, ordinal) => {
          if (ordinal === first?.ordinal) return []
          return ordinal === second?.ordinal ? [...updates, ...updates] : updates
        },
      }),
    },
    {
      what: 'another hash in the list of events',
      says: ['the ledger lists this event, and no snapshot holds its message'],
      how: () => ({ events: (events) => events.map((event) => ({ ...event, hash: 'f'.repeat(64) })) }),
    },
    {
      what: 'another board',
      says: ['its stateDataHash is not the hash of its state', 'board is', 'stateData is'],
      how: ({ oracleId }) => ({
        state: inRecord(oracleId, (record) => ({
          ...record,
          stateData: { ...(record['stateData'] as JsonObject), board: Array(9).fill('O') },
        })),
      }),
    },
    {
      what: 'another board, its hash made to fit',
      says: ['the newest snapshot commits to another state', 'winner is "O", the moves give "X"'],
      how: ({ oracleId }) => ({
        state: inRecord(oracleId, (record) => {
          const stateData = { ...(record['stateData'] as JsonObject), winner: 'O' }
          return { ...record, stateData, stateDataHash: plainHash(canonicalize(stateData)) }
        }),
      }),
    },
    {
      what: 'other players',
      says: ['it is not owned by the two players', 'is no player of this game'],
      how: ({ machineId }) => ({
        state: inRecord(machineId, (record) => ({
          ...record,
          stateData: { ...(record['stateData'] as JsonObject), playerX: stranger.address },
        })),
      }),
    },
    {
      what: 'other owners',
      says: ['it is not owned by the two players', 'owners is'],
      how: ({ oracleId }) => ({ state: inRecord(oracleId, (record) => ({ ...record, owners: [stranger.address] })) }),
    },
    {
      what: 'other rules',
      says: ['its rules are not those of this version'],
      how: ({ oracleId }) => ({
        state: inRecord(oracleId, (record) => ({ ...record, scriptProgram: { var: ['state'] } })),
      }),
    },
    {
      what: 'another life cycle',
      says: ['its rules are not those of this version'],
      how: ({ machineId }) => ({
        state: inRecord(machineId, (record) => ({
          ...record,
          definition: { ...(record['definition'] as JsonObject), transitions: [] },
        })),
      }),
    },
    {
      what: 'another count of events',
      says: ['sequenceNumber is 7, the messages give 6'],
      how: ({ machineId }) => ({ state: inRecord(machineId, (record) => ({ ...record, sequenceNumber: 7 })) }),
    },
    {
      what: 'a beginning said to be long gone',
      says: ['creationOrdinal is 0'],
      how: ({ oracleId }) => ({ state: inRecord(oracleId, (record) => ({ ...record, creationOrdinal: 0 })) }),
    },
  ]

  test.each(tamperings)('names $what', async ({ says, how }) => {
    const { code, out } = await world.tampered(game.gameId, how(game))
    expect(code).toBe(1)
    expect(out).toContain('✗')
    for (const words of says) expect(out).toContain(words)
    expect(out).toMatch(/\d+ things are wrong$/)
  })

  test('a game that is not there, and an L0 that is none', async () => {
    const nowhere = '7f0c6f4e-3a52-4d0e-9a51-0d4c2b6a9e11'
    expect(await world.verify(nowhere)).toMatchObject({ code: 1, err: expect.stringContaining('holds no game') })
    const env = settingsIn(await temporaryFolder())
    expect(await runHere(['verify', nowhere, '--l0', 'http://127.0.0.1:1'], env)).toMatchObject({
      code: 1,
      err: expect.stringContaining('No metagraph L0 answers at http://127.0.0.1:1.'),
    })
    expect(await runHere(['verify', nowhere, '--l0', world.service.url], env)).toMatchObject({
      code: 1,
      err: expect.stringContaining('no metagraph L0 of the dialect workchain'),
    })
  })
})

test('a workchain event key that is not of its place is named', { timeout: 30_000 }, async () => {
  const { service, tampered } = await open('workchain')
  onTestFinished(() => service.close())
  const { gameId } = await startedGame(service, winningMoves.slice(0, 1))
  const { code, out } = await tampered(gameId, {
    messages: (updates) =>
      updates.map((update) =>
        isMove(update, 1)
          ? {
              ...update,
              value: JSON.parse(JSON.stringify(update.value).replace(/("idempotencyKey":")[0-9a-f]{8}/, '$100000000')),
            }
          : update,
      ),
  })
  expect(code).toBe(1)
  expect(out).toContain('its key is not the one of its place')
})

test.each([
  { args: [], says: 'name one game by its id' },
  { args: ['mine'], says: 'name one game by its id' },
  { args: ['7f0c6f4e-3a52-4d0e-9a51-0d4c2b6a9e11', 'x'], says: 'name one game by its id' },
  { args: ['--deep'], says: '--deep' },
])('otto verify $args is wrong usage', async ({ args, says }) => {
  const { code, err } = await runHere(['verify', ...args], settingsIn(await temporaryFolder()))
  expect(code).toBe(2)
  expect(err).toContain(says)
})
