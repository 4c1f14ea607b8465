import fc from 'fast-check'
import { expect, test } from 'vitest'
import { classify } from '../../src/chain/answers.ts'
import { deliver } from '../../src/chain/delivery.ts'
import type { Behaviour } from './scripted-ledger.ts'
import { createScriptedLedger, node, signedMove } from './scripted-ledger.ts'
import { createVirtualClock } from './virtual-clock.ts'

const behaviour: fc.Arbitrary<Behaviour> = fc
  .record({
    base: fc.constantFrom<Behaviour>(
      node.queues,
      node.queuesAnother,
      node.answersNothing,
      node.knowsNoFiber,
      node.refuses,
      node.losesIt,
      node.hangs,
      node.isDown,
      ...[301, 401, 404, 408, 413, 425, 429, 500, 502, 503, 504].map(node.finds),
    ),
    appliesAfterMs: fc.option(fc.nat({ max: 20_000 }), { nil: undefined }),
  })
  // Only what may have been received can show on the ledger.
  .map(({ base, appliesAfterMs }) =>
    appliesAfterMs === undefined || !mayBeHeld(base) ? base : { ...base, appliesAfterMs },
  )

function mayBeHeld({ does, status = 200, json }: Behaviour): boolean {
  if (does !== 'answer') return does !== 'not_sent'
  const answer = { status, json, text: undefined, retryAfterSeconds: undefined }
  return ['queued', 'unproven'].includes(
    classify({ kind: 'answer', answer, hash: signedMove.hash, sinceCreationMs: 0 }),
  )
}

const scenario = fc.record({
  script: fc.array(behaviour, { minLength: 1, maxLength: 8 }),
  snapshotEveryMs: fc.integer({ min: 100, max: 5000 }),
  refusalAtMs: fc.option(fc.nat({ max: 20_000 }), { nil: undefined }),
  isL0Down: fc.boolean(),
  deadlineMs: fc.integer({ min: 0, max: 30_000 }),
  dice: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
})

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never

async function play({ refusalAtMs, deadlineMs, dice, ...options }: Scenario) {
  const clock = createVirtualClock()
  const recordedRefusal = refusalAtMs === undefined ? {} : { recordedRefusal: { atMs: refusalAtMs, text: 'refused' } }
  const ledger = createScriptedLedger({ ...options, ...recordedRefusal, clock, random: () => dice })
  const work = deliver(ledger.parts, signedMove, { look: ledger.look, deadlineMs, createdMs: 0 })
  const delivery = await clock.run(work)
  const endedAtMs = clock.monotonicMs()
  const sendsAtEnd = ledger.sent.length
  await clock.run(clock.sleep(60_000)) // whatever was left behind has its chance to act
  return { ...ledger, delivery, endedAtMs, sendsAtEnd }
}

const behaviourOf = (script: readonly Behaviour[], index: number): Behaviour =>
  script[Math.min(index, script.length - 1)] ?? node.isDown

test('laws of a delivery, for any ledger', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const { delivery, sent, lookedAtMs, endedAtMs, sendsAtEnd } = await play(given)
      const held = sent.filter((_, index) => mayBeHeld(behaviourOf(given.script, index)))

      // Ends in time, and then it has ended: nothing is sent or read any more.
      expect(endedAtMs).toBeLessThanOrEqual(given.deadlineMs)
      expect(sent).toHaveLength(sendsAtEnd)
      expect(lookedAtMs.every((atMs) => atMs <= endedAtMs)).toBe(true)
      // One text, whatever happens, and never many copies at large.
      expect(new Set(sent.map(({ bytes }) => bytes)).size).toBeLessThanOrEqual(1)
      expect(held.length).toBeLessThanOrEqual(5)
      // Settled is what the look said; a proof of the contrary needs every attempt to be without effect.
      if (delivery.outcome === 'settled') expect(lookedAtMs.at(-1)).toBe(endedAtMs)
      if (delivery.outcome === 'refused' || delivery.outcome === 'not_sent') expect(held).toHaveLength(0)
      else expect(held.length).toBeGreaterThan(0)
      if (given.isL0Down) expect(held.length).toBeLessThanOrEqual(1)
    }),
    { numRuns: 400 },
  )
})

test('law: what has shown on the ledger well before the end is reported as settled', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      // While an attempt hangs, nobody looks: the transport's own limits end that.
      const script = given.script.map((one) => (one.does === 'hang' ? { ...one, does: 'lose' as const } : one))
      const { delivery, sent } = await play({ ...given, script, isL0Down: false })
      const shownAtMs = sent.map(
        ({ atMs }, index) => atMs + (behaviourOf(script, index).appliesAfterMs ?? Number.POSITIVE_INFINITY),
      )
      // 2.4 s is the longest wait between two looks.
      if (Math.min(...shownAtMs) + 2400 < given.deadlineMs) expect(delivery.outcome).toBe('settled')
    }),
    { numRuns: 200 },
  )
})
