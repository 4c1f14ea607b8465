import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Bridge, World } from './kit.ts'
import { age, engines, lapse } from './kit.ts'

describe.each(engines)('$name', ({ isMissing, open }) => {
  let world: World
  let bridge: Bridge
  beforeAll(async () => {
    if (isMissing) return
    world = await open()
    bridge = await world.bridge()
  })
  afterAll(() => world?.close())
  const fresh = () => crypto.randomUUID()
  const ours = { kind: 'ours', isTakenOver: false }

  describe.skipIf(isMissing)('a request key', () => {
    test('is ours from the first claim, and its answer is told from then on', async () => {
      const key = fresh()
      expect(await bridge.keys.claim('p', key, 'f')).toEqual(ours)
      await bridge.keys.settle('p', key, { success: true, board: [null, 'X'] })
      await bridge.keys.settle('p', key, { success: false })
      expect(await bridge.keys.claim('p', key, 'f')).toEqual({
        kind: 'final',
        outcome: { success: true, board: [null, 'X'] },
      })
    })

    test('stands for one request, answered or not', async () => {
      const key = fresh()
      await bridge.keys.claim('p', key, 'f')
      expect(await bridge.keys.claim('p', key, 'g')).toEqual({ kind: 'other' })
      await bridge.keys.settle('p', key, {})
      expect(await bridge.keys.claim('p', key, 'g')).toEqual({ kind: 'other' })
    })

    test('is each principal’s own', async () => {
      const key = fresh()
      await bridge.keys.claim('p', key, 'f')
      expect(await bridge.keys.claim('q', key, 'g')).toEqual(ours)
    })

    test('that is given back may stand for anything', async () => {
      const key = fresh()
      await bridge.keys.claim('p', key, 'f')
      await bridge.keys.release('p', key)
      expect(await bridge.keys.claim('p', key, 'g')).toEqual(ours)
    })

    test('that is left open goes on at another bridge while the first one lives', async () => {
      const key = fresh()
      const other = await world.bridge()
      await bridge.keys.claim('p', key, 'f')
      await bridge.keys.leave('p', key)
      expect(await other.keys.claim('p', key, 'g')).toEqual({ kind: 'other' })
      expect(await other.keys.claim('p', key, 'f')).toEqual({ kind: 'ours', isTakenOver: true })
      await bridge.keys.leave('p', key) // it is the other's now
      if (world.database.engine === 'postgres')
        expect(await bridge.keys.claim('p', key, 'f')).toEqual({ kind: 'running' })
    })

    test('that is answered is not given back', async () => {
      const key = fresh()
      await bridge.keys.claim('p', key, 'f')
      await bridge.keys.settle('p', key, { a: 1 })
      await bridge.keys.release('p', key)
      expect(await bridge.keys.claim('p', key, 'f')).toEqual({ kind: 'final', outcome: { a: 1 } })
    })

    test('is free again a day after its answer', async () => {
      const key = fresh()
      await bridge.keys.claim('p', key, 'f')
      await bridge.keys.settle('p', key, { a: 1 })
      await age(world.database, 24 * 3_600_000 + 60_000)
      expect(await bridge.keys.claim('p', key, 'g')).toEqual(ours)
      await age(world.database, 24 * 3_600_000 + 60_000)
      expect(await bridge.keys.claim('p', key, 'f')).toEqual({ kind: 'other' }) // not while it is under way
    })

    test('that we have is taken up again by us', async () => {
      const key = fresh()
      await bridge.keys.claim('p', key, 'f')
      expect(await bridge.keys.claim('p', key, 'f')).toEqual({ kind: 'ours', isTakenOver: true })
    })
  })
})

describe.each(engines)('$name, after a bridge has died', ({ isMissing, open }) => {
  test.skipIf(isMissing)('its open keys are taken over, its answers stay', async () => {
    const world = await open()
    const dead = await world.bridge()
    await dead.keys.claim('p', 'open', 'f')
    await dead.keys.claim('p', 'done', 'f')
    await dead.keys.settle('p', 'done', { a: 1 })
    await lapse(dead)
    const next = await world.bridge()
    expect(await next.keys.claim('p', 'open', 'g')).toEqual({ kind: 'other' })
    expect(await next.keys.claim('p', 'open', 'f')).toEqual({ kind: 'ours', isTakenOver: true })
    expect(await next.keys.claim('p', 'done', 'f')).toEqual({ kind: 'final', outcome: { a: 1 } })
    await dead.keys.release('p', 'open') // it is not the dead one's any more
    expect(await next.keys.claim('p', 'open', 'g')).toEqual({ kind: 'other' })
    await world.close()
  })
})
