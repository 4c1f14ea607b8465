import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { NoAnswerError, NotSentError } from '../../src/chain/errors.ts'
import type { NodeAnswer } from '../../src/chain/transport.ts'
import { createSigner } from '../../src/signing/signer.ts'
import { winningMoves } from '../games.ts'
import type { Fault, WorldOptions } from './_world.ts'
import { callerFor, createWorld } from './_world.ts'

type World = Awaited<ReturnType<typeof createWorld>>

const worlds: World[] = []
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()))
})

async function playing(options: WorldOptions = {}) {
  const world = await createWorld(options)
  worlds.push(world)
  const { view } = await world.games.create(callerFor(5_000))
  await world.games.start(view.gameId, callerFor(5_000))
  world.line.posts = 0
  const { gameId } = view
  const move = (player: 'X' | 'O', cell: number, ms = 5_000) =>
    world.games.move({ gameId, player, cell }, callerFor(ms))
  return { world, gameId, move, state: () => world.another().state(gameId, callerFor(5_000)) }
}

const isPost = (method: string) => method === 'POST'
const answer = (status: number, json: NodeAnswer['json']): NodeAnswer => ({
  status,
  json,
  text: undefined,
  retryAfterSeconds: undefined,
})

/** Breaks the first `times` posts, then lets everything through. */
const firstPosts = (times: number, fault: Fault): Fault => {
  let left = times
  return (asked, forward) => {
    if (!isPost(asked.method) || left === 0) return forward()
    left -= 1
    return fault(asked, forward)
  }
}

describe('a move whose message meets trouble is played once', () => {
  const troubles: { readonly [name: string]: Fault } = {
    'refused connection': async () => {
      throw new NotSentError('refused')
    },
    'lost reply': async (_, forward) => {
      await forward()
      throw new NoAnswerError('l1')
    },
    'doubled delivery': async (_, forward) => {
      await forward()
      return forward()
    },
    'reply without a hash': async (_, forward) => {
      await forward()
      return answer(200, {})
    },
    'gateway that gives up after delivering': async (_, forward) => {
      await forward()
      return answer(502, undefined)
    },
  }

  test.each(Object.keys(troubles))('%s', async (name) => {
    for (const extensions of [true, false]) {
      const { world, move, state } = await playing({ extensions })
      world.line.fault = firstPosts(1, troubles[name] ?? (() => expect.unreachable()))
      const { view, replayed } = await move('X', 4)
      expect(view).toMatchObject({ moveCount: 1, turn: 'O' })
      expect(replayed).toBe(false)
      expect((await state()).moveHistory).toHaveLength(1)
    }
  })

  test('lost before it arrived', { timeout: 15_000 }, async () => {
    const { world, move, state } = await playing()
    world.line.fault = firstPosts(1, async () => {
      throw new NoAnswerError('l1')
    })
    expect((await move('X', 4, 10_000)).view.moveCount).toBe(1)
    expect((await state()).moveCount).toBe(1)
    expect(world.line.posts).toBe(2)
  })
})

describe('what is not known is said so', () => {
  test('L1 down: nothing was submitted, and nothing is lost', async () => {
    const { world, move, state } = await playing()
    world.line.fault = firstPosts(99, async () => {
      throw new NotSentError('refused')
    })
    await expect(move('X', 4, 400)).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
    expect((await state()).moveCount).toBe(0)
    world.line.fault = (_, forward) => forward()
    expect((await move('X', 4)).view.moveCount).toBe(1)
  })

  test('L0 down before anything is sent: unreachable', async () => {
    const { world, move } = await playing()
    world.line.fault = async () => {
      throw new NotSentError('refused')
    }
    await expect(move('X', 4, 400)).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
    expect(world.line.posts).toBe(0)
  })

  test('L0 down after the message was queued: pending, and told once to who asks again', async () => {
    const { world, gameId, move, state } = await playing()
    let posted = false
    world.line.fault = (asked, forward) => {
      if (isPost(asked.method)) posted = true
      else if (posted) throw new NotSentError('refused')
      return forward()
    }
    await expect(move('X', 4, 500)).rejects.toMatchObject({ code: 'CONFIRMATION_PENDING', details: { gameId } })
    world.line.fault = (_, forward) => forward()
    expect(await move('X', 4)).toMatchObject({ replayed: true, view: { moveCount: 1 } })
    await expect(move('X', 4)).rejects.toMatchObject({ code: 'INVALID_MOVE', details: { reason: 'already_applied' } })
    expect((await state()).moveHistory).toHaveLength(1)
  })

  test.each([
    { name: 'start', from: 'setup' },
    { name: 'reset', from: 'playing' },
    { name: 'reset', from: 'finished' },
    { name: 'cancel', from: 'playing' },
  ] as const)('$name from $from: pending, then told once, and done once', async ({ name, from }) => {
    const { world, gameId, move, state } = await playing()
    const { games } = world
    const fresh = from === 'setup' ? (await games.create(callerFor(5_000))).view.gameId : gameId
    if (from === 'finished') for (const [player, cell] of winningMoves) await move(player, cell)
    const act = (ms: number) =>
      name === 'cancel'
        ? games.cancel({ gameId: fresh, reason: 'x' }, callerFor(ms))
        : games[name](fresh, callerFor(ms))
    let posts = 0
    const lastPost = from === 'finished' ? 2 : 1 // a machine for the next round comes before its start
    world.line.fault = (asked, forward) => {
      if (isPost(asked.method)) posts += 1
      else if (posts === lastPost) throw new NotSentError('refused')
      return forward()
    }
    await expect(act(700)).rejects.toMatchObject({ code: 'CONFIRMATION_PENDING' })
    world.line.fault = (_, forward) => forward()
    const { view, replayed } = await act(5_000)
    expect(replayed).toBe(true)
    expect(view.roundCount).toBe(name === 'reset' ? 1 : 0)
    expect(view.machineState).toBe(name === 'cancel' ? 'cancelled' : 'playing')
    if (name !== 'start') expect((await state()).roundCount).toBe(view.roundCount)
  })

  test('reply lost for good: unknown; another move waits, the same one goes on with the same bytes', async () => {
    const { world, move, state } = await playing()
    const bodies: unknown[] = []
    world.line.fault = async (asked, forward) => {
      if (!isPost(asked.method)) return forward()
      bodies.push(asked.body)
      throw new NoAnswerError('l1')
    }
    await expect(move('X', 4, 500)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    await expect(move('X', 5, 500)).rejects.toMatchObject({ code: 'GAME_BUSY' })
    world.line.fault = (asked, forward) => {
      if (isPost(asked.method)) bodies.push(asked.body)
      return forward()
    }
    expect((await move('X', 4)).view.moveCount).toBe(1)
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1)
    expect((await state()).moveHistory).toMatchObject([{ player: 'X', cell: 4 }])
  })

  test('a caller who hangs up before sending stops the move; after it, the move goes on', async () => {
    const { world, gameId, state } = await playing()
    const gone = AbortSignal.abort()
    await expect(world.games.move({ gameId, player: 'X', cell: 4 }, callerFor(2_000, gone))).rejects.toThrow()
    expect((await state()).moveCount).toBe(0)

    const caller = new AbortController()
    world.line.fault = (asked, forward) => {
      if (isPost(asked.method)) caller.abort()
      return forward()
    }
    const { view } = await world.games.move({ gameId, player: 'X', cell: 4 }, callerFor(2_000, caller.signal))
    expect(view.moveCount).toBe(1)
    world.line.fault = (_, forward) => forward()
    const again = await world.games.move({ gameId, player: 'X', cell: 4 }, callerFor(2_000))
    expect(again.replayed).toBe(true)
  })
})

describe('two bridges on one game', () => {
  test('the one that comes second is told that its place is taken', async () => {
    const { world, gameId, move } = await playing({ snapshotMs: 150 })
    const other = world.another()
    const both = await Promise.allSettled([
      move('X', 4),
      other.move({ gameId, player: 'X', cell: 0 }, callerFor(5_000)),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const [refused] = both.filter((result) => result.status === 'rejected')
    expect(refused?.reason).toMatchObject({ code: 'INVALID_MOVE', details: { reason: 'superseded' } })
  })

  test('the same move from both is one move', async () => {
    const { world, gameId, move, state } = await playing({ snapshotMs: 150 })
    const other = world.another()
    const both = await Promise.all([move('X', 4), other.move({ gameId, player: 'X', cell: 4 }, callerFor(5_000))])
    expect(both.map(({ view }) => view.moveCount)).toEqual([1, 1])
    expect((await state()).moveCount).toBe(1)
  })

  test('both open the same next round', async () => {
    const { world, gameId, move } = await playing()
    for (const [player, cell] of winningMoves) await move(player, cell)
    const [one, two] = await Promise.all([
      world.games.reset(gameId, callerFor(5_000)),
      world.another().reset(gameId, callerFor(5_000)),
    ])
    expect(one.view.machineId).toBe(two.view.machineId)
    expect(one.view).toMatchObject({ roundCount: 1, machineState: 'playing', moveCount: 0 })
  })
})

test('an L0 that lags behind is never shown again once newer state was seen', { timeout: 20_000 }, async () => {
  const { move, world, gameId } = await playing({ snapshotMs: 20, lagOrdinals: 3 })
  await move('X', 4)
  await move('O', 0)
  expect((await world.games.state(gameId, callerFor(5_000))).moveCount).toBe(2)
})

test('wallets that are not the players refuse to sign', async () => {
  const { world, gameId } = await playing()
  const strangers = { X: createSigner(randomBytes(32)), O: createSigner(randomBytes(32)) }
  const posts = world.line.posts
  await expect(world.another(strangers).move({ gameId, player: 'X', cell: 4 }, callerFor(2_000))).rejects.toMatchObject(
    {
      code: 'WALLET_ERROR',
      details: { reason: 'address_mismatch' },
    },
  )
  expect(world.line.posts).toBe(posts)
})

test('a lost creation is found again under its key', async () => {
  const world = await createWorld()
  worlds.push(world)
  world.line.fault = async (asked, forward) => {
    if (!isPost(asked.method)) return forward()
    await forward()
    throw new NoAnswerError('l1')
  }
  const keyed = () => ({ ...callerFor(3_000), requestKey: 'my-key' })
  const first = await world.games.create(keyed())
  const again = await world.games.create(keyed())
  expect(again).toMatchObject({ replayed: true, view: { gameId: first.view.gameId, machineState: 'setup' } })
})
