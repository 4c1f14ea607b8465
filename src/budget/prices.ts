import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dayOf } from './_bounds.ts'
import type { PriceRow } from './_price-rows.ts'
import { parsePriceRows } from './_price-rows.ts'
import { PriceUnknownError } from './budget.ts'
import { PricesInvalidError } from './errors.ts'

/** Of one token, in whole billionths of a dollar, rounded up. Where a list says nothing of a cache it costs like input. */
export type Price = {
  readonly inputNanoUsd: number
  readonly outputNanoUsd: number
  readonly cacheReadNanoUsd: number
  readonly cacheWriteNanoUsd: number
}

/** What models cost. */
export type Prices = {
  /** @throws PriceUnknownError */
  priceOf(provider: string, model: string, atMs: number): Price
}

/** Providers whose models run here and cost nothing, unless a row says otherwise. */
const freeProviders: readonly string[] = ['ollama', 'scripted']
const free: Price = { inputNanoUsd: 0, outputNanoUsd: 0, cacheReadNanoUsd: 0, cacheWriteNanoUsd: 0 }
/** Dollars per million tokens → billionths of a dollar per token. */
const nanoUsdPerToken = 1_000
const maxFileChars = 1024 * 1024

/**
 * The prices of `prices.yml` in folders, the first one first: a folder that knows a model at all stands over those
 * behind it. A missing file has no prices.
 * @throws PricesInvalidError
 */
export async function readPrices(folders: readonly string[]): Promise<Prices> {
  const files = folders.map((folder) => join(folder, 'prices.yml'))
  return createPrices(await Promise.all(files.map(readRows)))
}

/**
 * Prices out of lists, the first one first. In a list an exact name stands over a beginning, a longer beginning over a
 * shorter one, and of several rows for it the newest that is valid already.
 */
export function createPrices(lists: readonly (readonly PriceRow[])[]): Prices {
  return {
    priceOf(provider, model, atMs) {
      const today = dayOf(atMs)
      for (const rows of lists) {
        const fitting = rows.filter((row) => row.provider === provider && row.as_of <= today && fits(row.model, model))
        const [best] = fitting.toSorted((one, other) => rank(other, one))
        if (best !== undefined) return toPrice(best)
      }
      if (freeProviders.includes(provider)) return free
      throw new PriceUnknownError(provider, model)
    },
  }
}

/** The rows of a text, as `createPrices` takes them. @throws PricesInvalidError */
export const parsePrices = (text: string, file: string): readonly PriceRow[] => parsePriceRows(text, file)

async function readRows(file: string): Promise<readonly PriceRow[]> {
  try {
    const text = await readFile(file, 'utf8')
    if (text.length <= maxFileChars) return parsePriceRows(text, file)
  } catch (error) {
    if (error instanceof PricesInvalidError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code'
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw new PricesInvalidError([{ file, line: 1, column: 1, path: '', fact: `it cannot be read (${code})` }], error)
  }
  throw new PricesInvalidError([{ file, line: 1, column: 1, path: '', fact: 'it is longer than 1 MiB' }])
}

const fits = (pattern: string, model: string): boolean =>
  pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : pattern === model

/** Above 0 where `one` stands over `other`. */
function rank(one: PriceRow, other: PriceRow): number {
  const nearness = ({ model }: PriceRow) => (model.endsWith('*') ? model.length : Number.POSITIVE_INFINITY)
  if (nearness(one) !== nearness(other)) return nearness(one) > nearness(other) ? 1 : -1
  return one.as_of === other.as_of ? 0 : one.as_of > other.as_of ? 1 : -1
}

const toPrice = ({ input, output, cache_read: cacheRead, cache_write: cacheWrite }: PriceRow): Price => ({
  inputNanoUsd: toNanoUsdPerToken(input),
  outputNanoUsd: toNanoUsdPerToken(output),
  cacheReadNanoUsd: toNanoUsdPerToken(cacheRead ?? input),
  cacheWriteNanoUsd: toNanoUsdPerToken(cacheWrite ?? input),
})

/** Rounded to millionths of a dollar first: 0.28 × 1,000 is a little more than 280. */
const toNanoUsdPerToken = (usd: number): number =>
  Math.ceil(Math.round(usd * 1_000_000) / (1_000_000 / nanoUsdPerToken))
