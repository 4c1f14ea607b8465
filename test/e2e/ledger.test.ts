import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { canonicalize, dropNulls } from '../../src/signing/canonical.ts'
import { dataUpdateHash } from '../../src/signing/digest.ts'
import { createVerifier, verifySigned } from '../../src/signing/verify.ts'
import type { GameView } from '../../src/tictactoe/game-view.ts'
import type { LedgerMessage } from '../../src/tictactoe/ledger-view.ts'
import {
  GameMessages,
  LedgerFindings,
  Rejections,
  SnapshotPage,
  SnapshotView,
  WalletUsage,
} from '../../src/tictactoe/ledger-view.ts'
import { winningMoves } from '../games.ts'
import type { Service } from './_service.ts'
import { noModelUrl, startedGame, startService } from './_service.ts'

const verifier = createVerifier({ maxKeys: 4 })

async function get<T>(service: Pick<Service, 'get'>, shape: z.ZodType<T>, path: string): Promise<T> {
  const { status, body } = await service.get(path)
  expect([status, path, status === 200 ? '' : body]).toEqual([200, path, ''])
  return shape.parse(body)
}

const refusalOf = async (service: Service, path: string) => {
  const { status, body } = await service.get(path)
  const { code, details } = body as { code: string; details: { path?: string } }
  return [status, code, details.path]
}

/** Does the hash follow from the value, and each signature from the hash? */
async function isSound({ value, hash, proofs }: LedgerMessage, nulls: 'drop' | 'keep'): Promise<boolean> {
  const text = canonicalize(nulls === 'drop' ? dropNulls(value as never) : (value as never))
  return dataUpdateHash(text) === hash && (await verifySigned(hash, proofs, verifier))
}

describe.each(['workchain', 'ottochain'] as const)('the ledger of a %s service', (dialect) => {
  let service: Service
  let game: GameView
  let messages: GameMessages
  beforeAll(async () => {
    service = await startService({ OTTO_DIALECT: dialect })
    game = await startedGame(service, winningMoves)
    messages = await get(service, GameMessages, `/otto/games/${game.gameId}/messages`)
  })
  afterAll(() => service.close())

  test('shows every message of a game, each with a hash and signatures that hold', async () => {
    const { nulls, complete } = messages
    expect([messages.gameId, nulls, complete]).toEqual([game.gameId, dialect === 'workchain' ? 'keep' : 'drop', true])
    expect(messages.messages.map(({ type, eventName }) => eventName ?? type)).toEqual([
      'CreateScript',
      'CreateStateMachine',
      'start_game',
      ...winningMoves.map(() => 'make_move'),
    ])
    for (const message of messages.messages) {
      expect(await isSound(message, nulls), message.type).toBe(true)
      expect(message).toMatchObject({ gameId: game.gameId, success: true })
    }
    const moves = messages.messages.slice(3)
    expect(moves.map(({ hash, ordinal, signers }) => ({ hash, ordinal, signers }))).toEqual(
      game.moveHistory.map(({ hash, ordinal, signer }) => ({ hash, ordinal, signers: [signer] })),
    )
    expect(messages.messages[0]?.signers.toSorted()).toEqual([game.playerX, game.playerO].toSorted())
    for (const { gasUsed } of moves) expect(gasUsed).toBeGreaterThan(0)
    const changed = { ...moves[0], value: { ...(moves[0]?.value as object), more: 1 } } as LedgerMessage
    expect(await isSound(changed, nulls)).toBe(false)
  })

  test('shows the same by the id of the oracle or the machine, in either case', async () => {
    for (const id of [game.oracleId, game.machineId, game.gameId.toUpperCase()])
      expect(await get(service, GameMessages, `/otto/games/${id}/messages`)).toEqual(messages)
  })

  test('shows the messages of later rounds and of no other game', async () => {
    const { gameId } = await startedGame(service, winningMoves)
    const before = await get(service, GameMessages, `/otto/games/${gameId}/messages`)
    const other = await startedGame(service, winningMoves.slice(0, 2))
    await service.result('ttt_reset_board', { gameId })
    await service.result('ttt_make_move', { gameId, player: 'X', cell: 8 })
    await service.result('ttt_cancel_game', { gameId, reason: 'Enough.' })
    const later = await get(service, GameMessages, `/otto/games/${gameId}/messages`)
    expect(later.complete).toBe(true)
    expect(later.messages.slice(0, before.messages.length)).toEqual(before.messages)
    expect(later.messages.slice(before.messages.length).map(({ type, eventName }) => eventName ?? type)).toEqual([
      'CreateStateMachine',
      'start_game',
      'make_move',
      'cancel_game',
    ])
    const others = await get(service, GameMessages, `/otto/games/${other.gameId}/messages`)
    expect(new Set(others.messages.map(({ gameId }) => gameId))).toEqual(new Set([other.gameId]))
    expect(others.messages).toHaveLength(5)
  })

  test('lists snapshots page by page, each named by the one after it', async () => {
    const first = await get(service, SnapshotPage, '/otto/ledger/snapshots?limit=4')
    expect(first.snapshots.map(({ ordinal }) => ordinal)).toEqual([0, 1, 2, 3].map((back) => first.newest - back))
    const all: SnapshotPage['snapshots'] = []
    let before: number | null = first.newest + 1
    while (before !== null) {
      const page: SnapshotPage = await get(service, SnapshotPage, `/otto/ledger/snapshots?limit=4&before=${before}`)
      all.push(...page.snapshots)
      before = page.next
    }
    expect(all.map(({ ordinal }) => ordinal)).toEqual(Array.from({ length: all.length }, (_, at) => first.newest - at))
    expect(all.at(-1)?.ordinal).toBe(0)
    expect(all.reduce((sum, one) => sum + one.messages, 0)).toBeGreaterThanOrEqual(messages.messages.length)
    const [, second] = all
    const found = await get(service, LedgerFindings, `/otto/ledger/search?q=${all[0]?.lastSnapshotHash}`)
    expect(found.found).toEqual([{ kind: 'snapshot', hash: all[0]?.lastSnapshotHash, ordinal: second?.ordinal }])
  })

  test('shows a snapshot with its messages, as the game has them', async () => {
    const [create] = messages.messages
    const shown = await get(service, SnapshotView, `/otto/ledger/snapshots/${create?.ordinal}`)
    expect(shown.nulls).toBe(messages.nulls)
    expect(shown.messages).toEqual(messages.messages.filter(({ ordinal }) => ordinal === create?.ordinal))
    const move = messages.messages.at(-1)
    const last = await get(service, SnapshotView, `/otto/ledger/snapshots/${move?.ordinal}`)
    expect(last.messages).toContainEqual(move)
    const { newest } = await get(service, SnapshotPage, '/otto/ledger/snapshots?limit=1')
    expect((await get(service, SnapshotView, '/otto/ledger/snapshots/latest')).ordinal).toBe(newest)
  })

  test('finds a game by each of its ids, and a message by its hash', async () => {
    const { gameId, oracleId, machineId } = game
    for (const id of [gameId, oracleId, machineId, gameId.toUpperCase()])
      expect((await get(service, LedgerFindings, `/otto/ledger/search?q=${id}`)).found).toEqual([
        { kind: 'game', gameId },
      ])
    for (const { hash, ordinal } of messages.messages)
      for (const q of [hash, hash.toUpperCase()])
        expect((await get(service, LedgerFindings, `/otto/ledger/search?q=${q}`)).found).toEqual([
          { kind: 'message', gameId, hash, ordinal },
        ])
    for (const q of [crypto.randomUUID(), 'ab'.repeat(32)])
      expect((await get(service, LedgerFindings, `/otto/ledger/search?q=${q}`)).found).toEqual([])
  })

  test('counts what each wallet signed today', async () => {
    const { days } = await get(service, WalletUsage, '/wallets/usage?days=2')
    const [X, O] = [game.playerX, game.playerO].map(
      (address) => messages.messages.filter(({ signers }) => signers.includes(address)).length,
    )
    expect(days.reduce((sum, { playerX }) => sum + playerX, 0)).toBeGreaterThanOrEqual(X ?? 0)
    expect(days.reduce((sum, { playerO }) => sum + playerO, 0)).toBeGreaterThanOrEqual(O ?? 0)
  })

  test('knows of no rejection where nothing that was prepared was refused', async () => {
    await service.call('ttt_make_move', { gameId: game.gameId, player: 'X', cell: 0 })
    expect(await service.get('/otto/ledger/rejections')).toEqual({ status: 200, body: { rejections: [] } })
  })

  test.each([
    ['/otto/games/123/messages', [400, 'INVALID_ARGUMENTS', 'id']],
    [`/otto/games/${crypto.randomUUID()}/messages`, [404, 'GAME_NOT_FOUND', undefined]],
    ['/otto/ledger/snapshots/999999999', [404, 'NOT_FOUND', undefined]],
    ['/otto/ledger/snapshots/1e3', [400, 'INVALID_ARGUMENTS', 'ordinal']],
    ['/otto/ledger/snapshots?limit=101', [400, 'INVALID_ARGUMENTS', 'limit']],
    ['/otto/ledger/snapshots?before=-1', [400, 'INVALID_ARGUMENTS', 'before']],
    ['/otto/ledger/snapshots?after=1', [400, 'INVALID_ARGUMENTS', 'after']],
    ['/otto/ledger/search', [400, 'INVALID_ARGUMENTS', 'q']],
    ['/otto/ledger/search?q=tic', [400, 'INVALID_ARGUMENTS', 'q']],
    [`/otto/ledger/search?q=${'a'.repeat(63)}`, [400, 'INVALID_ARGUMENTS', 'q']],
    ['/otto/ledger/rejections?limit=0', [400, 'INVALID_ARGUMENTS', 'limit']],
    ['/wallets/usage?days=1000', [400, 'INVALID_ARGUMENTS', 'days']],
  ])('%s is refused', async (path, refusal) => {
    expect(await refusalOf(service, path)).toEqual(refusal)
  })
})

test('a snapshot before the first is none, and a page before it is empty', async () => {
  const service = await startService()
  expect(await get(service, SnapshotPage, '/otto/ledger/snapshots')).toMatchObject({ newest: 0, next: null })
  expect(await get(service, SnapshotPage, '/otto/ledger/snapshots?before=0')).toEqual({
    newest: 0,
    snapshots: [],
    next: null,
  })
  await service.close()
})

/** Two services with the same wallets on the ledger of the first, which the second reaches over HTTP. */
async function startTwo(env: Record<string, string>) {
  const near = await startService(env)
  const ports = near.logs.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'devnet ports')
  const far = await startService({
    ...env,
    OTTO_WALLET_DIR: join(near.dir, 'wallets'),
    OTTO_L1_URL: `http://127.0.0.1:${ports.l1Port}`,
    OTTO_L0_URL: `http://127.0.0.1:${ports.l0Port}`,
  })
  return { near, far, close: () => far.close().then(() => near.close()) }
}

describe.each([
  { OTTO_DIALECT: 'workchain', OTTO_DEVNET_EXTENSIONS: 'off' },
  { OTTO_DIALECT: 'ottochain', OTTO_DEVNET_EXTENSIONS: 'off' },
])('over HTTP, of a node as real ones are: %o', (env) => {
  let two: Awaited<ReturnType<typeof startTwo>>
  beforeAll(async () => {
    two = await startTwo(env)
  })
  afterAll(() => two.close())

  test('a game shows the same messages as beside the ledger', async () => {
    const { near, far } = two
    const { gameId, machineId } = await startedGame(far, winningMoves)
    const messages = await get(far, GameMessages, `/otto/games/${gameId}/messages`)
    expect(messages).toMatchObject({ gameId, complete: true })
    expect(messages.messages).toHaveLength(winningMoves.length + 3)
    for (const message of messages.messages) expect(await isSound(message, messages.nulls)).toBe(true)
    // Beside the ledger more is told of what became of each.
    const told = ({ messages: all, ...rest }: GameMessages) => ({
      ...rest,
      messages: all.map(({ gasUsed: _, success: __, ...message }) => message),
    })
    expect(told(await get(near, GameMessages, `/otto/games/${machineId}/messages`))).toEqual(told(messages))
    // A workchain node tells of no event what became of it.
    const moves = messages.messages.slice(3).map(({ success, gasUsed }) => [success, gasUsed === null])
    expect(new Set(moves.flat())).toEqual(new Set(env.OTTO_DIALECT === 'workchain' ? [null, true] : [true, false]))
    for (const service of [near, far])
      for (const { hash, ordinal } of messages.messages)
        expect((await get(service, LedgerFindings, `/otto/ledger/search?q=${hash}`)).found).toEqual([
          { kind: 'message', gameId, hash, ordinal },
        ])
  })

  test('an event that another one was quicker than is a rejection, with its hash', async () => {
    const { near, far } = two
    const rejections = async () =>
      (await Promise.all([near, far].map((one) => one.get('/otto/ledger/rejections')))).map(
        ({ body }) => body as Rejections,
      )
    let told: Rejections['rejections'] = []
    for (let attempt = 0; attempt < 30 && told.length === 0; attempt++) {
      const { gameId } = await startedGame(near)
      const move = (service: Service, cell: number) => service.call('ttt_make_move', { gameId, player: 'X', cell })
      const played = await Promise.all([move(near, 0), move(far, 1)])
      expect(played.filter(({ body }) => body.success)).toHaveLength(1)
      told = (await rejections()).flatMap(({ rejections }) => rejections)
      const [rejection] = told
      if (rejection === undefined) continue // the slower one saw the board before it signed anything
      expect(Rejections.parse({ rejections: told }).rejections).toHaveLength(1)
      const { body } = played.find((one) => one.body.traceId === rejection.traceId) ?? {}
      expect([rejection.gameId, rejection.code, rejection.message]).toEqual([gameId, body?.code, body?.error])
      expect(['INVALID_MOVE', 'LEDGER_REFUSED']).toContain(rejection.code) // by the key, or by the sequence number
      const { messages } = await get(near, GameMessages, `/otto/games/${gameId}/messages`)
      const held = messages.find(({ hash }) => hash === rejection.hash)
      if (held !== undefined) expect(held.success).not.toBe(true)
    }
    expect(told).toHaveLength(1)
  })
})

test('a ledger that is away is told as such, and what is written down here goes on', async () => {
  const service = await startService({ OTTO_L1_URL: noModelUrl, OTTO_L0_URL: noModelUrl })
  for (const path of [
    '/otto/ledger/snapshots',
    '/otto/ledger/snapshots/1',
    `/otto/ledger/search?q=${'ab'.repeat(32)}`,
    `/otto/games/${crypto.randomUUID()}/messages`,
  ]) {
    const [status, code] = await refusalOf(service, path)
    expect([status, path]).toEqual([503, path])
    expect(['LEDGER_UNREACHABLE', 'CIRCUIT_OPEN']).toContain(code)
  }
  expect(await service.get('/otto/ledger/rejections')).toEqual({ status: 200, body: { rejections: [] } })
  expect(await service.get('/wallets/usage')).toEqual({ status: 200, body: { days: [] } })
  await service.close()
})
