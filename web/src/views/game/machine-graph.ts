import machine from '../../../../statemachine/tictactoe.json' with { type: 'json' }
import type { GameView } from '../../api/client.ts'
import type { LedgerMessage } from '../../ledger/message.ts'

export type State = { readonly id: string; readonly isFinal: boolean }
export type Transition = { readonly from: string; readonly to: string; readonly event: string }

const { definition } = machine

/** States and transitions as the definition on the ledger has them. @see statemachine/tictactoe.json */
export const states: readonly State[] = Object.values(definition.states).map(({ id, isFinal }) => ({ id, isFinal }))
export const transitions: readonly Transition[] = definition.transitions.map(({ from, to, eventName }) => ({
  from,
  to,
  event: eventName,
}))

/** How many steps a state is away from the first one, by the longest way without a loop. */
export function levelOf(state: string, seen: readonly string[] = []): number {
  if (state === definition.initialState) return 0
  const before = transitions.filter(({ from, to }) => to === state && from !== state && !seen.includes(from))
  return Math.max(0, ...before.map(({ from }) => 1 + levelOf(from, [...seen, state])))
}

/**
 * The transition that brought a game where it is; undefined where that cannot be told. The view says most of it; whether
 * an empty board was laid out or cleared only the messages tell.
 */
export function lastTransition(view: GameView, messages: readonly LedgerMessage[]): Transition | undefined {
  const { machineState, machineId, moveCount } = view
  const events = messages.filter(({ fiberId, success }) => fiberId === machineId && success !== false)
  const find = (event: string, from: string) =>
    transitions.find((one) => one.event === event && one.from === from && one.to === machineState)
  if (machineState === 'finished') return find('make_move', 'playing')
  if (machineState === 'setup') return undefined
  if (machineState === 'cancelled') {
    const wasStarted = moveCount > 0 || events.some(({ eventName }) => eventName === 'start_game')
    return find('cancel_game', wasStarted ? 'playing' : 'setup')
  }
  if (moveCount > 0) return find('make_move', 'playing')
  const event = events.findLast(({ eventName }) => eventName !== null)?.eventName
  if (event === 'reset_board') return find('reset_board', 'playing')
  return view.roundCount === 0 || event === 'start_game' ? find('start_game', 'setup') : undefined
}
