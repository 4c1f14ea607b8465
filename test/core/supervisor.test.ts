import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { ChildChange, ChildPolicy, ChildSpec } from '../../src/core/supervised.ts'
import { createSupervisor } from '../../src/core/supervisor.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'
import { recordingLog } from '../db/kit.ts'

/** Parts that crash, end and start on demand; `said` has what they and the supervisor did, in order. */
function createStage(limits = {}) {
  const clock = createVirtualClock()
  const log = recordingLog()
  const said: string[] = []
  const changes: ChildChange[] = []
  const ends = new Map<string, PromiseWithResolvers<void>>()
  const supervisor = createSupervisor({
    clock,
    random: () => 0.5,
    log,
    limits,
    onState: (change) => void changes.push(change),
  })
  const part = (
    id: string,
    policy: ChildPolicy = 'permanent',
    start: () => Promise<void> = async () => {},
  ): ChildSpec => ({
    id,
    policy,
    async start() {
      said.push(`start ${id}`)
      await start()
      const end = Promise.withResolvers<void>()
      ends.set(id, end)
      return { ended: end.promise, stop: async () => void said.push(`stop ${id}`) }
    },
  })
  /** Until the clock has run so long, with all that is due by then done. */
  const pass = async (ms: number) => {
    await clock.run(clock.sleep(ms))
    await nextTurn()
  }
  const states = () => Object.fromEntries(supervisor.tree().map(({ id, state }) => [id, state]))
  return {
    clock,
    log,
    said,
    changes,
    supervisor,
    part,
    pass,
    states,
    crash: (id: string) => ends.get(id)?.reject(new RangeError(`${id} crashed`)),
    end: (id: string) => ends.get(id)?.resolve(),
  }
}

test('starts in order, stops in reverse', async () => {
  const { supervisor, part, said, states } = createStage()
  await supervisor.start(['store', 'tools', 'agents'].map((id) => part(id)))
  expect(states()).toEqual({ store: 'running', tools: 'running', agents: 'running' })
  await supervisor.close()
  expect(said).toEqual(['start store', 'start tools', 'start agents', 'stop agents', 'stop tools', 'stop store'])
  expect(supervisor.tree()).toEqual([])
  await expect(supervisor.spawn(part('late'))).rejects.toMatchObject({ details: { reason: 'closed' } })
})

test('a start that fails stops those before it, and is told', async () => {
  const { supervisor, part, said } = createStage()
  const broken = part('tools', 'permanent', () => Promise.reject(new RangeError('no port')))
  await expect(supervisor.start([part('store'), broken, part('agents')])).rejects.toThrow('no port')
  expect(said).toEqual(['start store', 'start tools', 'stop store'])
  expect(supervisor.tree()).toEqual([])
})

describe.each([
  { policy: 'permanent', afterEnd: 'running', afterCrash: 'running' },
  { policy: 'transient', afterEnd: 'stopped', afterCrash: 'running' },
  { policy: 'temporary', afterEnd: 'stopped', afterCrash: 'failed' },
] as const)('a $policy part', ({ policy, afterEnd, afterCrash }) => {
  test(`is ${afterEnd} after its end, ${afterCrash} after a crash; its sibling runs on`, async () => {
    const { supervisor, part, crash, end, pass, states, said } = createStage()
    await supervisor.start([part('ends', policy), part('crashes', policy), part('sibling')])
    end('ends')
    crash('crashes')
    await pass(1_001)
    expect(states()).toEqual({ ends: afterEnd, crashes: afterCrash, sibling: 'running' })
    expect(said.filter((line) => line === 'start sibling')).toHaveLength(1)
    await supervisor.close()
  })
})

test('waits 1 s, 2 s, 4 s, … between restarts, and gives up after five in ten minutes', async () => {
  const { supervisor, part, crash, clock, changes, log, states, pass } = createStage()
  const startedMs: number[] = []
  await supervisor.start([part('bad', 'permanent', async () => void startedMs.push(clock.monotonicMs())), part('good')])
  for (let crashes = 0; crashes < 6; crashes++) {
    crash('bad')
    await pass(60_000)
  }
  expect(startedMs.map((atMs) => atMs % 60_000)).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000])
  expect(states()).toEqual({ bad: 'failed', good: 'running' })
  expect(changes.at(-1)).toEqual({ id: 'bad', from: 'running', to: 'failed', restarts: 5, error: 'bad crashed' })
  expect(log.lines.filter((line) => line.startsWith('error: a part of the service has failed for good'))).toHaveLength(
    1,
  )
  await pass(3_600_000)
  expect(states()['bad']).toBe('failed')
  await supervisor.close()
})

test('crashes that are far apart are forgiven', async () => {
  const { supervisor, part, crash, states, pass } = createStage()
  await supervisor.start([part('now and then')])
  for (let crashes = 0; crashes < 12; crashes++) {
    crash('now and then')
    await pass(130_000)
  }
  expect(states()).toEqual({ 'now and then': 'running' })
  expect(supervisor.tree()[0]?.restarts).toBe(12)
  await supervisor.close()
})

test('the wait grows to a minute and no further', async () => {
  const { supervisor, part, crash, clock, pass } = createStage({ maxRestarts: 9 })
  const startedMs: number[] = []
  await supervisor.start([part('bad', 'permanent', async () => void startedMs.push(clock.monotonicMs()))])
  for (let crashes = 0; crashes < 8; crashes++) {
    crash('bad')
    await pass(61_000)
  }
  expect(startedMs.slice(1).map((atMs) => atMs % 61_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((s) => s * 1_000))
  await supervisor.close()
})

test('a restart that fails to start is a crash like any other', async () => {
  let isBroken = false
  const { supervisor, part, crash, pass, states } = createStage()
  await supervisor.start([
    part('port', 'transient', () => (isBroken ? Promise.reject(new Error('taken')) : Promise.resolve())),
  ])
  isBroken = true
  crash('port')
  await pass(1_500)
  expect(supervisor.tree()[0]).toMatchObject({ state: 'waiting', restarts: 1, error: 'taken' })
  isBroken = false
  await pass(2_000)
  expect(states()).toEqual({ port: 'running' })
  await supervisor.close()
})

describe('spawned parts', () => {
  test('are forgotten once they have ended or were stopped; a failed one stays until it is replaced', async () => {
    const { supervisor, part, end, crash, pass, states, said } = createStage()
    for (const id of ['ends', 'fails', 'stopped']) await supervisor.spawn(part(id, 'temporary'))
    await expect(supervisor.spawn(part('ends'))).rejects.toMatchObject({
      code: 'ACTOR_REFUSED',
      details: { reason: 'exists', key: 'ends' },
    })
    end('ends')
    crash('fails')
    await pass(1)
    expect(await supervisor.stop('stopped')).toBe(true)
    expect(await supervisor.stop('stopped')).toBe(false)
    expect(states()).toEqual({ fails: 'failed' })
    await supervisor.spawn(part('fails'))
    expect(states()).toEqual({ fails: 'running' })
    await supervisor.close()
    expect(said.filter((line) => line.startsWith('stop'))).toEqual(['stop stopped', 'stop fails'])
  })

  test('that do not start are told and forgotten', async () => {
    const { supervisor, part } = createStage()
    const broken = part('bad', 'transient', () => Promise.reject(new RangeError('no model')))
    await expect(supervisor.spawn(broken)).rejects.toThrow('no model')
    expect(supervisor.tree()).toEqual([])
  })

  test('are a hundred and more at once, and no more than may be', async () => {
    const { supervisor, part, said } = createStage({ maxChildren: 200 })
    await Promise.all(Array.from({ length: 200 }, (_, index) => supervisor.spawn(part(`agent ${index}`, 'transient'))))
    await expect(supervisor.spawn(part('one more'))).rejects.toMatchObject({ details: { reason: 'full' } })
    await supervisor.close()
    expect(said.filter((line) => line.startsWith('stop'))).toHaveLength(200)
  })
})

describe('stopping', () => {
  test('in the middle of a wait starts it no more', async () => {
    const { supervisor, part, crash, pass, said } = createStage()
    await supervisor.start([part('bad')])
    crash('bad')
    await pass(500)
    await supervisor.close()
    await pass(60_000)
    expect(said).toEqual(['start bad'])
  })

  test('in the middle of a start fires its signal, and stops what comes all the same', async () => {
    const { supervisor } = createStage()
    const said: string[] = []
    const started = Promise.withResolvers<void>()
    const spawning = supervisor.spawn({
      id: 'slow',
      policy: 'permanent',
      async start(signal) {
        signal.addEventListener('abort', () => said.push('told'))
        await started.promise
        return { stop: async () => void said.push('stopped') }
      },
    })
    const refused = expect(spawning).rejects.toThrow('It is being stopped.')
    const closing = supervisor.close()
    started.resolve()
    await closing
    await refused
    expect(said).toEqual(['told', 'stopped'])
  })

  test('a part that does not end is waited for ten seconds, and told of', async () => {
    const { supervisor, clock, log } = createStage()
    await supervisor.spawn({
      id: 'stuck',
      policy: 'permanent',
      start: async () => ({ stop: () => new Promise(() => {}) }),
    })
    await clock.run(supervisor.close())
    expect(clock.monotonicMs()).toBe(10_000)
    expect(log.lines).toEqual([expect.stringContaining('did not stop as it should')])
  })
})

test('a start that takes too long has failed', async () => {
  const { supervisor, clock } = createStage()
  const spawning = supervisor.spawn({ id: 'slow', policy: 'permanent', start: () => new Promise(() => {}) })
  await expect(clock.run(spawning)).rejects.toHaveProperty('name', 'TimeoutError')
  expect(clock.monotonicMs()).toBe(60_000)
})

test('a part may supervise others: the tree shows them', async () => {
  const { supervisor, clock, part } = createStage()
  const inner = createSupervisor({ clock, random: () => 0.5 })
  await supervisor.start([
    part('store'),
    {
      id: 'agents',
      policy: 'permanent',
      start: async () => ({ stop: () => inner.close(), tree: () => inner.tree() }),
    },
  ])
  await inner.spawn(part('otto', 'transient'))
  const node = { state: 'running', restarts: 0 }
  const otto = { ...node, id: 'otto', policy: 'transient', children: [] }
  expect(supervisor.tree()).toEqual([
    { ...node, id: 'store', policy: 'permanent', children: [] },
    { ...node, id: 'agents', policy: 'permanent', children: [otto] },
  ])
  await supervisor.close()
  expect(inner.tree()).toEqual([])
})
