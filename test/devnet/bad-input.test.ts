import { request } from 'undici'
import { expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import vectors from '../vectors/bad-input.json' with { type: 'json' }
import { createCounter, workchain } from './fixtures.ts'
import { ask, commit, startDevnet } from './kit.ts'

type Generated = { prefix: string; open: string; middle: string; close: string; count: number; suffix: string }
type Case = {
  readonly id: string
  readonly target: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body?: JsonValue
  readonly raw?: string
  readonly gen?: Generated
  readonly expect: { readonly status: readonly (string | number)[] }
}

// Whatever the list is called, its entries name their target.
const lists = Object.values(vectors as unknown as Record<string, unknown>).filter(Array.isArray)
const cases = (lists.flat() as readonly Case[]).filter(({ target }) => target === 'devnet-l1')

const textOf = ({ body, raw, gen }: Case): string => {
  if (gen === undefined) return raw ?? JSON.stringify(body)
  return gen.prefix + gen.open.repeat(gen.count) + gen.middle + gen.close.repeat(gen.count) + gen.suffix
}

test('there are cases', () => {
  expect(cases).toHaveLength(26)
})

test.each(cases)('refuses $id and changes nothing', async (wanted) => {
  const devnet = await startDevnet()
  await commit(devnet, workchain, createCounter(1, workchain))
  const before = await ask(devnet, 'l0', '/data-application/checkpoint')
  const { l1Port } = await devnet.listen({ host: '127.0.0.1', l1Port: 0, l0Port: 0 })
  const startMs = performance.now()
  const answer = await request(`http://127.0.0.1:${l1Port}${wanted.path}`, {
    method: 'POST',
    headers: wanted.headers,
    body: textOf(wanted),
  })
  const text = await answer.body.text()
  expect(performance.now() - startMs).toBeLessThan(2_000)
  expect(answer.statusCode).toSatisfy((status) => status === 500 || (status >= 400 && status < 500))
  expect(text.length).toBeLessThan(500)
  expect(text).not.toMatch(/\.ts:|node_modules|\n {4}at /)
  expect((await ask(devnet, 'l1', '/data')).json).toEqual([])
  expect(await ask(devnet, 'l0', '/data-application/checkpoint')).toEqual(before)
})
