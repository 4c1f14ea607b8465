/** What the model server says, written and read: each line tells when it was sent. */

const words = 'The board is open and it is your move: take a corner, keep the centre in mind, and watch the far row . '
const tokens = words.match(/\S+\s/g) ?? []

/** Microseconds of the clock that all processes of a machine share. */
export const nowUs = (): number => Number(process.hrtime.bigint()) / 1_000

const head = '{"model":"bench","created_at":"2026-11-21T09:00:00.160000000Z","message":{"role":"assistant","content":"'
const middle = '"},"done":false,"sent_us":"'
const stampLength = 16

/** A line of text with its line break. `sentUs` is as it stands in the line. */
export const textLine = (index: number, sentUs: string): string =>
  `${head}${tokens[index % tokens.length]}${middle}${sentUs}"}\n`

/** The time as a line holds it: always as long. */
export const toStamp = (us: number): string => Math.round(us).toString().padStart(stampLength, '0')

/**
 * When the line was sent, microseconds.
 * @throws where it is not, byte for byte, the line with this index: nothing else may be compared with a pipe
 */
export function sentUsOf(line: string, index: number): number {
  const from = line.length - stampLength - '"}\n'.length
  const stamp = line.slice(from, from + stampLength)
  if (line !== textLine(index, stamp)) throw new Error(`Line ${index} did not pass as it was: ${line}`)
  return Number(stamp)
}

/** The last line of an answer. */
export const endLine = `${head}"},"done":true,"done_reason":"stop","total_duration":910000000,"load_duration":21000000,"prompt_eval_count":412,"prompt_eval_duration":300000000,"eval_count":200,"eval_duration":80000000}\n`

/** A line that reads a game, in Ollama's words. @see Ollama api/types.go */
export function callLine(gameId: string): string {
  const call = { id: 'call_4k2n8p0x', function: { index: 0, name: 'ttt_get_state', arguments: { gameId } } }
  return `${head}","tool_calls":[${JSON.stringify(call)}]},"done":false}\n`
}
