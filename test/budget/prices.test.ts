import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PricesInvalidError } from '../../src/budget/errors.ts'
import { createPrices, parsePrices, readPrices } from '../../src/budget/prices.ts'

const shippedDir = fileURLToPath(new URL('../../.otto', import.meta.url))
const nowMs = Date.parse('2026-11-22T12:00:00Z')

const row = (more: object) => ({
  provider: 'openai',
  model: 'gpt',
  input: 1,
  output: 2,
  as_of: '2026-01-01',
  source: 'a page',
  ...more,
})
const list = (...rows: object[]) => parsePrices(JSON.stringify({ prices: rows.map(row) }), 'prices.yml')
const inputOf = (model: string, ...lists: ReturnType<typeof list>[]) =>
  createPrices(lists).priceOf('openai', model, nowMs).inputNanoUsd

describe('which price holds', () => {
  test.each([
    {
      name: 'the newest that is valid',
      model: 'gpt',
      rows: [{ input: 1 }, { input: 2, as_of: '2026-11-22' }, { input: 3, as_of: '2026-11-23' }],
      wanted: 2_000,
    },
    {
      name: 'an exact name over a beginning',
      model: 'gpt',
      rows: [{ input: 1 }, { model: 'gp*', input: 2, as_of: '2026-06-01' }],
      wanted: 1_000,
    },
    {
      name: 'a longer beginning over a shorter',
      model: 'gpt-mini-1',
      rows: [
        { model: 'gpt*', input: 1 },
        { model: 'gpt-mini*', input: 2 },
        { model: '*', input: 3 },
      ],
      wanted: 2_000,
    },
  ])('$name', ({ model, rows, wanted }) => {
    expect(inputOf(model, list(...rows))).toBe(wanted)
    expect(inputOf(model, list(...rows.toReversed()))).toBe(wanted)
  })

  test('that of the first list that knows the model', () => {
    const lists = [list({ model: 'other' }), list({ model: 'g*', input: 5 }), list({ input: 7 })]
    expect(inputOf('gpt', ...lists)).toBe(5_000)
  })

  test('none: unknown, unless the model runs here', () => {
    const prices = createPrices([list({ as_of: '2027-01-01' })])
    for (const [provider, model] of [
      ['openai', 'gpt'],
      ['anthropic', 'gpt'],
      ['openai', 'gpt-2'],
    ] as const)
      expect(() => prices.priceOf(provider, model, nowMs)).toThrow(
        expect.objectContaining({ code: 'PRICE_UNKNOWN', details: { provider, model } }),
      )
    for (const provider of ['ollama', 'scripted'])
      expect(prices.priceOf(provider, 'any', nowMs)).toEqual({
        inputNanoUsd: 0,
        outputNanoUsd: 0,
        cacheReadNanoUsd: 0,
        cacheWriteNanoUsd: 0,
      })
    expect(createPrices([list({ provider: 'ollama', input: 1 })]).priceOf('ollama', 'gpt', nowMs).inputNanoUsd).toBe(
      1_000,
    )
  })
})

test('prices are whole, rounded up, and a cache costs like input unless said', () => {
  const priceOf = (more: object) => createPrices([list(more)]).priceOf('openai', 'gpt', nowMs)
  expect(priceOf({ input: 0.28, output: 0.0375 })).toEqual({
    inputNanoUsd: 280,
    outputNanoUsd: 38,
    cacheReadNanoUsd: 280,
    cacheWriteNanoUsd: 280,
  })
  expect(priceOf({ cache_read: 0.1, cache_write: 1.25 })).toMatchObject({
    cacheReadNanoUsd: 100,
    cacheWriteNanoUsd: 1_250,
  })
})

describe('a file that cannot be used names each fault by line and column', () => {
  const good = '{ provider: p, model: m, input: 1, output: 1, as_of: 2026-01-01, source: s }'
  test.each([
    {
      name: 'a wrong number',
      text: `prices:\n  - ${good}\n  - ${good.replace('input: 1', 'input: -1')}`,
      at: '3:37 prices.1.input',
    },
    {
      name: 'an unknown member',
      text: `prices:\n  - ${good.replace('input', 'inputs: 1, input')}`,
      at: '2:38 prices.0.inputs',
    },
    { name: 'a missing member', text: `prices:\n  - ${good.replace('output: 1, ', '')}`, at: '2:5 prices.0.output' },
    { name: 'no day', text: `prices:\n  - ${good.replace('2026-01-01', 'May')}`, at: '2:58 prices.0.as_of' },
    { name: 'a * inside', text: `prices:\n  - ${good.replace('model: m', 'model: "m*n"')}`, at: '2:27 prices.0.model' },
    { name: 'no YAML', text: 'prices:\n  - { a: [', at: '2:11' },
    { name: 'an alias', text: 'a: &a [1]\nprices: *a', at: '1:1' },
  ])('$name', ({ text, at }) => {
    const read = () => parsePrices(text, 'p/prices.yml')
    expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_ERROR' }))
    expect(read).toThrow(`p/prices.yml:${at}`)
  })

  test('law: any text is a list or a fault that says where', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string().map((text) => `prices:\n  - ${text}`),
        ),
        (text) => {
          try {
            expect(Array.isArray(parsePrices(text, 'f'))).toBe(true)
          } catch (error) {
            expect(error).toBeInstanceOf(PricesInvalidError)
            if (!(error instanceof PricesInvalidError)) throw error
            expect(error.faults.length).toBeGreaterThan(0)
            for (const { line, column } of error.faults) expect(Math.min(line, column)).toBeGreaterThanOrEqual(1)
          }
        },
      ),
    )
  })
})

describe('folders', () => {
  test('the first one that knows a model stands over the others; a missing file has none', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'otto-prices-'))
    const prices = await readPrices([join(dir, 'none'), shippedDir])
    const shipped = prices.priceOf('openai', 'gpt-4.1', nowMs)
    expect(shipped.inputNanoUsd).toBeGreaterThan(0)
    await writeFile(join(dir, 'prices.yml'), JSON.stringify({ prices: [row({ model: 'gpt-4.1', input: 9 })] }))
    const own = await readPrices([dir, shippedDir])
    expect(own.priceOf('openai', 'gpt-4.1', nowMs).inputNanoUsd).toBe(9_000)
    expect(own.priceOf('openai', 'gpt-4o-mini', nowMs)).toEqual(prices.priceOf('openai', 'gpt-4o-mini', nowMs))
    await rm(dir, { recursive: true })
  })

  test('a file that cannot be read, or is far too long, says so', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'otto-prices-'))
    await writeFile(join(dir, 'prices.yml'), `# ${'x'.repeat(1024 * 1024)}`)
    await expect(readPrices([dir])).rejects.toThrow('prices.yml:1:1 it is longer than 1 MiB')
    await rm(dir, { recursive: true })
    await expect(readPrices(['/dev/null'])).resolves.toBeDefined()
  })

  test('an empty file has no prices', () => {
    expect(parsePrices('', 'f')).toEqual([])
    expect(parsePrices('# nothing yet\n', 'f')).toEqual([])
  })
})
