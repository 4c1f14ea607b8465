import type { JsonValue } from '../../src/core/json.ts'
import { isJsonArray } from '../../src/core/json.ts'
import type { ToolOutcome } from '../../src/tools/tool.ts'
import type { Table } from './clients.ts'

/** The time after which an open intent is not sent any more, and some for looking. */
const openMs = 17 * 60_000

/** Nothing goes wrong any more: waits until what was on its way has arrived and nothing is open. */
export async function settle({ world: { time, database, network } }: Table, late: string[]): Promise<void> {
  const isOpen = () => database.intents().some(({ state }) => state === 'submitting' || state === 'accepted')
  const startMs = time.nowMs()
  const rests = () => network.ghosts() === 0 && !isOpen()
  await time.sleep(5_000)
  while (!rests() && time.nowMs() - startMs < openMs) await time.sleep(5_000)
  if (isOpen()) late.push(`an intent is open after ${time.nowMs() - startMs} ms without trouble`)
}

const maxRetries = 10

/** Plays every game a little on and ends it, as somebody could who comes later. */
export async function playToEnds({ world: { truth, time }, fleet }: Table, late: string[]): Promise<void> {
  for (const gameId of truth.games()) {
    if (truth.statesOf(gameId).length === 0) continue // never more than half made
    const end = await playToEnd(async (tool, args, step) => {
      const context = { principal: 'the last player', signal: new AbortController().signal }
      const ask = async () =>
        (await fleet.someBridge()).call(tool, { gameId, ...args }, { ...context, traceId: `end-${step}` })
      let outcome = await ask()
      for (let retry = 0; retry < maxRetries && outcome?.success === false && outcome.retryable; retry++) {
        await time.sleep(4_000) // a breaker may be open still
        outcome = await ask()
      }
      return outcome
    })
    if (end !== undefined) late.push(`game ${gameId} cannot be finished: ${end}`)
  }
}

type Ask = (
  tool: string,
  args: { readonly [name: string]: JsonValue },
  step: number,
) => Promise<ToolOutcome | undefined>

/** Undefined when it came to an end; else what stood in its way. */
async function playToEnd(ask: Ask): Promise<string | undefined> {
  let outcome = await ask('ttt_get_state', {}, 0)
  for (let step = 1; step < 6; step++) {
    if (!outcome?.success) return `${outcome?.code} ${JSON.stringify(outcome?.details)}`
    const { machineState, turn, board } = outcome.result
    if (machineState === 'finished' || machineState === 'cancelled') return undefined
    if (step > 2) outcome = await ask('ttt_cancel_game', { reason: 'enough' }, step)
    else if (machineState === 'setup') outcome = await ask('ttt_start_game', {}, step)
    else {
      const cell = isJsonArray(board) ? board.indexOf(null) : 0
      outcome = await ask('ttt_make_move', { player: turn ?? 'X', cell }, step)
    }
  }
  return 'it does not end'
}
