import { describe, expect, test } from 'vitest'
import { BaseError } from '../../src/core/errors.ts'
import { collect, collectUntilFailure, forever, question } from './_questions.ts'
import { startWith, useRealSockets } from './_started.ts'
import type { Wire, WireOptions } from './_wires.ts'
import { createHastyClock, wires } from './_wires.ts'
import type { Script, UpstreamHandler } from './upstream.ts'
import { closedUrl } from './upstream.ts'

useRealSockets()

/** Counts what passed and what did not. */
function counting(): WireOptions & {
  readonly outcomes: string[]
  readonly clock: ReturnType<typeof createHastyClock>
} {
  const outcomes: string[] = []
  return { outcomes, clock: createHastyClock(), onTransient: (outcome) => void outcomes.push(outcome) }
}

const start = (wire: Wire, answer: Script | readonly Script[] | UpstreamHandler, options: WireOptions) =>
  startWith(answer, (url) => wire.open(url, options))

/** The faults of a row of requests; then it answers. */
const faulty = (wire: Wire, faults: readonly (number | 'reset')[]): UpstreamHandler => {
  let asked = 0
  return (_, response) => {
    const fault = faults[asked++]
    if (fault === 'reset') response.socket?.resetAndDestroy()
    else if (fault !== undefined) response.writeHead(fault).end(wire.refusal('busy'))
    else response.end(wire.end())
  }
}

describe.each(wires)('$name: a failure that passes', (wire) => {
  test.each([
    { name: 'too many questions, twice', faults: [429, 429] },
    { name: 'too busy', faults: [503] },
    { name: 'overloaded', faults: [529] },
    { name: 'a connection that breaks', faults: ['reset', 'reset', 'reset'] },
    { name: 'one after the other', faults: ['reset', 429, 503] },
  ] as const)('$name: asks again', async ({ faults }) => {
    const options = counting()
    await using started = await start(wire, faulty(wire, faults), options)
    const { model, upstream } = started
    expect(await collect(model.chat(question(), { signal: forever }))).toMatchObject([{ type: 'end' }])
    expect(upstream.requests).toHaveLength(faults.length + 1)
    expect(new Set(upstream.requests.map(({ body }) => body)).size).toBe(1)
    expect(options.outcomes).toEqual(['recovered'])
    expect(options.clock.sleptMs).toEqual(expect.arrayContaining([100, 200, 400].slice(0, faults.length)))
  })

  test.each([
    { name: 'what the server wants', headers: { 'retry-after': '3' }, seconds: 3, asked: 4 },
    { name: 'what nobody waits for', headers: { 'retry-after': '3600' }, seconds: 3600, asked: 1 },
    { name: 'a guess without a word of it', headers: {}, seconds: 10, asked: 4 },
  ])('too many questions to the end: the error tells $name', async ({ headers, seconds, asked }) => {
    const options = counting()
    const busy: Script = { status: 429, headers, steps: [wire.refusal('slow down')] }
    await using started = await start(wire, busy, options)
    const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    expect(failure).toMatchObject({ code: 'LLM_RATE_LIMIT', details: { retryAfterSeconds: seconds } })
    expect(started.upstream.requests).toHaveLength(asked)
    expect(options.outcomes).toEqual(['failed'])
  })

  test('a server may name the time instead', async () => {
    const at = new Date(Date.now() + 3_600_000).toUTCString()
    const busy: Script = { status: 429, headers: { 'retry-after': at }, steps: ['{}'] }
    await using started = await start(wire, busy, counting())
    const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    const { retryAfterSeconds } = failure instanceof BaseError ? failure.details : {}
    expect(retryAfterSeconds).toBeGreaterThan(3_000)
    expect(retryAfterSeconds).toBeLessThanOrEqual(3_600)
  })

  test('a wish to wait for ever is told as a day', async () => {
    const busy: Script = { status: 529, headers: { 'retry-after': '9'.repeat(400) }, steps: ['{}'] }
    await using started = await start(wire, busy, counting())
    const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    expect(failure instanceof BaseError && failure.details).toEqual({ retryAfterSeconds: 86_400 })
  })

  test('a server that is not there is asked once, and never counted', async () => {
    const options = counting()
    const model = wire.open(await closedUrl(), options)
    await expect(collect(model.chat(question(), { signal: forever }))).rejects.toMatchObject({
      code: 'LLM_UNAVAILABLE',
    })
    expect(options.outcomes).toEqual([])
    await model.close()
  })

  test('what breaks after a word is not asked again', async () => {
    const options = counting()
    await using started = await start(wire, { steps: [wire.text('X holds'), 'reset'] }, options)
    await expect(collect(started.model.chat(question(), { signal: forever }))).rejects.toMatchObject({
      code: 'LLM_STREAM_CUT',
    })
    expect(started.upstream.requests).toHaveLength(1)
    expect(options.outcomes).toEqual([])
  })

  test('a signal in a pause ends it at once', async () => {
    const hangUp = new AbortController()
    const reason = new Error('The caller hung up.')
    const options = counting()
    const clock = {
      ...options.clock,
      sleep: (ms: number, signal?: AbortSignal) => options.clock.sleep(ms * 100, signal),
    }
    await using started = await start(wire, faulty(wire, Array(9).fill('reset')), { ...options, clock })
    const asked = expect(collect(started.model.chat(question(), { signal: hangUp.signal }))).rejects.toBe(reason)
    await (await started.upstream.request()).closed
    hangUp.abort(reason)
    await asked
    expect(started.upstream.requests.length).toBeLessThan(4)
  })

  test('chaos: every fifth request fails, and at least 99 of 100 questions are answered', async () => {
    const options = counting()
    const random = seeded(42)
    const kinds = [429, 503, 'reset'] as const
    let faults = 0
    const chaotic: UpstreamHandler = (_, response) => {
      const kind = random() < 0.2 ? kinds[Math.floor(random() * kinds.length)] : undefined
      if (kind !== undefined) faults++
      if (kind === 'reset') response.socket?.resetAndDestroy()
      else if (kind !== undefined) response.writeHead(kind).end(wire.refusal('busy'))
      else response.end(wire.text('X holds') + wire.end())
    }
    await using started = await start(wire, chaotic, options)
    let answered = 0
    for (let nth = 0; nth < 200; nth++) {
      const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
      if (failure === undefined) answered++
    }
    expect(faults).toBeGreaterThan(30)
    expect(answered).toBeGreaterThanOrEqual(198)
    expect(options.outcomes.filter((outcome) => outcome === 'failed')).toHaveLength(200 - answered)
  })
})

/** The same numbers in [0, 1) in every run. @see Lehmer's generator, minimal standard */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
