import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Chain } from '../../src/chain/chain.ts'
import { createChain } from '../../src/chain/create-chain.ts'
import type { Transport } from '../../src/chain/transport.ts'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import type { Message } from '../../src/fiber/messages.ts'
import { loadRules } from '../../src/open-games.ts'
import type { Signer } from '../../src/signing/signed.ts'
import { createSigner } from '../../src/signing/signer.ts'
import { createVerifier, verifySigned } from '../../src/signing/verify.ts'
import { systemClock } from '../../src/system.ts'
import { machineMessage, oracleMessage } from '../../src/tictactoe/creations.ts'
import type { GameEvent } from '../../src/tictactoe/events.ts'
import { cancelGame, makeMove, messageOf, resetBoard, startGame } from '../../src/tictactoe/events.ts'
import type { Game } from '../../src/tictactoe/game.ts'
import { eventKeyOf, machineIdOf } from '../../src/tictactoe/ids.ts'
import { createSigningDesk } from '../../src/tictactoe/signing-desk.ts'

const network = 'test'
const rules = loadRules()
const players = { X: createSigner(randomBytes(32)), O: createSigner(randomBytes(32)) }
const both = [players.X, players.O]
const stranger = createSigner(randomBytes(32))
const verifier = createVerifier({ maxKeys: 10 })

const noTransport: Transport = {
  request: async () => Promise.reject(new Error('Signing must not send.')),
  close: async () => undefined,
}
const chainIn = (name: 'workchain' | 'ottochain') =>
  createChain({
    transport: noTransport,
    dialect: createDialect(name),
    clock: systemClock,
    random: () => 0.5,
    readTimeoutMs: 1_000,
  })
const chain = chainIn('ottochain')

type Options = { chain?: Pick<Chain, 'sign' | 'dialect'>; players?: typeof players; maxUnsettled?: number }
const deskWith = (options: Options = {}) => createSigningDesk({ chain, players, rules, verifier, network, ...options })

/** What an operation asks to be signed, and by whom. */
type Asked = { readonly message: Message; readonly signers: readonly Signer[] }
const asked = (event: GameEvent): Asked => ({ message: messageOf(event, network), signers: [event.signer] })

const gameId = '0b6ee0f9-1f44-4a7e-b7f0-1f3f5a3d2c11'

/** A game as far as the events look at it. */
function gameAt(position: { gameId?: string; round?: number; moveCount?: number; machineState?: string } = {}): Game {
  const { gameId: id = gameId, round = 0, moveCount = 0, machineState = 'playing' } = position
  const machineId = machineIdOf(id, round)
  return {
    gameId: id,
    machineId,
    machineState,
    data: { gameId: id, playerX: players.X.address, playerO: players.O.address, roundCount: round },
    oracle: { moveCount, machineId, roundCount: round },
    machine: { sequenceNumber: moveCount + 1, latestUpdateOrdinal: 7 },
    script: { sequenceNumber: moveCount + 1 },
  } as unknown as Game // the rest of a game is not looked at
}
const move = (cell: number, player: 'X' | 'O' = 'X', moveCount = 0): Asked =>
  asked(makeMove(gameAt({ moveCount }), { player, cell }, players[player]))

const position = fc.record({
  gameId: fc.uuid(),
  round: fc.nat(1_000),
  moveCount: fc.nat(8),
})
const mark = fc.constantFrom('X' as const, 'O' as const)
const reason = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((text) => /^\P{Cc}{0,500}$/u.test(text))

/** Every message that the six tools make. */
const catalogue: fc.Arbitrary<Asked> = fc.oneof(
  position.map((at) => ({ message: oracleMessage(rules, at.gameId), signers: both })),
  position.map((at) => ({ message: machineMessage(rules, players, at.gameId, at.round), signers: both })),
  position.map((at) => asked(startGame(gameAt({ ...at, machineState: 'setup' }), players.X))),
  fc
    .tuple(position, mark, fc.nat(8))
    .map(([at, player, cell]) => asked(makeMove(gameAt(at), { player, cell }, players[player]))),
  position.map((at) => asked(resetBoard(gameAt(at), players.X))),
  fc
    .tuple(position, reason, mark, fc.constantFrom('setup', 'playing'))
    .map(([at, why, player, machineState]) => asked(cancelGame(gameAt({ ...at, machineState }), why, players[player]))),
)

describe.each(['workchain', 'ottochain'] as const)('in %s', (name) => {
  test('law: signs every message of the catalogue, and the proofs hold', async () => {
    const desk = deskWith({ chain: chainIn(name) })
    await fc.assert(
      fc.asyncProperty(catalogue, async ({ message, signers }) => {
        const signed = await desk.sign(message, signers, 'slot')
        desk.settled('slot')
        const { proofs } = signed.envelope
        expect(proofs.map(({ id }) => id)).toEqual(signers.map(({ id }) => id).sort())
        expect(await verifySigned(signed.hash, proofs, verifier)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})

/** The paths of all values inside a value. */
const pathsOf = (value: JsonValue, path: readonly string[] = []): (readonly string[])[] => [
  path,
  ...(typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))
    : []),
]

/** The same value with another one at a path. */
function changed(value: JsonValue, [key, ...rest]: readonly string[], how: 'other' | 'gone' | 'more'): JsonValue {
  if (key === undefined) return other(value, how)
  const copy = (Array.isArray(value) ? [...value] : { ...(value as JsonObject) }) as Record<string, JsonValue>
  if (how === 'gone' && rest.length === 0) delete copy[key]
  else copy[key] = changed(copy[key] ?? null, rest, how)
  return copy
}
const other = (value: JsonValue, how: 'other' | 'gone' | 'more'): JsonValue => {
  if (Array.isArray(value)) return [...value, 0]
  if (typeof value === 'object' && value !== null) return { ...value, more: 0 }
  if (how === 'more') return [value]
  if (typeof value === 'string') return `${value}x`
  return typeof value === 'number' ? -1 - value : value === null ? 'x' : !value
}

describe('refuses by policy', () => {
  const refused = { code: 'WALLET_ERROR', details: { reason: 'refused_by_policy' } }

  test('law: a message of the catalogue of which any member is another, missing or one too many', async () => {
    const desk = deskWith()
    const how = fc.constantFrom('other' as const, 'gone' as const, 'more' as const)
    await fc.assert(
      fc.asyncProperty(catalogue, fc.nat(), how, async ({ message, signers }, index, kind) => {
        const paths = pathsOf(message as unknown as JsonValue)
        const path = paths[index % paths.length] ?? []
        const mutant = changed(message as unknown as JsonValue, path, path.length === 0 ? 'more' : kind)
        await expect(desk.sign(mutant as unknown as Message, signers, 's')).rejects.toMatchObject(refused)
      }),
      { numRuns: 400 },
    )
  })

  const keyed = (eventName: string, payload: JsonObject, fiberId = machineIdOf(gameId, 0)): Message => ({
    type: 'TransitionStateMachine',
    fiberId,
    eventName,
    payload,
    targetSequenceNumber: 1,
    idempotencyKey: eventKeyOf(network, fiberId, eventName, payload),
  })
  const slot = { round: 0, moveNum: 1 }
  const [X, O] = [players.X.address, players.O.address]
  const start = { playerX: X, playerO: O, gameId, round: 0, moveNum: 0 }
  const move = { player: 'X', cell: 4, ...slot }

  test('takes the messages that the rows below change', async () => {
    const desk = deskWith()
    for (const message of [keyed('start_game', start), keyed('make_move', move)])
      await expect(desk.sign(message, [players.X], 's')).resolves.toMatchObject({ message })
  })

  test.each<{ name: string; message: Message; signers?: readonly Signer[] }>([
    { name: 'an event of no name of ours', message: keyed('transfer', slot) },
    { name: 'a name that every object has', message: keyed('constructor', slot) },
    {
      name: 'another network',
      message: {
        ...keyed('make_move', move),
        idempotencyKey: eventKeyOf('main', machineIdOf(gameId, 0), 'make_move', move),
      } as Message,
    },
    { name: 'a tenth cell', message: keyed('make_move', { ...move, cell: 9 }) },
    { name: 'a cell between two', message: keyed('make_move', { ...move, cell: 0.5 }) },
    { name: 'a cell as text', message: keyed('make_move', { ...move, cell: '4' }) },
    { name: 'a third player', message: keyed('make_move', { ...move, player: 'Z' }) },
    { name: 'a tenth move', message: keyed('make_move', { ...move, moveNum: 10 }) },
    { name: 'a move before the first', message: keyed('make_move', { ...move, moveNum: 0 }) },
    { name: 'a round below none', message: keyed('make_move', { ...move, round: -1 }) },
    { name: 'a move with more to it', message: keyed('make_move', { ...move, amount: 5 }) },
    { name: 'a move by the other player', message: keyed('make_move', move), signers: [players.O] },
    { name: 'a move by both', message: keyed('make_move', move), signers: both },
    { name: 'a move by nobody', message: keyed('make_move', move), signers: [] },
    { name: 'a move by a stranger', message: keyed('make_move', move), signers: [stranger] },
    { name: 'a machine whose id is none', message: keyed('make_move', move, 'machine') },
    { name: 'a start for a stranger', message: keyed('start_game', { ...start, playerO: stranger.address }) },
    { name: "a start of another game's machine", message: keyed('start_game', start, machineIdOf(gameId, 1)) },
    { name: 'a start past the first move', message: keyed('start_game', { ...start, moveNum: 1 }) },
    { name: 'a cancellation for the other', message: keyed('cancel_game', { requestedBy: O, reason: 'x', ...slot }) },
    { name: 'a long reason', message: keyed('cancel_game', { requestedBy: X, reason: 'x'.repeat(501), ...slot }) },
    { name: 'a reason over two lines', message: keyed('cancel_game', { requestedBy: X, reason: 'a\nb', ...slot }) },
    { name: 'an oracle that one alone makes', message: oracleMessage(rules, gameId), signers: [players.X] },
    {
      name: 'a machine that one makes twice',
      message: machineMessage(rules, players, gameId, 0),
      signers: [players.X, players.X],
    },
    {
      name: 'a machine for others',
      message: machineMessage(rules, { X: stranger, O: players.O }, gameId, 0),
      signers: both,
    },
    {
      name: 'an end of a fiber',
      message: { type: 'ArchiveStateMachine', fiberId: machineIdOf(gameId, 0), targetSequenceNumber: 1 },
    },
    {
      name: 'a call past the machine',
      message: {
        type: 'InvokeScript',
        fiberId: machineIdOf(gameId, 0),
        method: 'makeMove',
        args: {},
        targetSequenceNumber: 1,
      },
    },
  ])('$name', async ({ message, signers = [players.X] }) => {
    await expect(deskWith().sign(message, signers, 's')).rejects.toMatchObject(refused)
  })

  test('half of a surrogate pair in a reason', async () => {
    const message = { ...keyed('cancel_game', slot), payload: { requestedBy: X, reason: '\ud800', ...slot } } as Message
    await expect(deskWith().sign(message, [players.X], 's')).rejects.toMatchObject(refused)
  })

  test("a stranger's object under an id of ours signs nothing: our own signer does", async () => {
    const fake = { ...stranger, id: players.X.id }
    const { message } = asked(makeMove(gameAt(), { player: 'X', cell: 1 }, players.X))
    const { envelope, hash } = await deskWith().sign(message, [fake], 's')
    expect(await verifySigned(hash, envelope.proofs, verifier)).toBe(true)
  })
})

describe('one place, one event', () => {
  const equivocation = { code: 'WALLET_ERROR', details: { reason: 'equivocation' } }

  test('signs the same event again, byte for byte', async () => {
    const desk = deskWith()
    const { message, signers } = move(4)
    expect(await desk.sign(message, signers, 's')).toEqual(await desk.sign(message, signers, 's'))
  })

  test('refuses another event until the first is settled, whatever the slot is called', async () => {
    const desk = deskWith()
    const [first, second] = [move(4), move(5)]
    await desk.sign(first.message, first.signers, 'a')
    await expect(desk.sign(second.message, second.signers, 'a')).rejects.toMatchObject(equivocation)
    await expect(desk.sign(second.message, second.signers, 'b')).rejects.toMatchObject(equivocation)
    desk.settled('b')
    await expect(desk.sign(second.message, second.signers, 'b')).rejects.toMatchObject(equivocation)
    desk.settled('a')
    await expect(desk.sign(second.message, second.signers, 'b')).resolves.toMatchObject({ message: second.message })
  })

  test('a move, a reset and a cancellation decided on one board compete for one place', async () => {
    const desk = deskWith()
    const { message, signers } = move(4)
    await desk.sign(message, signers, 's')
    for (const rival of [resetBoard(gameAt(), players.X), cancelGame(gameAt(), 'enough', players.X)]) {
      const { message, signers } = asked(rival)
      await expect(desk.sign(message, signers, 's')).rejects.toMatchObject(equivocation)
    }
  })

  test('the same event for another sequence number is another message where the dialect signs it', async () => {
    const desk = deskWith()
    const { message, signers } = move(4)
    await desk.sign(message, signers, 's')
    const later = { ...message, targetSequenceNumber: 9 } as Message
    await expect(desk.sign(later, signers, 's')).rejects.toMatchObject(equivocation)
  })

  test('of two at once one is signed', async () => {
    const desk = deskWith()
    const both = [move(4), move(5)].map(({ message, signers }) => desk.sign(message, signers, 's'))
    const states = (await Promise.allSettled(both)).map(({ status }) => status)
    expect(states).toEqual(['fulfilled', 'rejected'])
  })

  test('an intent may hold several places; settling frees them all', async () => {
    const desk = deskWith({ maxUnsettled: 2 })
    await desk.sign(oracleMessage(rules, gameId), both, 'create')
    await desk.sign(machineMessage(rules, players, gameId, 0), both, 'create')
    const { message, signers } = move(4)
    const full = { code: 'OVERLOADED', details: { retryAfterSeconds: 5 } }
    await expect(desk.sign(message, signers, 'move')).rejects.toMatchObject(full)
    desk.settled('create')
    await expect(desk.sign(message, signers, 'move')).resolves.toBeDefined()
  })

  test('a full desk still signs again what it signed, and forgets nothing', async () => {
    const desk = deskWith({ maxUnsettled: 1 })
    const [first, second, next] = [move(4), move(5), move(0, 'O', 1)]
    await desk.sign(first.message, first.signers, 's')
    await expect(desk.sign(next.message, next.signers, 't')).rejects.toMatchObject({ code: 'OVERLOADED' })
    await expect(desk.sign(first.message, first.signers, 's')).resolves.toBeDefined()
    await expect(desk.sign(second.message, second.signers, 's')).rejects.toMatchObject(equivocation)
  })

  test('what was settled while it was being signed is given to nobody', async () => {
    const gate = Promise.withResolvers<void>()
    const slow: Signer = { ...players.X, sign: (hash) => gate.promise.then(() => players.X.sign(hash)) }
    const desk = deskWith({ players: { ...players, X: slow as typeof players.X } })
    const { message, signers } = move(4)
    const signing = desk.sign(message, signers, 's')
    desk.settled('s')
    gate.resolve()
    await expect(signing).rejects.toMatchObject(equivocation)
  })
})

describe('looks at what it gives away', () => {
  const failed = { code: 'WALLET_ERROR', details: { reason: 'signing_failed' } }
  const { message, signers } = move(4)
  const signerThat = (sign: Signer['sign']) => ({ ...players, X: { ...players.X, sign } as typeof players.X })

  test.each<{ name: string; sign: Signer['sign'] }>([
    { name: 'cannot sign', sign: async () => Promise.reject(new TypeError('broken')) },
    { name: 'signs something else', sign: () => players.X.sign('ab'.repeat(32)) },
    { name: 'signs with another key', sign: (hash) => stranger.sign(hash) },
    { name: 'gives no signature', sign: async () => '' },
    { name: 'gives a cut one', sign: async (hash) => (await players.X.sign(hash)).slice(0, -2) },
  ])('a signer that $name', async ({ sign }) => {
    const desk = deskWith({ players: signerThat(sign) })
    await expect(desk.sign(message, signers, 's')).rejects.toMatchObject(failed)
  })

  test('a failure binds nobody: another event may follow, and the same one when the signer is back', async () => {
    let isDown = true
    const sign = (hash: string) => (isDown ? Promise.reject(new Error('down')) : players.X.sign(hash))
    const desk = deskWith({ players: signerThat(sign) })
    await expect(desk.sign(message, signers, 's')).rejects.toMatchObject(failed)
    isDown = false
    const second = move(5)
    await expect(desk.sign(second.message, second.signers, 's')).resolves.toBeDefined()
  })

  test('a failure beside a success leaves the place taken', async () => {
    let calls = 0
    const sign = (hash: string) => (calls++ === 0 ? players.X.sign(hash) : Promise.reject(new Error('down')))
    const desk = deskWith({ players: signerThat(sign) })
    const twice = await Promise.allSettled([1, 2].map(() => desk.sign(message, signers, 's')))
    expect(twice.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    const second = move(5)
    await expect(desk.sign(second.message, second.signers, 's')).rejects.toMatchObject({
      details: { reason: 'equivocation' },
    })
  })

  test.each<{ name: string; twist: (signed: Awaited<ReturnType<Chain['sign']>>) => object }>([
    { name: 'another hash', twist: (signed) => ({ ...signed, hash: 'ab'.repeat(32) }) },
    {
      name: 'another value under the same hash',
      twist: (signed) => ({ ...signed, envelope: { ...signed.envelope, value: { other: 1 } } }),
    },
    { name: 'no proof', twist: (signed) => ({ ...signed, envelope: { ...signed.envelope, proofs: [] } }) },
  ])('a chain that gives $name', async ({ twist }) => {
    const liar = {
      dialect: chain.dialect,
      sign: async (...args: Parameters<Chain['sign']>) => twist(await chain.sign(...args)) as never,
    }
    await expect(deskWith({ chain: liar }).sign(message, signers, 's')).rejects.toMatchObject(failed)
  })
})
