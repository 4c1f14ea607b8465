import type { Document } from 'yaml'
import { isNode, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import type { PriceFault } from './errors.ts'
import { PricesInvalidError } from './errors.ts'

/** Dollars per million tokens. */
const Usd = z.number().min(0).max(100_000)

const PriceRow = z.strictObject({
  provider: z.string().min(1).max(64),
  /** Exact, or a beginning with `*` behind it. */
  model: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^*]*\*?$/, 'may have one *, at its end'),
  input: Usd,
  output: Usd,
  cache_read: Usd.optional(),
  cache_write: Usd.optional(),
  /** From this UTC day on. */
  as_of: z.iso.date('must be a day, YYYY-MM-DD'),
  source: z.string().min(1).max(500),
})
export type PriceRow = z.output<typeof PriceRow>

const PriceFile = z.strictObject({ prices: z.array(PriceRow).max(10_000) })

/**
 * The rows of a file of prices. Aliases are refused: they can make a small file huge.
 * @throws PricesInvalidError
 */
export function parsePriceRows(text: string, file: string): readonly PriceRow[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, schema: 'core', prettyErrors: false })
  const at = (offset: number, path: string, fact: string): PriceFault => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col), path, fact }
  }
  const broken = [...document.errors, ...document.warnings].map(({ pos, message }) => at(pos[0], '', message))
  if (broken.length > 0) throw new PricesInvalidError(broken)
  const parsed = PriceFile.safeParse(toPlain(document, () => at(0, '', 'aliases are not taken; write the values out')))
  if (parsed.success) return parsed.data.prices
  throw new PricesInvalidError(
    parsed.error.issues.flatMap((issue) => {
      const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]
      const fact = issue.code === 'unrecognized_keys' ? 'there is no such member' : issue.message
      return paths.map((path) => at(offsetOf(document, path), path.map(String).join('.'), fact))
    }),
    parsed.error,
  )
}

/** An empty file has no prices. */
function toPlain(document: Document.Parsed, fault: () => PriceFault): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 }) ?? { prices: [] }
  } catch (cause) {
    throw new PricesInvalidError([fault()], cause)
  }
}

/** Where a value begins, or the innermost one around it that is there. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const found: unknown = document.getIn(path.slice(0, length), true)
    if (isNode(found) && found.range) return found.range[0]
  }
  return document.contents?.range?.[0] ?? 0
}
