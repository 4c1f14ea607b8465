import { expect, test } from 'vitest'
import type { Attempt } from '../../src/cli/_insist.ts'
import { insist } from '../../src/cli/_insist.ts'

const away = () => Promise.reject(new Error('away'))
const answer = (value: string, isFinal: boolean) => async (): Promise<Attempt<string>> => ({
  value,
  isFinal,
  retryAfterMs: 0,
})

/** Asks in this order, the last one again and again. */
function asking(...asks: (() => Promise<Attempt<string>>)[]) {
  let asked = 0
  const told: string[] = []
  const ask = () => (asks[Math.min(asked++, asks.length - 1)] ?? away)()
  const run = (patienceMs: number, signal = new AbortController().signal) =>
    insist(ask, { signal, patienceMs, onWait: (why) => told.push(why) })
  return { run, told, asked: () => asked }
}

test('an answer that stays is given at once, and nobody is told of a wait', async () => {
  const { run, told, asked } = asking(answer('done', true))
  expect(await run(5_000)).toBe('done')
  expect([asked(), told]).toEqual([1, []])
})

test('asks again while nobody answers or nothing is known, and says so once', async () => {
  const { run, told, asked } = asking(away, answer('pending', false), answer('done', true))
  expect(await run(5_000)).toBe('done')
  expect([asked(), told]).toEqual([3, ['The service does not answer']])
})

test('gives the last answer when the patience is over', async () => {
  const { run } = asking(answer('pending', false))
  expect(await run(300)).toBe('pending')
})

test('fails as the last attempt did when nobody came back', async () => {
  const { run } = asking(away)
  await expect(run(300)).rejects.toThrow('away')
})

test('waits no longer than the command runs', async () => {
  const stop = new AbortController()
  const { run } = asking(away)
  const running = run(60_000, stop.signal)
  stop.abort(new Error('stopped'))
  await expect(running).rejects.toThrow()
})
