import { expect, test } from 'vitest'
import type { DeliverOptions } from '../../src/chain/chain.ts'
import { deliver } from '../../src/chain/delivery.ts'
import type { ScriptedLedgerOptions } from './scripted-ledger.ts'
import { createScriptedLedger, node, signedMove } from './scripted-ledger.ts'
import { createVirtualClock } from './virtual-clock.ts'

type Play = Omit<ScriptedLedgerOptions, 'clock'> & Partial<DeliverOptions<string>>

/** Runs one delivery on virtual time. */
async function play({ deadlineMs = 30_000, createdMs, look, ...options }: Play) {
  const clock = createVirtualClock()
  const ledger = createScriptedLedger({ ...options, clock })
  const delivery = deliver(ledger.parts, signedMove, {
    look: look ?? ledger.look,
    deadlineMs,
    ...(createdMs === undefined ? {} : { createdMs }),
  })
  const outcome = await clock.run(delivery)
  return { ...ledger, delivery: outcome, endedAtMs: clock.monotonicMs(), atMs: ledger.sent.map((one) => one.atMs) }
}

const settled = { outcome: 'settled', value: 'applied' }
const later = { appliesAfterMs: 700 }

// A snapshot a second, the dice in the middle: back-off 100, 200, 400 …, looks after 200, 520, 1032, 1851, 3162 ms.
test.each<{ name: string; delivery: object; atMs: number[] } & Play>([
  { name: 'queued and applied: one send', script: [{ ...node.queues, ...later }], delivery: settled, atMs: [0] },
  {
    name: 'queued, and dropped by the node: again after five ordinals',
    script: [node.queues, { ...node.queues, ...later }],
    delivery: settled,
    atMs: [0, 5162],
  },
  {
    name: 'queued, and snapshots stand still: again after ten seconds',
    script: [node.queues, { ...node.queues, ...later }],
    snapshotEveryMs: 60_000,
    delivery: settled,
    atMs: [0, 11_162],
  },
  {
    name: 'queued and never seen',
    script: [node.queues],
    deadlineMs: 5000,
    delivery: { outcome: 'pending' },
    atMs: [0],
  },
  {
    name: 'answer lost, message applied: no second send',
    script: [{ ...node.losesIt, ...later }],
    delivery: settled,
    atMs: [0],
  },
  {
    name: 'answer and message lost: again after two ordinals',
    script: [node.losesIt, { ...node.queues, ...later }],
    snapshotEveryMs: 400,
    delivery: settled,
    atMs: [0, 1032],
  },
  {
    name: 'all lost while snapshots stand still: again after three seconds',
    script: [node.losesIt, { ...node.queues, ...later }],
    snapshotEveryMs: 60_000,
    delivery: settled,
    atMs: [0, 3162],
  },
  {
    name: 'a hash that is not ours proves nothing',
    script: [{ ...node.queuesAnother, ...later }],
    delivery: settled,
    atMs: [0],
  },
  {
    name: '200 without a body proves nothing',
    script: [node.answersNothing],
    deadlineMs: 1000,
    delivery: { outcome: 'unknown' },
    atMs: [0],
  },
  {
    name: 'nobody listens at first: back-off, no look in between',
    script: [node.isDown, node.isDown, node.isDown, { ...node.queues, ...later }],
    delivery: settled,
    atMs: [0, 100, 300, 700],
  },
  {
    name: 'nobody listens until the end',
    script: [node.isDown],
    deadlineMs: 800,
    delivery: { outcome: 'not_sent', cause: expect.objectContaining({ code: 'LEDGER_UNREACHABLE' }) },
    atMs: [0, 100, 300, 700],
  },
  {
    name: 'the deadline passed before',
    script: [node.queues],
    deadlineMs: 0,
    delivery: { outcome: 'not_sent', cause: expect.objectContaining({ code: 'LEDGER_UNREACHABLE' }) },
    atMs: [],
  },
  {
    name: 'the L1 answers nothing until the deadline',
    script: [node.hangs],
    deadlineMs: 2000,
    delivery: { outcome: 'unknown' },
    atMs: [0],
  },
  {
    name: 'refused',
    script: [node.refuses],
    delivery: { outcome: 'refused', reason: 'Invalid data update, reason: Chain(ValueIsNull)' },
    atMs: [0],
  },
  {
    name: 'misconfigured: no such route',
    script: [node.finds(404)],
    delivery: { outcome: 'refused', reason: 'The Data L1 answered 404.' },
    atMs: [0],
  },
  {
    name: 'refused after a connection that never was',
    script: [node.isDown, node.refuses],
    delivery: { outcome: 'refused', reason: 'Invalid data update, reason: Chain(ValueIsNull)' },
    atMs: [0, 100],
  },
  {
    name: 'refused after a lost answer proves nothing: only looks from then on',
    script: [node.losesIt, node.refuses],
    delivery: { outcome: 'unknown' },
    atMs: [0, 3162],
  },
  {
    name: 'refused after a lost answer, and the first one shows late',
    script: [{ ...node.losesIt, appliesAfterMs: 9000 }, node.refuses],
    delivery: settled,
    atMs: [0, 3162],
  },
  {
    name: 'a new fiber is unknown to a lagging L1',
    script: [node.knowsNoFiber, node.knowsNoFiber, { ...node.queues, ...later }],
    createdMs: -5000,
    delivery: settled,
    atMs: [0, 100, 300],
  },
  {
    name: 'a fiber unknown a minute after its creation is refused',
    script: [node.knowsNoFiber],
    createdMs: -60_001,
    delivery: { outcome: 'refused', reason: expect.stringContaining('CidNotFound') },
    atMs: [0],
  },
  {
    name: 'a fiber of unknown age is refused',
    script: [node.knowsNoFiber],
    delivery: { outcome: 'refused', reason: expect.stringContaining('CidNotFound') },
    atMs: [0],
  },
  {
    name: '429 waits as long as asked',
    script: [
      { ...node.finds(429), retryAfterSeconds: 3 },
      { ...node.queues, ...later },
    ],
    delivery: settled,
    atMs: [0, 3000],
  },
  {
    name: '429 waits ten seconds at most',
    script: [
      { ...node.finds(429), retryAfterSeconds: 3600 },
      { ...node.queues, ...later },
    ],
    delivery: settled,
    atMs: [0, 10_000],
  },
  {
    name: '429 without a time backs off',
    script: [{ ...node.finds(429), retryAfterSeconds: 0 }, node.finds(429), { ...node.queues, ...later }],
    delivery: settled,
    atMs: [0, 100, 300],
  },
  {
    name: '429 until the end: nothing was queued',
    script: [node.finds(429)],
    deadlineMs: 1000,
    delivery: { outcome: 'not_sent', cause: expect.objectContaining({ message: expect.stringContaining('429') }) },
    atMs: [0, 100, 300, 700],
  },
  {
    name: 'the block was refused and the slot is open: again at the next look, once for one record',
    script: [node.queues],
    recordedRefusal: { atMs: 900, text: 'data block not accepted' },
    snapshotEveryMs: 60_000,
    deadlineMs: 8000,
    delivery: { outcome: 'pending' },
    atMs: [0, 1032],
  },
  {
    name: 'the block was refused after the last send: nothing says that it is still queued',
    script: [node.queues, node.losesIt],
    recordedRefusal: { atMs: 900, text: 'data block not accepted' },
    snapshotEveryMs: 60_000,
    deadlineMs: 3000,
    delivery: { outcome: 'unknown' },
    atMs: [0, 1032],
  },
  {
    name: 'without a look nothing is sent again',
    script: [node.losesIt],
    isL0Down: true,
    delivery: { outcome: 'unknown' },
    atMs: [0],
  },
])('$name', async ({ name: _, delivery, atMs, ...options }) => {
  const seen = await play(options)
  expect(seen.delivery).toEqual(delivery)
  expect(seen.atMs.map(Math.round)).toEqual(atMs)
  expect(new Set(seen.sent.map(({ bytes }) => bytes)).size).toBeLessThanOrEqual(1)
  expect(seen.endedAtMs).toBeLessThanOrEqual(options.deadlineMs ?? 30_000)
})

test('posts value and proofs as they were signed', async () => {
  const { sent } = await play({ script: [{ ...node.queues, ...later }] })
  expect(JSON.parse(sent[0]?.bytes ?? '')).toEqual({ ...signedMove.envelope })
})

test('leaves at most five attempts without proof, then only looks', async () => {
  const { sent, delivery, lookedAtMs, endedAtMs } = await play({ script: [node.losesIt], deadlineMs: 60_000 })
  expect(sent).toHaveLength(5)
  expect(delivery).toEqual({ outcome: 'unknown' })
  expect(lookedAtMs.filter((atMs) => atMs > (sent[4]?.atMs ?? 0)).length).toBeGreaterThan(10)
  expect(endedAtMs).toBe(60_000)
})

test('looks between the moment that made it due and the next send', async () => {
  const { lookedAtMs, atMs } = await play({ script: [node.losesIt, { ...node.queues, ...later }] })
  const resentAtMs = atMs[1] ?? 0
  expect(lookedAtMs.filter((lookMs) => lookMs === resentAtMs)).toHaveLength(2)
})

test('sends nothing again when the ledger cannot be read at the last moment', async () => {
  let looks = 0
  const { sent, delivery } = await play({
    script: [node.losesIt],
    snapshotEveryMs: 60_000,
    // The fifth look makes it due; the one that must confirm it, and all after it, fail.
    look: async () => {
      looks += 1
      if (looks > 5) throw new Error('The L0 is down.')
      return { settled: false }
    },
  })
  expect(looks).toBeGreaterThan(5)
  expect(sent).toHaveLength(1)
  expect(delivery).toEqual({ outcome: 'unknown' })
})

test('writes each send down before it, and tells after it whether the message is held', async () => {
  const marks: string[] = []
  const clock = createVirtualClock()
  const ledger = createScriptedLedger({ clock, script: [node.isDown, { ...node.queues, ...later }] })
  await clock.run(
    deliver(ledger.parts, signedMove, {
      look: ledger.look,
      deadlineMs: 9000,
      beforeSend: async (send) => void marks.push(`${send} after ${ledger.sent.length}`),
      afterSend: (isQueued) => void marks.push(isQueued ? 'held' : 'not held'),
    }),
  )
  expect(marks).toEqual(['1 after 0', 'not held', '2 after 1', 'held'])
})

const cannotWrite = async () => Promise.reject(new Error('disk full'))

test('what cannot be written down is not sent', async () => {
  const clock = createVirtualClock()
  const ledger = createScriptedLedger({ clock, script: [node.queues] })
  const options = { look: ledger.look, deadlineMs: 9000, beforeSend: cannotWrite }
  const delivery = await clock.run(deliver(ledger.parts, signedMove, options))
  expect(delivery).toEqual({ outcome: 'not_sent', cause: new Error('disk full') })
  expect(ledger.sent).toEqual([])
})

test('with earlier sends it looks first, waits the rest of their time, and never says that nothing was sent', async () => {
  const clock = createVirtualClock()
  const ledger = createScriptedLedger({
    clock,
    script: [node.isDown, node.isDown, node.isDown, node.isDown, node.isDown],
  })
  const sentMs: number[] = []
  const options = {
    look: ledger.look,
    deadlineMs: 9000,
    earlier: { agoMs: 1_000, isQueued: false },
    maxSends: 1,
    beforeSend: async () => void sentMs.push(clock.monotonicMs()),
  }
  expect(await clock.run(deliver(ledger.parts, signedMove, options))).toEqual({ outcome: 'unknown' })
  expect(sentMs[0]).toBeGreaterThanOrEqual(2_000)
  expect(sentMs[0]).toBeLessThan(4_500)
})

test('a look that never answers ends at the deadline', async () => {
  const { delivery, endedAtMs } = await play({
    script: [node.queues],
    deadlineMs: 4000,
    look: () => new Promise(() => undefined),
  })
  expect(delivery).toEqual({ outcome: 'pending' })
  expect(endedAtMs).toBe(4000)
})

test('a snapshot wakes the look, and the listener is gone afterwards', async () => {
  const clock = createVirtualClock()
  const ledger = createScriptedLedger({ clock, script: [{ ...node.queues, appliesAfterMs: 50 }] })
  const delivery = deliver(ledger.parts, signedMove, { look: ledger.look, deadlineMs: 9000 })
  const snapshot = clock.sleep(60).then(() => ledger.announceSnapshot(signedMove.message.fiberId))
  expect(await clock.run(delivery)).toEqual(settled)
  await snapshot
  expect(clock.monotonicMs()).toBe(60)
  expect(ledger.snapshotListeners.size).toBe(0)
})

test('a snapshot that does not touch the fiber wakes nobody', async () => {
  const clock = createVirtualClock()
  const ledger = createScriptedLedger({ clock, script: [{ ...node.queues, appliesAfterMs: 50 }] })
  const delivery = deliver(ledger.parts, signedMove, { look: ledger.look, deadlineMs: 9000 })
  const snapshot = clock.sleep(60).then(() => ledger.announceSnapshot('4926ca78-e44c-454a-ac0f-3a8fc6230d44'))
  expect(await clock.run(delivery)).toEqual(settled)
  await snapshot
  expect(clock.monotonicMs()).toBeGreaterThan(100)
})

test('a snapshot is no evidence: the slot decides', async () => {
  const clock = createVirtualClock()
  const ledger = createScriptedLedger({ clock, script: [node.queues] })
  const delivery = deliver(ledger.parts, signedMove, { look: ledger.look, deadlineMs: 900 })
  const snapshot = clock.sleep(60).then(() => ledger.announceSnapshot(signedMove.message.fiberId))
  expect(await clock.run(delivery)).toEqual({ outcome: 'pending' })
  await snapshot
})
