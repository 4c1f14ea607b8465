import { z } from 'zod'
import { uuidPattern } from '../core/uuid.ts'

const Uuid = z.string().regex(uuidPattern, 'Not a UUID').toLowerCase().meta({ format: 'uuid' })

/** How a game is named. The ids of its machine and its oracle are taken in its place. */
export const GameId = Uuid.describe('The gameId that ttt_create_game returned.')

/** The caller's own key for a write: the same key again gets the first answer, and nothing is done twice. */
export const IdempotencyKey = Uuid.optional().describe(
  'A UUID of your own: repeat the call under it if you got no answer.',
)

/** The range is the oracle's to judge; the schema only says it. `-0` is 0. */
export const Cell = z
  .int()
  .overwrite((cell) => cell + 0)
  .meta({ minimum: 0, maximum: 8 })
  .describe('0 is top left, 8 is bottom right.')

// The category Cc, spelled out: the schema's pattern must also be one to readers that know no `\p`, such as Python's.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const noControlCharacters = /^[^\u0000-\u001f\u007f-\u009f]*$/

/** Free text that goes onto the ledger; a node refuses control characters. @see the payload rules in src/fiber/ */
export const Reason = z
  .string()
  .max(500)
  .regex(noControlCharacters, 'Control characters are not allowed')
  .default('No reason given.')
  .describe('Why, in at most 500 characters.')
