import { describe, expect, expectTypeOf, test } from 'vitest'
import type { Transport } from '../../src/chain/transport.ts'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import type { Message } from '../../src/fiber/messages.ts'
import { add, alice, bob, createCounter, ottochain, sign, uuid, workchain } from './fixtures.ts'
import {
  ask,
  commit,
  createManualClock,
  post,
  readErrors,
  readMachine,
  readOrdinal,
  startDevnet,
  until,
} from './kit.ts'

const reasonOf = (json: JsonValue | undefined) => (json as { details: { reason: string } }).details.reason

async function totalOf(devnet: Devnet, number = 1, dialect = workchain) {
  const { stateData, sequenceNumber } = await readMachine(devnet, dialect, uuid(number))
  return { total: stateData['total'], sequenceNumber }
}

test('is a transport of the chain', () => {
  expectTypeOf<Devnet>().toExtend<Transport>()
})

describe.each([workchain, ottochain])('in $name', (dialect) => {
  const mark = (index: number) => (dialect.name === 'workchain' ? { key: `key ${index}` } : { target: index })

  test('runs a machine from its creation on', async () => {
    const devnet = await startDevnet({ dialect })
    await commit(devnet, dialect, createCounter(1, dialect))
    await commit(devnet, dialect, add(1, 3, mark(0)))
    await commit(devnet, dialect, add(1, 4, mark(1)))
    expect(await totalOf(devnet, 1, dialect)).toEqual({ total: 7, sequenceNumber: 2 })
    const { ordinal, state } = (await ask(devnet, 'l0', `${dialect.prefix}/checkpoint`)).json as JsonObject
    expect(ordinal).toBe(3)
    expect(dialect.findFiber(state ?? null, 'machine', uuid(1))).toEqual(
      (await ask(devnet, 'l0', `${dialect.prefix}/state-machines/${uuid(1).toUpperCase()}`)).json,
    )
  })

  test('answers 200 with the hash of what a node would sign', async () => {
    const devnet = await startDevnet({ dialect })
    const { hash, envelope } = await sign(dialect, createCounter(1, dialect))
    expect(await post(devnet, envelope)).toMatchObject({ status: 200, json: { hash, feeHash: null } })
  })

  test('knows a creation only once it is in a snapshot', async () => {
    const { clock } = createManualClock()
    const devnet = await startDevnet({ dialect, clock, snapshotMs: 1_000 })
    await post(devnet, (await sign(dialect, createCounter(1, dialect))).envelope)
    const { status, json } = await post(devnet, (await sign(dialect, add(1, 1, mark(0)))).envelope)
    expect(status).toBe(400)
    expect(reasonOf(json)).toBe(`Invalid data update, reason: Chain(CidNotFound(${uuid(1)}))`)
  })

  test('refuses by validation before it looks at signatures, and by every signature', async () => {
    const devnet = await startDevnet({ dialect })
    const { envelope } = await sign(dialect, createCounter(1, dialect), [alice, bob])
    const [first, second] = envelope.proofs
    const forged = { ...envelope, proofs: [first, { ...second, signature: first?.signature ?? '' }] }
    expect(await post(devnet, forged as unknown as JsonValue)).toMatchObject({
      status: 400,
      json: { error: 'Invalid signature in data transactions' },
    })
    const unknown = { value: dialect.encode(add(9, 1, mark(0))), proofs: forged.proofs } as unknown as JsonValue
    expect(reasonOf((await post(devnet, unknown)).json)).toContain('CidNotFound')
  })

  test('tells who was refused when the turn came, and nobody else', async () => {
    const devnet = await startDevnet({ dialect })
    await commit(devnet, dialect, createCounter(1, dialect))
    const { hash } = await commit(devnet, dialect, add(1, 1, mark(0)), [bob])
    expect(await readErrors(devnet, hash)).toMatchObject({
      message: expect.stringMatching(/^data block not accepted: NotSignedByOwner/),
      description: null,
    })
    expect(await totalOf(devnet, 1, dialect)).toEqual({ total: 0, sequenceNumber: 0 })
    expect(await readErrors(devnet, 'ab'.repeat(32))).toBeNull()
  })

  test('an aborted event leaves a receipt and no error', async () => {
    const devnet = await startDevnet({ dialect })
    await commit(devnet, dialect, createCounter(1, dialect))
    const { hash } = await commit(devnet, dialect, add(1, -1, mark(0)))
    const machine = await readMachine(devnet, dialect, uuid(1))
    expect(machine).toMatchObject({ sequenceNumber: 0, latestUpdateOrdinal: 2, lastEvent: { success: false } })
    expect(await readErrors(devnet, hash)).toBeNull()
  })

  test('lists the events of a machine, and shows their fate', async () => {
    const devnet = await startDevnet({ dialect })
    const path = `${dialect.prefix}/state-machines/${uuid(1)}/events`
    expect((await ask(devnet, 'l0', path)).json).toBeNull()
    await commit(devnet, dialect, createCounter(1, dialect))
    const failed = await commit(devnet, dialect, add(1, -1, mark(0)))
    const good = await commit(devnet, dialect, add(1, 2, mark(0)))
    expect((await ask(devnet, 'l0', path)).json).toEqual([
      { eventName: 'add', payload: { by: -1 }, hash: failed.hash, ordinal: 2, success: false },
      { eventName: 'add', payload: { by: 2 }, hash: good.hash, ordinal: 3, success: true },
    ])
  })

  test('filters machines by the status words of its dialect', async () => {
    const devnet = await startDevnet({ dialect })
    await commit(devnet, dialect, createCounter(1, dialect))
    await commit(devnet, dialect, createCounter(2, dialect))
    await commit(devnet, dialect, {
      type: 'ArchiveStateMachine',
      fiberId: uuid(2),
      targetSequenceNumber: dialect.name === 'ottochain' ? 0 : null,
    })
    const [active, archived] = dialect.name === 'ottochain' ? ['ACTIVE', 'ARCHIVED'] : ['Active', 'Archived']
    const idsOf = async (status: string) =>
      Object.keys((await ask(devnet, 'l0', `${dialect.prefix}/state-machines?status=${status}`)).json as JsonObject)
    expect(await idsOf(active ?? '')).toEqual([uuid(1)])
    expect(await idsOf(archived ?? '')).toEqual([uuid(2)])
  })

  test('shows snapshots with signed bytes of canonical JSON, the state as it was then', async () => {
    const devnet = await startDevnet({ dialect })
    await commit(devnet, dialect, createCounter(1, dialect))
    const onChainThen = (await ask(devnet, 'l0', `${dialect.prefix}/onchain`)).json
    await commit(devnet, dialect, add(1, 2, mark(0)))
    const { value } = (await ask(devnet, 'l0', '/snapshots/1')).json as {
      value: { dataApplication: { onChainState: number[] } }
    }
    const bytes = value.dataApplication.onChainState
    expect(JSON.parse(Buffer.from(Int8Array.from(bytes)).toString('utf8'))).toEqual(onChainThen)
    const metadata = (await ask(devnet, 'l0', '/snapshots/latest/metadata')).json as JsonObject
    expect((await ask(devnet, 'l0', '/snapshots/1/hash')).json).toBe(metadata['lastSnapshotHash'])
    expect((await ask(devnet, 'l0', '/snapshots/99')).status).toBe(404)
  })
})

describe('repeated events', () => {
  test('the same bytes again run once, other bytes under the key are refused, queued or committed', async () => {
    const { clock, tick } = createManualClock()
    const devnet = await startDevnet({ clock, snapshotMs: 1_000 })
    const include = async (message: Message) => {
      const before = await readOrdinal(devnet)
      await post(devnet, (await sign(workchain, message)).envelope)
      tick()
      await until(
        devnet,
        () => readOrdinal(devnet),
        (ordinal) => ordinal > before,
      )
    }
    await include(createCounter(1, workchain))
    const event = await sign(workchain, add(1, 2, { key: 'k' }))
    const other = await sign(workchain, add(1, 3, { key: 'k' }))
    const bothSigned = await sign(workchain, add(1, 2, { key: 'k' }), [alice, bob])
    await post(devnet, event.envelope)
    for (const moment of ['queued', 'committed']) {
      const again = await post(devnet, event.envelope)
      expect(again, moment).toMatchObject({ status: 200, json: { hash: event.hash, feeHash: null, duplicate: true } })
      const { status, json } = await post(devnet, other.envelope)
      expect(status, moment).toBe(400)
      expect(reasonOf(json), moment).toContain('IdempotencyKeyUsed')
      if (moment === 'committed') break
      await post(devnet, bothSigned.envelope) // the same message with more proofs waits too, and does not run
      tick()
      await until(
        devnet,
        () => readOrdinal(devnet),
        (ordinal) => ordinal === 2,
      )
    }
    expect(await totalOf(devnet)).toEqual({ total: 2, sequenceNumber: 1 })
    expect(await readErrors(devnet, event.hash)).toBeNull()
  })

  test('an aborted event does not use its key up', async () => {
    const devnet = await startDevnet()
    await commit(devnet, workchain, createCounter(1, workchain))
    await commit(devnet, workchain, add(1, -2, { key: 'k' }))
    await commit(devnet, workchain, add(1, 2, { key: 'k' }))
    expect(await totalOf(devnet)).toEqual({ total: 2, sequenceNumber: 1 })
  })

  test('run as often as they come without extensions or without a key', async () => {
    const plain = await startDevnet({ extensions: false })
    const keyless = await startDevnet()
    for (const [devnet, message] of [
      [plain, add(1, 2, { key: 'k' })],
      [keyless, add(1, 2)],
    ] as const) {
      await commit(devnet, workchain, createCounter(1, workchain))
      await commit(devnet, workchain, message)
      await commit(devnet, workchain, message)
      expect(await totalOf(devnet)).toEqual({ total: 4, sequenceNumber: 2 })
    }
  })
})

describe('sequence numbers', () => {
  const at = (by: number, target: number) => sign(ottochain, add(1, by, { target }))

  test('several may be under way; each must match exactly at its turn', async () => {
    const devnet = await startDevnet({ dialect: ottochain })
    await commit(devnet, ottochain, createCounter(1, ottochain))
    const [first, second, skipping] = [await at(1, 0), await at(2, 1), await at(4, 9)]
    for (const { envelope } of [first, second, skipping]) expect((await post(devnet, envelope)).status).toBe(200)
    await until(
      devnet,
      () => readErrors(devnet, skipping.hash),
      (errors) => errors !== null,
    )
    expect(await totalOf(devnet, 1, ottochain)).toEqual({ total: 3, sequenceNumber: 2 })
    expect(JSON.stringify(await readErrors(devnet, skipping.hash))).toContain('SequenceNumberMismatch')
    const late = await post(devnet, first.envelope)
    expect(late.status).toBe(400)
    expect(reasonOf(late.json)).toContain('SequenceNumberMismatch')
  })

  test('a second copy under way is refused without a word about the first', async () => {
    const { clock, tick } = createManualClock()
    const devnet = await startDevnet({ dialect: ottochain, clock, snapshotMs: 1_000 })
    await post(devnet, (await sign(ottochain, createCounter(1, ottochain))).envelope)
    tick()
    await until(
      devnet,
      () => readOrdinal(devnet),
      (ordinal) => ordinal === 1,
    )
    const event = await at(1, 0)
    await post(devnet, event.envelope)
    await post(devnet, event.envelope)
    tick()
    await until(
      devnet,
      () => readOrdinal(devnet),
      (ordinal) => ordinal === 2,
    )
    expect(await totalOf(devnet, 1, ottochain)).toEqual({ total: 1, sequenceNumber: 1 })
    expect(await readErrors(devnet, event.hash)).toBeNull()
  })
})

test('without extensions the events route is as poor as a real node', async () => {
  const path = ({ prefix }: typeof workchain) => `${prefix}/state-machines/${uuid(1)}/events`
  const old = await startDevnet({ extensions: false })
  await commit(old, workchain, createCounter(1, workchain))
  await commit(old, workchain, add(1, 2))
  expect((await ask(old, 'l0', path(workchain))).json).toEqual([])
  const current = await startDevnet({ extensions: false, dialect: ottochain })
  await commit(current, ottochain, createCounter(1, ottochain))
  await commit(current, ottochain, add(1, 2, { target: 0 }))
  expect((await ask(current, 'l0', path(ottochain))).json).toMatchObject([
    { eventName: 'add', ordinal: 2, success: true },
  ])
  await commit(current, ottochain, createCounter(2, ottochain))
  expect((await ask(current, 'l0', path(ottochain))).json).toEqual([])
})

test('a lagging L0 shows the state of n snapshots ago, then catches up by itself', async () => {
  const { clock, tick } = createManualClock()
  const devnet = await startDevnet({ clock, snapshotMs: 1_000, lagOrdinals: 2 })
  await post(devnet, (await sign(workchain, createCounter(1, workchain))).envelope)
  const idle = () =>
    until(
      devnet,
      () => ask(devnet, 'l1', '/data-application/onchain'),
      () => true,
    )
  tick()
  const knows = async () => Object.keys(((await idle()).json as { latest: JsonObject }).latest).length
  await until(devnet, knows, (count) => count === 1)
  expect(await readOrdinal(devnet)).toBe(0)
  expect((await ask(devnet, 'l0', `/data-application/state-machines/${uuid(1)}`)).json).toBeNull()
  for (let more = 0; more < 2; more++) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const stop = devnet.onSnapshot(() => resolve())
    tick()
    await promise
    stop()
  }
  expect(await readOrdinal(devnet)).toBe(1)
  expect(await totalOf(devnet)).toEqual({ total: 0, sequenceNumber: 0 })
})

test('tells listeners which fibers moved or were refused, and one that throws stops nothing', async () => {
  const devnet = await startDevnet()
  const told: string[][] = []
  devnet.onSnapshot((fiberIds) => told.push([...fiberIds]))
  devnet.onSnapshot(() => {
    throw new Error('a listener of poor quality')
  })
  for (const number of [1, 2]) await post(devnet, (await sign(workchain, createCounter(number, workchain))).envelope)
  await until(
    devnet,
    async () => told.flat().length,
    (count) => count === 2,
  )
  await post(devnet, (await sign(workchain, add(2, 1), [bob])).envelope)
  await until(
    devnet,
    async () => told.flat().length,
    (count) => count === 3,
  )
  expect(told.flat()).toEqual([uuid(1), uuid(2), uuid(2)])
})

test('answers late when told to, and gives up with its caller', async () => {
  const { clock, tick } = createManualClock()
  const devnet = await startDevnet({ clock, latencyMs: 50 })
  const state = { answered: false }
  const late = ask(devnet, 'l1', '/node/state').then((answer) => {
    state.answered = true
    return answer
  })
  await new Promise(setImmediate)
  expect(state.answered).toBe(false)
  tick()
  expect((await late).json).toBe('Ready')
  const caller = new AbortController()
  const dropped = devnet.request({ layer: 'l1', method: 'GET', path: '/node/state', signal: caller.signal })
  caller.abort(new Error('gone'))
  await expect(dropped).rejects.toThrow('gone')
})

test('tells who it is', async () => {
  const devnet = await startDevnet()
  const { l1Port, l0Port } = await devnet.listen({ host: '127.0.0.1', l1Port: 0, l0Port: 0 })
  const info = (await ask(devnet, 'l1', '/node/info')).json as JsonObject
  expect(info).toMatchObject({ state: 'Ready', publicPort: l1Port, host: '127.0.0.1' })
  expect(info['id']).toMatch(/^[0-9a-f]{128}$/)
  const [peer] = (await ask(devnet, 'l0', '/cluster/info')).json as JsonObject[]
  expect(peer).toMatchObject({ id: info['id'], publicPort: l0Port, session: String(info['session']) })
})

test('a taken port is told as such, and the other one is given back', async () => {
  const [one, two] = [await startDevnet(), await startDevnet()]
  const { l0Port } = await one.listen({ host: '127.0.0.1', l1Port: 0, l0Port: 0 })
  await expect(two.listen({ host: '127.0.0.1', l1Port: 0, l0Port })).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  expect((await ask(two, 'l1', '/node/info')).json).toMatchObject({ publicPort: 0 })
})

test('what was queued when it closes is executed', async () => {
  const { clock } = createManualClock()
  const devnet = await startDevnet({ clock, snapshotMs: 60_000 })
  await post(devnet, (await sign(workchain, createCounter(1, workchain))).envelope)
  await devnet.close()
  expect(await totalOf(devnet)).toEqual({ total: 0, sequenceNumber: 0 })
  const refused = await post(devnet, (await sign(workchain, createCounter(2, workchain))).envelope)
  expect(refused).toMatchObject({ status: 500, json: { code: 4, retriable: true } })
})
