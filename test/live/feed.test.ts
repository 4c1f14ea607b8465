import { describe, expect, test, vi } from 'vitest'
import { createWorld, feedOf, listen, never } from './_world.ts'

const patience = { timeout: 10_000, interval: 10 }

/** A started game, and a stream of it. */
async function watched(options: Parameters<typeof feedOf>[1] = {}) {
  const world = createWorld()
  const feed = feedOf(world, options)
  const gameId = world.create()
  world.play(gameId, 'start')
  const stream = listen(await feed.watchGame(gameId, undefined, never))
  return { world, feed, gameId, stream }
}

describe.each([true, false])('a stream of one game, told of snapshots: %s', (isTold) => {
  test('begins with how the game stands, and tells each step that others make', async () => {
    const { world, feed, gameId, stream } = await watched({ isTold })
    world.play(gameId, 'move')
    await vi.waitFor(() => expect(stream.types()).toEqual(['game', 'move_made']), patience)
    world.play(gameId, 'move', 'move', 'move', 'win')
    await vi.waitFor(() => expect(stream.types().at(-1)).toBe('game_ended'), patience)
    expect(stream.types()).toEqual(['game', ...Array(5).fill('move_made'), 'game_ended'])
    expect(stream.records.at(-1)).toMatchObject({ gameId, game: { ...world.show(gameId), hash: null } })
    feed.close()
  })

  test('a read that fails is tried again, and ends nothing', async () => {
    const { world, feed, gameId, stream } = await watched({ isTold })
    await vi.waitFor(() => expect(world.counts.reads).toBeGreaterThan(1), patience)
    world.faults.push(new Error('no answer'), new Error('no answer'))
    world.play(gameId, 'move')
    await vi.waitFor(() => expect(stream.types()).toEqual(['game', 'move_made']), patience)
    expect(stream.state.isEnded).toBe(false)
    feed.close()
  })

  test('nobody reads or listens once the last watcher is gone', async () => {
    const { world, feed, gameId, stream } = await watched({ isTold })
    const second = listen(await feed.watchGame(gameId, undefined, never))
    expect([feed.watchers(), world.listeners.size]).toEqual([2, isTold ? 1 : 0])
    stream.leave()
    stream.leave()
    second.leave()
    expect([feed.watchers(), world.listeners.size]).toEqual([0, 0])
    const { reads } = world.counts
    world.play(gameId, 'move')
    // Longer than two rounds of reading.
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect(world.counts.reads).toBe(reads)
    feed.close()
  })
})

describe('what is resumed', () => {
  test('nothing is lost or told twice, although nobody watched meanwhile', async () => {
    const { world, feed, gameId, stream } = await watched()
    world.play(gameId, 'move')
    await vi.waitFor(() => expect(stream.types()).toEqual(['game', 'move_made']), patience)
    stream.leave()
    world.play(gameId, 'move', 'move')
    const next = listen(await feed.watchGame(gameId, stream.records.at(-1)?.id, never))
    expect(next.types()).toEqual(['move_made', 'move_made'])
    const again = listen(await feed.watchGame(gameId, stream.records[0]?.id, never))
    expect(again.types()).toEqual(['move_made', 'move_made', 'move_made'])
    expect(listen(await feed.watchGame(gameId, again.records.at(-1)?.id, never)).records).toEqual([])
    feed.close()
  })

  test.each([
    { name: 'another run', id: 'other-1' },
    { name: 'the future', id: 'boot-999' },
    { name: 'no id of ours', id: 'what?' },
  ])('$name: how the game stands', async ({ id }) => {
    const { world, feed, gameId } = await watched()
    const stream = listen(await feed.watchGame(gameId, id, never))
    expect(stream.records).toMatchObject([{ type: 'game', game: world.show(gameId) }])
    const all = listen(await feed.watchAll(id, never))
    expect(all.records).toMatchObject([{ type: 'gap', gameId: null }])
    feed.close()
  })

  test('more than is kept: how the game stands', async () => {
    const { world, feed, gameId, stream } = await watched({ keptRecords: 3 })
    for (let round = 0; round < 5; round++) world.play(gameId, 'reset')
    await vi.waitFor(() => expect(stream.records.at(-1)).toMatchObject({ game: { roundCount: 5 } }), patience)
    for (let moves = 1; moves <= 4; moves++) {
      world.play(gameId, 'move')
      await vi.waitFor(() => expect(stream.records.at(-1)).toMatchObject({ game: { moveCount: moves } }), patience)
    }
    const old = stream.records.at(-5)?.id
    expect(listen(await feed.watchGame(gameId, old, never)).types()).toEqual(['game'])
    const recent = stream.records.at(-3)?.id
    expect(listen(await feed.watchGame(gameId, recent, never)).types()).toEqual(['move_made', 'move_made'])
    feed.close()
  })

  test('after a minute without a watcher the records are not complete any more', async () => {
    let nowMs = 0
    const clock = {
      nowMs: () => Date.now(),
      monotonicMs: () => nowMs,
      sleep: (_ms: number, signal?: AbortSignal) =>
        new Promise<void>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    }
    const { feed, gameId, stream } = await watched({ clock })
    stream.leave()
    const last = stream.records.at(-1)?.id
    nowMs = 59_999
    expect(listen(await feed.watchGame(gameId, last, never)).leave()).toBeUndefined()
    nowMs += 60_000
    expect(listen(await feed.watchGame(gameId, last, never)).types()).toEqual(['game'])
    feed.close()
  })
})

describe('a stream of all games', () => {
  test.each([true, false])('tells of what others do, told of snapshots: %s', async (isTold) => {
    const world = createWorld()
    const old = world.create()
    const feed = feedOf(world, { isTold })
    const all = listen(await feed.watchAll(undefined, never))
    expect(all.records).toEqual([])
    const gameId = world.create()
    await vi.waitFor(() => expect(all.types()).toEqual(['game_created']), patience)
    world.play(gameId, 'start', 'move')
    world.play(old, 'start')
    await vi.waitFor(() => expect(all.records).toHaveLength(4), patience)
    const of = (id: string) => all.records.filter((record) => record.gameId === id).map(({ type }) => type)
    expect([of(gameId), of(old)]).toEqual([['game_created', 'game_started', 'move_made'], ['game_started']])
    feed.close()
  })

  test('what happened while nobody watched is told to who comes back', async () => {
    const world = createWorld()
    const feed = feedOf(world)
    const gameId = world.create()
    const all = listen(await feed.watchAll(undefined, never))
    world.play(gameId, 'start')
    await vi.waitFor(() => expect(all.types()).toEqual(['game_started']), patience)
    all.leave()
    world.play(gameId, 'move')
    world.create()
    const back = listen(await feed.watchAll(all.records[0]?.id, never))
    expect(back.types().toSorted()).toEqual(['game_created', 'move_made'])
    feed.close()
  })

  test('more changes than are read at once: a gap', async () => {
    const world = createWorld()
    const feed = feedOf(world)
    const all = listen(await feed.watchAll(undefined, never))
    for (let game = 0; game < 60; game++) world.create()
    await vi.waitFor(() => expect(all.types()).toContain('gap'), patience)
    expect(all.types().filter((type) => type === 'game_created').length).toBeLessThan(60)
    const { length } = all.records
    const last = world.create()
    await vi.waitFor(() => expect(all.records).toHaveLength(length + 1), patience)
    expect(all.records.at(-1)).toMatchObject({ type: 'game_created', gameId: last })
    feed.close()
  })

  test('a list that cannot be read refuses the stream, and later ends none', async () => {
    const world = createWorld()
    const feed = feedOf(world)
    world.faults.push(new Error('no answer'))
    await expect(feed.watchAll(undefined, never)).rejects.toThrow('no answer')
    const all = listen(await feed.watchAll(undefined, never))
    world.faults.push(new Error('no answer'))
    const gameId = world.create()
    await vi.waitFor(() => expect(all.records).toMatchObject([{ type: 'game_created', gameId }]), patience)
    feed.close()
  })
})

test('closing ends every stream, and none begins afterwards', async () => {
  const { feed, gameId, stream } = await watched()
  const all = listen(await feed.watchAll(undefined, never))
  const late = await feed.watchGame(gameId, undefined, never)
  feed.close()
  expect([stream.state.isEnded, all.state.isEnded, listen(late).state.isEnded]).toEqual([true, true, true])
})
