import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Intent, IntentLog, KeyStore, LoggedIntent, Settlement } from '../../src/intent/intent.ts'
import { eventually } from '../db/kit.ts'
import type { World as RealWorld } from '../intent/kit.ts'
import { engines, intentOf, lapse } from '../intent/kit.ts'
import { createChance } from './chance.ts'
import { createSimulatedDatabase } from './database.ts'
import { createLife } from './life.ts'
import { createTime } from './time.ts'

/** A bridge on either database. */
type Side = { readonly intents: IntentLog; readonly keys: KeyStore; own(gameId: string): Promise<() => Promise<void>> }

/** One and the same thing done on either side; ids stand for themselves, times are not compared. */
type Step = (side: Side) => Promise<unknown>

// Nor is what is noted some time later, or never.
const untimed = (found: LoggedIntent | undefined): unknown =>
  found && { ...found, isDelivered: false, createdMs: 0, lastSentMs: 0, messages: JSON.stringify(found.messages) }

/** Steps that a service could take, of which later ones touch what earlier ones made. */
function createSteps(seed: number): readonly Step[] {
  const chance = createChance(seed, 'steps')
  const games = [0, 1].map(() => chance.uuid())
  const made: Intent[] = []
  const keyOf = () => `key ${seed} ${chance.below(3)}`
  const some = () => made[chance.below(made.length)]?.id ?? 'nowhere'
  const settlement = (): Settlement =>
    chance.pick<Settlement>([
      { state: 'abandoned' },
      { state: 'rejected', reason: { code: 'INVALID_MOVE', details: { cell: 4 } } },
      { state: 'confirmed', mark: undefined },
      { state: 'confirmed', mark: { scriptSequence: chance.below(9), machineId: 'm', machineSequence: 2 } },
    ])
  const makers: readonly (() => Step)[] = [
    () => {
      const gameId = chance.pick(games)
      const slot = `${gameId}/${chance.below(2)}`
      const requestKey = chance.happens(0.5) ? keyOf() : undefined
      const intent = intentOf({ id: chance.uuid(), gameId, slot, requestKey })
      made.push(intent)
      return async ({ intents, own }) => {
        const release = await own(gameId)
        return intents.prepare(intent).finally(release)
      }
    },
    () => {
      const id = some()
      return ({ intents }) => intents.sending(id)
    },
    () => {
      const [id, end] = [some(), settlement()]
      return ({ intents }) => intents.settle(id, end)
    },
    () => {
      const id = some()
      return async ({ intents }) => intents.delivered(id)
    },
    () => {
      const gameId = chance.pick(games)
      return async ({ intents }) => [(await intents.owedIn(gameId)).map(untimed), await intents.markOf(gameId)]
    },
    () => {
      const key = keyOf()
      return async ({ intents }) => untimed(await intents.underKey('p', key))
    },
    () => {
      const [key, fingerprint] = [keyOf(), chance.pick(['f', 'f', 'g'])]
      return ({ keys }) => keys.claim('p', key, fingerprint)
    },
    () => {
      const [key, outcome] = [keyOf(), { success: chance.happens(0.5), number: chance.below(9) }]
      return ({ keys }) => keys.settle('p', key, outcome)
    },
    () => {
      const key = keyOf()
      return ({ keys }) => keys.release('p', key)
    },
    () =>
      async ({ intents }) =>
        (await intents.countOpen()).open,
  ]
  return Array.from({ length: 60 }, () => chance.pick(makers)())
}

/** The database of the simulation, its time driven by whoever waits for it. */
function openSimulated(isShared: boolean) {
  const time = createTime()
  const weather = { fails: 0, answersLost: 0, latencyMs: 1 }
  const chance = createChance(1, 'disk')
  const database = createSimulatedDatabase({ time, chance, weather, isShared, trace: () => {} })
  const driven = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false
    const end = () => {
      isOver = true
    }
    work.then(end, end)
    await time.run(time.nowMs() + 60_000, () => isOver)
    return work
  }
  let count = 0
  const connect = () => {
    const life = createLife(() => {})
    const { intents, keys, locks } = database.connect(`bridge-${++count}`, life, () => time.nowMs())
    const lasting = new AbortController().signal
    return { intents, keys, life, own: (gameId: string) => locks.hold(gameId, lasting) }
  }
  return { connect, driven, pass: (ms: number) => time.run(time.nowMs() + ms, () => false) }
}

describe.each(engines)('the simulated database beside $name', ({ isMissing, open }) => {
  let real: RealWorld
  beforeAll(async () => {
    if (!isMissing) real = await open()
  })
  afterAll(() => real?.close())

  test.skipIf(isMissing)('gives the same answers to the same steps, and to who comes after a death', async () => {
    const isShared = real.database.engine === 'postgres'
    for (let seed = 1; seed <= 40; seed++) {
      const bridge = await real.bridge()
      const simulated = openSimulated(isShared)
      const first = simulated.connect()
      const realSide = { ...bridge, intents: bridge.log }
      for (const [at, step] of createSteps(seed).entries()) {
        const [found, expected] = [await simulated.driven(step(first)), await step(realSide)]
        // The real one holds the intents of earlier seeds too.
        if (typeof expected !== 'number') expect({ seed, at, found }).toEqual({ seed, at, found: expected })
      }
      first.life.end()
      await simulated.pass(30_000) // until its lease has lapsed
      await lapse(bridge)
      const next = await real.bridge()
      const second = simulated.connect()
      const expected = (await simulated.driven(second.intents.adoptOpen(100))).map(untimed)
      // A row that a note of the dead one is at just now is left for the next round.
      const adopted = await eventually(
        () => next.log.adoptOpen(100),
        ({ length }) => length === expected.length,
      )
      expect(adopted.map(untimed)).toEqual(expected)
      for (const { id } of await next.log.adoptOpen(100)) await next.log.settle(id, { state: 'abandoned' })
    }
  })
})
