import { describe, expect, test } from 'vitest'
import type { LanguageModel } from '../../src/llm/language-model.ts'
import { begin, collect, collectUntilFailure, forever, question, withoutLines } from './_questions.ts'
import type { Started } from './_started.ts'
import { startWith, useRealSockets } from './_started.ts'
import type { Wire, WireOptions } from './_wires.ts'
import { anthropicWire, createHastyClock, ollamaWire, openAiWire, wires } from './_wires.ts'
import type { Script, UpstreamHandler } from './upstream.ts'
import { closedUrl } from './upstream.ts'

useRealSockets()

const start = (
  wire: Wire,
  answer: Script | readonly Script[] | UpstreamHandler,
  options?: WireOptions,
): Promise<Started<LanguageModel>> => startWith(answer, (url) => wire.open(url, options))

describe.each(wires)('$name: leaving', (wire) => {
  const reason = new Error('The caller hung up.')
  const stuck: Script = { steps: [wire.text('X holds'), 'hang'] }

  /** Well under the 100 ms that are promised, unless the machine itself is late. */
  async function closesAtOnce(closed: Promise<void>, leave: () => void) {
    const leftMs = performance.now()
    leave()
    await closed
    expect(performance.now() - leftMs).toBeLessThan(100)
  }

  test('before anything was sent: nothing is', async () => {
    await using started = await start(wire, { steps: [wire.end()] })
    const { model, upstream } = started
    await expect(collect(model.chat(question(), { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
    expect(upstream.requests).toEqual([])
  })

  test('in the wait for the first byte', async () => {
    const hangUp = new AbortController()
    await using started = await start(wire, { steps: ['hang'] })
    const { model, upstream } = started
    const events = expect(collect(model.chat(question(), { signal: hangUp.signal }))).rejects.toBe(reason)
    const { closed } = await upstream.request()
    await closesAtOnce(closed, () => hangUp.abort(reason))
    await events
  })

  test('in the wait for more text', async () => {
    const hangUp = new AbortController()
    await using started = await start(wire, stuck)
    const { model, upstream } = started
    const iterator = await begin(model.chat(question(), { signal: hangUp.signal }))
    const next = expect(iterator.next()).rejects.toBe(reason)
    const { closed } = await upstream.request()
    await closesAtOnce(closed, () => hangUp.abort(reason))
    await next
  })

  test('while nobody reads', async () => {
    const hangUp = new AbortController()
    await using started = await start(wire, { steps: [wire.text('X holds') + wire.text(' the'), 'hang'] })
    const { model, upstream } = started
    const iterator = await begin(model.chat(question(), { signal: hangUp.signal }))
    const { closed } = await upstream.request()
    await closesAtOnce(closed, () => hangUp.abort(reason))
    await expect(iterator.next()).rejects.toBe(reason)
  })

  test('by leaving the loop', async () => {
    await using started = await start(wire, stuck)
    const { model, upstream } = started
    for await (const event of model.chat(question(), { signal: forever })) {
      expect(event.type).toBe('text')
      break
    }
    await (await upstream.request()).closed
  })

  test('after the end: what came stands, and the signal does nothing', async () => {
    const hangUp = new AbortController()
    await using started = await start(wire, { steps: [wire.end()] })
    const { model } = started
    for await (const event of model.chat(question(), { signal: hangUp.signal })) {
      expect(event.type).toBe('end')
      hangUp.abort(reason)
    }
  })

  test('by closing the adapter', async () => {
    await using started = await start(wire, stuck)
    const { model, upstream } = started
    const iterator = await begin(model.chat(question(), { signal: forever }))
    const next = expect(iterator.next()).rejects.toMatchObject({ code: 'LLM_STREAM_CUT' })
    await model.close()
    await (await upstream.request()).closed
    await next
  })
})

describe.each(wires)('$name: time', (wire) => {
  test('no first byte in time', async () => {
    await using started = await start(wire, { steps: ['hang'] }, { limits: { firstByteMs: 60 } })
    const { model, upstream } = started
    await expect(collect(model.chat(question(), { signal: forever }))).rejects.toMatchObject({ code: 'LLM_TIMEOUT' })
    await (await upstream.request()).closed
  })

  test('a head alone is no first byte', async () => {
    const limits = { firstByteMs: 60, idleMs: 5000 }
    await using started = await start(wire, (_, response) => response.flushHeaders(), { limits })
    const { model } = started
    await expect(collect(model.chat(question(), { signal: forever }))).rejects.toMatchObject({ code: 'LLM_TIMEOUT' })
  })

  test('a silence in the middle', async () => {
    const limits = { firstByteMs: 5000, idleMs: 60 }
    await using started = await start(wire, { steps: [wire.text('X holds'), 'hang'] }, { limits })
    const { model, upstream } = started
    const { events, failure } = await collectUntilFailure(model.chat(question(), { signal: forever }))
    expect(withoutLines(events)).toEqual([{ type: 'text', text: 'X holds' }])
    expect(failure).toMatchObject({ code: 'LLM_TIMEOUT', details: { waitedMs: 60 } })
    await (await upstream.request()).closed
  })

  test('a slow answer is not late while it goes on', async () => {
    const slow = Array.from({ length: 16 }, () => [wire.text('x'), { delayMs: 25 }]).flat()
    await using started = await start(wire, { steps: [...slow, wire.end()] }, { limits: { idleMs: 300 } })
    const { model } = started
    expect(await collect(model.chat(question(), { signal: forever }))).toHaveLength(17)
  })

  test('a reader may be slower than the server is allowed to be', async () => {
    const { promise: seen, resolve } = Promise.withResolvers<void>()
    const steps = [wire.text('X holds') + wire.text(' the'), { until: seen }, wire.end()]
    await using started = await start(wire, { steps }, { limits: { firstByteMs: 60, idleMs: 60 } })
    const { model } = started
    const iterator = await begin(model.chat(question(), { signal: forever }))
    await new Promise((go) => setTimeout(go, 180)) // the time of both limits, and nobody waits
    expect((await iterator.next()).value).toMatchObject({ text: ' the' })
    resolve()
    expect((await iterator.next()).value).toMatchObject({ type: 'end' })
  })

  test('a slow reader holds the server back instead of filling the memory', async () => {
    const { promise: finished, resolve } = Promise.withResolvers<void>()
    let isSent = false
    const big = wire.text('x'.repeat(64 * 1024))
    await using started = await start(wire, async (_, response) => {
      response.write(wire.text('X holds'))
      for (let count = 0; count < 400; count++) {
        if (!response.write(big)) await new Promise((go) => response.once('drain', go))
      }
      isSent = true
      response.end(wire.end())
      resolve()
    })
    const { model } = started
    const iterator = await begin(model.chat(question(), { signal: forever }))
    await new Promise((go) => setTimeout(go, 200))
    expect(isSent).toBe(false)
    let count = 0
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) count++
    expect(count).toBe(401)
    await finished
  })
})

describe.each(wires)('$name: ping', (wire) => {
  test('somebody is there', async () => {
    await using started = await start(wire, { steps: ['{"version":"0.33.0"}'] })
    const { model, upstream } = started
    await model.ping({ signal: forever })
    expect(upstream.requests).toMatchObject([{ method: 'GET', path: wire.pingPath, body: '' }])
  })

  test('nobody is there', async () => {
    const model = wire.open(await closedUrl())
    await expect(model.ping({ signal: forever })).rejects.toMatchObject({ code: 'LLM_UNAVAILABLE' })
    await model.close()
  })

  test('somebody says nothing', async () => {
    await using started = await start(wire, { steps: ['hang'] }, { clock: createHastyClock() })
    const { model, upstream } = started
    await expect(model.ping({ signal: forever })).rejects.toMatchObject({
      code: 'LLM_TIMEOUT',
      details: { waitedMs: 2000 },
    })
    await (await upstream.request()).closed
  })
})

describe.each([ollamaWire, openAiWire])('$name: ping', (wire) => {
  test('somebody is ill', async () => {
    await using started = await start(wire, { status: 500, steps: ['oops'] })
    await expect(started.model.ping({ signal: forever })).rejects.toMatchObject({ code: 'LLM_UNAVAILABLE' })
  })
})

test.each([404, 500, 529])('Anthropic: ping takes any answer for life, and %i is one', async (status) => {
  await using started = await start(anthropicWire, { status, steps: ['{}'] })
  await expect(started.model.ping({ signal: forever })).resolves.toBeUndefined()
})
