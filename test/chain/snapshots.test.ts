import { describe, expect, test } from 'vitest'
import { createSnapshotCache } from '../../src/chain/_snapshot-reader.ts'
import { createChain } from '../../src/chain/create-chain.ts'
import type { HeldMessage, HeldSnapshot } from '../../src/chain/snapshots.ts'
import { parseSnapshot, updateHash } from '../../src/chain/snapshots.ts'
import type { NodeAnswer, Transport } from '../../src/chain/transport.ts'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import type { Message } from '../../src/fiber/messages.ts'
import { systemClock } from '../../src/system.ts'

const ottochain = createDialect('ottochain')
const workchain = createDialect('workchain')
const fiberId = '00000000-0000-4000-8000-000000000001'
const proofs = [{ id: 'ab'.repeat(64), signature: '30' }]

const event = (eventName: string, targetSequenceNumber = 0): Message => ({
  type: 'TransitionStateMachine',
  fiberId,
  eventName,
  payload: {},
  targetSequenceNumber,
  idempotencyKey: null,
})
const creation: Message = {
  type: 'CreateScript',
  fiberId,
  vocabulary: 'current',
  scriptProgram: { '+': [1, 2] },
  initialState: null,
  accessControl: { type: 'Public' },
}
const receipt = (eventName: string, rest: JsonObject = {}): JsonObject => ({
  EventReceipt: { eventName, success: true, gasUsed: 7, sourceFiberId: null, ...rest },
})

const bytes = (json: JsonValue): number[] => [...new Int8Array(Buffer.from(JSON.stringify(json), 'utf8'))]

/** A snapshot as a node shows it. */
const shown = (messages: readonly Message[], onChain: JsonObject = {}, dialect = ottochain): JsonObject => ({
  value: {
    ordinal: 5,
    lastSnapshotHash: 'cd'.repeat(32),
    epochProgress: 9,
    dataApplication: {
      onChainState: bytes(onChain),
      blocks: [bytes({ updates: messages.map((message) => ({ value: dialect.encode(message), proofs })) })],
    },
  },
  proofs: [],
})

const outcomesOf = (messages: readonly Message[], onChain: JsonObject, dialect = ottochain) =>
  parseSnapshot(shown(messages, onChain, dialect), dialect)?.messages.map(({ gasUsed, success }) => [gasUsed, success])

describe('a snapshot', () => {
  test('gives its messages with the hash of what a node makes of them', () => {
    const found = parseSnapshot(shown([event('go')]), ottochain)
    const value = ottochain.encode(event('go'))
    expect(found).toMatchObject({ ordinal: 5, lastSnapshotHash: 'cd'.repeat(32), epochProgress: 9, commits: undefined })
    expect(found?.messages).toEqual([
      {
        ordinal: 5,
        hash: updateHash(value, ottochain),
        value,
        proofs,
        message: event('go'),
        gasUsed: null,
        success: null,
      },
    ])
  })

  test('tells gas and success by its receipts, each by the message of its turn', () => {
    const messages = [event('go'), event('stop', 1)]
    const log = [receipt('go'), receipt('far', { sourceFiberId: 'x' }), receipt('stop', { success: false, gasUsed: 0 })]
    expect(outcomesOf(messages, { latestLogs: { [fiberId]: log } })).toEqual([
      [7, true],
      [0, false],
    ])
  })

  test.each<{ name: string; log: JsonValue }>([
    { name: 'too few', log: [receipt('go')] },
    { name: 'in another order', log: [receipt('stop'), receipt('go')] },
    { name: 'unreadable', log: [{ EventReceipt: { eventName: 'go' } }, receipt('stop')] },
    { name: 'no list', log: 'go' },
  ])('tells nothing by receipts that are $name', ({ log }) => {
    const outcomes = outcomesOf([event('go'), event('stop', 1)], { latestLogs: { [fiberId]: log } })
    expect(outcomes?.flat()).toEqual([null, null, null, null])
  })

  test('tells whether a fiber that was to be made stands there', () => {
    expect(outcomesOf([creation], { latest: { [fiberId]: 'h' } }, workchain)).toEqual([[null, true]])
    expect(outcomesOf([creation], { latest: {} }, workchain)).toEqual([[null, false]])
    expect(outcomesOf([creation], {}, workchain)).toEqual([[null, null]])
  })

  test.each<{ name: string; value: JsonValue }>([
    { name: 'another chain', value: { Nothing: { of: 'ours' } } },
    { name: 'half a surrogate pair', value: { TransitionStateMachine: { text: '\ud800' } } },
    {
      name: 'half a surrogate pair in a payload',
      value: { ...ottochain.encode({ ...event('go'), payload: { text: '\ud800' } } as Message) },
    },
  ])('keeps a message of $name, and says that no node reads it', ({ value }) => {
    const block = bytes({ updates: [{ value, proofs }] })
    const whole = shown([]) as { value: JsonObject }
    const json = { value: { ...whole.value, dataApplication: { onChainState: bytes({}), blocks: [block] } } }
    const [held] = parseSnapshot(json, ottochain)?.messages ?? []
    expect(held?.message).toBeUndefined()
    expect(held?.hash).toMatch(/^[0-9a-f]{64}$/)
    expect(held?.value).toEqual(value)
  })

  test.each<{ name: string; json: JsonValue | undefined }>([
    { name: 'nothing', json: undefined },
    { name: 'another object', json: { value: {} } },
    {
      name: 'bytes that are no JSON',
      json: {
        value: {
          ordinal: 5,
          lastSnapshotHash: '',
          epochProgress: 0,
          dataApplication: { onChainState: [123], blocks: [] },
        },
      },
    },
  ])('is none where there is $name', ({ json }) => {
    expect(parseSnapshot(json, ottochain)).toBeUndefined()
  })
})

const ok = (json: JsonValue): NodeAnswer => ({ status: 200, json, text: undefined, retryAfterSeconds: undefined })
const none: NodeAnswer = { status: 404, json: undefined, text: 'Not found', retryAfterSeconds: undefined }

/** A chain over a node that shows these paths; it notes what is asked. */
function chainOver(answers: Record<string, NodeAnswer>) {
  const asked: string[] = []
  const transport: Transport = {
    async request({ path }) {
      asked.push(path)
      return answers[path] ?? none
    },
    close: async () => {},
  }
  const chain = createChain({
    transport,
    dialect: ottochain,
    clock: systemClock,
    random: () => 0,
    readTimeoutMs: 1_000,
  })
  return { chain, asked }
}

const signal = new AbortController().signal

describe('the chain reads a snapshot', () => {
  test('once, however many ask for it at once or later', async () => {
    const { chain, asked } = chainOver({ '/snapshots/5': ok(shown([event('go')])) })
    const read = () => chain.readSnapshot(5, { signal })
    const [one, other] = await Promise.all([read(), read()])
    expect(one).toBe(other)
    expect(await read()).toBe(one)
    expect(one).not.toHaveProperty('commits')
    expect(asked).toEqual(['/snapshots/5'])
  })

  test('again where there was none: it may be to come', async () => {
    const answers: Record<string, NodeAnswer> = {}
    const { chain, asked } = chainOver(answers)
    expect(await chain.readSnapshot(5, { signal })).toBeNull()
    answers['/snapshots/5'] = ok(shown([]))
    expect((await chain.readSnapshot(5, { signal }))?.ordinal).toBe(5)
    expect(asked).toHaveLength(2)
  })

  test('by its hash, and then by its ordinal without asking', async () => {
    const hash = 'ef'.repeat(32)
    const { chain, asked } = chainOver({ [`/snapshots/${hash}`]: ok(shown([])) })
    expect((await chain.readSnapshot(hash, { signal }))?.ordinal).toBe(5)
    await chain.readSnapshot(5, { signal })
    expect(asked).toEqual([`/snapshots/${hash}`])
  })

  test.each([
    ['another snapshot', '/snapshots/6', ok(shown([]))],
    ['no snapshot', '/snapshots/6', ok({})],
    ['a failure', '/snapshots/6', { ...none, status: 500 }],
  ])('and says so when it gets %s', async (_, path, answer) => {
    const { chain } = chainOver({ [path]: answer })
    await expect(chain.readSnapshot(6, { signal })).rejects.toHaveProperty('code', 'LEDGER_UNREACHABLE')
  })

  test('not for a caller who has gone', async () => {
    const { chain, asked } = chainOver({ '/snapshots/5': ok(shown([])) })
    await expect(chain.readSnapshot(5, { signal: AbortSignal.abort() })).rejects.toHaveProperty(
      'code',
      'LEDGER_UNREACHABLE',
    )
    expect(asked).toEqual([])
  })
})

describe('snapshots that are kept', () => {
  const message = (value: JsonValue) => ({ value }) as HeldMessage
  const snapshotOf = (ordinal: number, messages: readonly HeldMessage[] = []): HeldSnapshot => ({
    ordinal,
    lastSnapshotHash: '',
    epochProgress: 0,
    messages,
  })
  const limits = { snapshots: 3, messages: 4, characters: 100 }
  const kept = (...snapshots: readonly HeldSnapshot[]) => {
    const cache = createSnapshotCache(limits)
    for (const snapshot of snapshots) cache.set(snapshot)
    return [1, 2, 3, 4].filter((ordinal) => cache.get(ordinal) !== undefined)
  }

  test('are as many as may be, the ones used last', () => {
    const cache = createSnapshotCache(limits)
    for (const ordinal of [1, 2, 3]) cache.set(snapshotOf(ordinal))
    cache.get(1)
    cache.set(snapshotOf(4))
    expect([1, 2, 3, 4].filter((ordinal) => cache.get(ordinal))).toEqual([1, 3, 4])
    expect(cache.size).toBe(3)
  })

  test('hold no more messages than may be, and no more text', () => {
    const three = [message(1), message(2), message(3)]
    expect(kept(snapshotOf(1, three), snapshotOf(2, [message(4)]))).toEqual([1, 2])
    expect(kept(snapshotOf(1, three), snapshotOf(2, three))).toEqual([2])
    expect(kept(snapshotOf(1), snapshotOf(2, [message('x'.repeat(97))]))).toEqual([1, 2])
    expect(kept(snapshotOf(1), snapshotOf(2, [message('x'.repeat(99))]))).toEqual([])
  })

  test('count once when they are set again', () => {
    const three = [message(1), message(2), message(3)]
    expect(kept(snapshotOf(1, three), snapshotOf(1, three), snapshotOf(2, [message(1)]))).toEqual([1, 2])
  })
})
