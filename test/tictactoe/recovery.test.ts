import { afterEach, expect, test } from 'vitest'
import { NoAnswerError } from '../../src/chain/errors.ts'
import { StorageUnavailableError } from '../../src/db/errors.ts'
import type { Caller } from '../../src/tictactoe/caller.ts'
import type { Fault } from './_world.ts'
import { callerFor, createWorld } from './_world.ts'

type World = Awaited<ReturnType<typeof createWorld>>

const worlds: World[] = []
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()))
})

async function playing() {
  const world = await createWorld()
  worlds.push(world)
  const { view } = await world.games.create(callerFor(5_000))
  await world.games.start(view.gameId, callerFor(5_000))
  world.line.posts = 0
  return { world, gameId: view.gameId, x4: { gameId: view.gameId, player: 'X', cell: 4 } as const }
}

const posts =
  (fault: Fault): Fault =>
  (asked, forward) =>
    asked.method === 'POST' ? fault(asked, forward) : forward()
/** The message arrives, and from then on nobody hears of it, not even by reading. */
function silence(): Fault {
  let isSilent = false
  return async (asked, forward) => {
    if (!isSilent && asked.method === 'GET') return forward()
    if (!isSilent) await forward()
    isSilent = true
    throw new NoAnswerError(asked.layer)
  }
}
const lost: Fault = async () => {
  throw new NoAnswerError('l1')
}
const through: Fault = (_, forward) => forward()

const keyed = (ms: number, isContinued = false): Caller => ({ ...callerFor(ms), requestKey: 'k', isContinued })

test('a move whose answer died with the process is told to who asks again, and played once', async () => {
  const { world, x4 } = await playing()
  world.line.fault = silence()
  await expect(world.games.move(x4, callerFor(300))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  world.line.fault = through
  const { view, replayed } = await (await world.restarted()).move(x4, callerFor(5_000))
  expect([view.moveCount, replayed, world.line.posts]).toEqual([1, true, 1])
})

test('the same under a request key, although the game went on meanwhile', async () => {
  const { world, x4, gameId } = await playing()
  world.line.fault = silence()
  await expect(world.games.move(x4, keyed(300))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  world.line.fault = through
  const next = await world.restarted()
  const told = await next.move({ gameId, player: 'O', cell: 0 }, callerFor(5_000))
  expect(told.view.moveCount).toBe(2)
  const { view, replayed } = await next.move(x4, keyed(5_000, true))
  expect([view.moveCount, replayed]).toEqual([2, true])
  expect(view.hash).toBe(view.moveHistory[0]?.hash)
})

test('while the fate of a move is open after a restart, nothing else is played in its game', async () => {
  const { world, x4, gameId } = await playing()
  world.line.fault = posts(lost)
  await expect(world.games.move(x4, callerFor(300))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  const next = await world.restarted()
  const other = { gameId, player: 'X', cell: 0 } as const
  await expect(next.move(other, callerFor(2_000))).rejects.toMatchObject({ code: 'GAME_BUSY' })
  await expect(next.cancel({ gameId, reason: 'enough' }, callerFor(2_000))).rejects.toMatchObject({ code: 'GAME_BUSY' })
  expect((await next.state(gameId, callerFor(2_000))).moveCount).toBe(0)
})

test('an intent that is stored and was never sent is brought to its end by the next start, unasked', async () => {
  const { world, x4, gameId } = await playing()
  world.line.fault = posts(lost)
  await expect(world.games.move(x4, callerFor(200))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  world.line.fault = through
  const next = await world.restarted()
  const [owed] = await world.records.intents.owedIn(gameId)
  if (owed === undefined) throw new Error('Nothing is owed.')
  const hash = owed.messages[0]?.hash
  expect(await next.settle(owed).catch(() => false)).toBe(false) // the last send is not long ago
  await world.records.database.write((transaction) =>
    transaction.updateTable('intents').set({ last_sent_ms: 0 }).where('id', '=', owed.id).execute(),
  )
  expect(await next.settle(owed)).toBe(true)
  const view = await next.state(gameId, callerFor(2_000))
  expect(view.moveHistory).toMatchObject([{ player: 'X', cell: 4, hash }])
  expect((await next.move(x4, callerFor(2_000))).replayed).toBe(true)
})

test('nothing is sent that could not be written down first', async () => {
  const { world, x4, gameId } = await playing()
  const { intents } = world.records
  const prepare = intents.prepare
  Object.assign(intents, { prepare: async () => Promise.reject(new StorageUnavailableError(new Error('disk full'))) })
  const full = await world.restarted()
  Object.assign(world.records.intents, { prepare })
  const { database } = world.records
  Object.assign(database, { write: async () => Promise.reject(new StorageUnavailableError(new Error('disk full'))) })
  await expect(full.move(x4, callerFor(2_000))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  expect(world.line.posts).toBe(0)
  expect((await full.state(gameId, callerFor(2_000))).moveCount).toBe(0)
})

test('a state older than what an earlier run confirmed is not shown after a restart', async () => {
  const { world, x4, gameId } = await playing()
  const old = new Map<string, unknown>()
  world.line.fault = async (asked, forward) => {
    const answer = await forward()
    if (asked.layer === 'l0') old.set(asked.path, answer)
    return answer
  }
  await (await world.restarted()).state(gameId, callerFor(2_000))
  world.line.fault = through
  await world.games.move(x4, callerFor(5_000))
  const next = await world.restarted()
  let lies = 4
  world.line.fault = async (asked, forward) => {
    const before = old.get(asked.path)
    if (before === undefined || lies === 0) return forward()
    lies -= 1
    return before as Awaited<ReturnType<typeof forward>>
  }
  expect((await next.state(gameId, callerFor(5_000))).moveCount).toBe(1)
  expect(lies).toBe(0)
})
