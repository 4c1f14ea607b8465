import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deriveSteps } from '../../src/live/derive.ts'
import { isNewer } from '../../src/live/standing.ts'
import type { GameView } from '../../src/tictactoe/game-view.ts'
import type { Action } from './_world.ts'
import { after, begun, viewOf } from './_world.ts'

const gameId = crypto.randomUUID()

/** Every state that a game goes through; actions that the rules refuse are left out. */
function historyOf(actions: readonly Action[]): readonly GameView[] {
  let standing = begun
  const views = [viewOf(gameId, { ...standing, ordinal: 1 })]
  for (const action of actions) {
    const next = after(standing, action)
    if (next === undefined) continue
    standing = next
    views.push(viewOf(gameId, { ...standing, ordinal: views.length + 1 }))
  }
  return views
}
const stepsOf = (...views: readonly GameView[]) =>
  views.slice(1).flatMap((view, index) => deriveSteps(views[index], view).map(({ type }) => type))

const action = fc.constantFrom<Action>('start', 'move', 'move', 'move', 'win', 'reset', 'cancel')
const history = fc.array(action, { maxLength: 40 }).map((actions) => historyOf(['start', ...actions]))

/** What a reader knows who plays the steps on a board of its own. */
type Told = { moves: { player: string; cell: number }[]; isOver: boolean }
function replay(told: Told, before: GameView, view: GameView): void {
  for (const step of deriveSteps(before, view)) {
    if (step.type === 'move_made') told.moves.push(step.move)
    else if (step.type === 'board_reset') Object.assign(told, { moves: [], isOver: false })
    else if (step.type === 'game_ended' || step.type === 'game_cancelled') told.isOver = true
    else if (step.type === 'game')
      Object.assign(told, { moves: [...view.moveHistory], isOver: !['setup', 'playing'].includes(view.machineState) })
  }
}

describe('the steps of a game', () => {
  test('law: whichever states were seen, replaying the steps gives the newest one', () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.boolean()), (views, isSeen) => {
        const seen = views.filter((_, index) => index === 0 || isSeen.next().value)
        const told: Told = { moves: [], isOver: false }
        seen.forEach((view, index) => {
          const before = seen[index - 1]
          if (before) replay(told, before, view)
        })
        const newest = seen.at(-1)
        expect(told.moves).toEqual(newest?.moveHistory)
        expect(told.isOver).toBe(['finished', 'cancelled'].includes(newest?.machineState ?? ''))
      }),
    )
  })

  test('law: who sees every state is told every step, and never only how the game stands', () => {
    fc.assert(
      fc.property(history, (views) => {
        views.forEach((view, index) => {
          const before = views[index - 1]
          if (!before) return
          const types = stepsOf(before, view)
          expect(types.length).toBeGreaterThan(0)
          expect(types).not.toContain('game')
          expect(types.length).toBe(types[0] === 'move_made' && view.machineState === 'finished' ? 2 : 1)
        })
      }),
    )
  })

  test('law: each state is newer than those before it, and than none after', () => {
    fc.assert(
      fc.property(history, (views) => {
        views.forEach((view, index) => {
          for (const earlier of views.slice(0, index)) expect(isNewer(view, earlier)).toBe(true)
          for (const later of views.slice(index)) expect(isNewer(view, later)).toBe(false)
        })
      }),
    )
  })
})

const at = (...actions: readonly Action[]): GameView => {
  const view = historyOf(actions).at(-1)
  if (view === undefined) throw new TypeError('There is always a first state.')
  return view
}
const moves = (count: number): Action[] => Array(count).fill('move')

test.each([
  { name: 'several moves', from: at('start'), to: at('start', ...moves(2)), types: ['move_made', 'move_made'] },
  {
    name: 'a win',
    from: at('start', ...moves(4)),
    to: at('start', ...moves(4), 'win'),
    types: ['move_made', 'game_ended'],
  },
  { name: 'a start that was missed', from: at(), to: at('start', 'move'), types: ['game_started', 'move_made'] },
  { name: 'cancelled before the start', from: at(), to: at('cancel'), types: ['game_cancelled'] },
  {
    name: 'cancelled after moves',
    from: at('start'),
    to: at('start', 'move', 'cancel'),
    types: ['move_made', 'game_cancelled'],
  },
  {
    name: 'emptied and played on',
    from: at('start', 'move'),
    to: at('start', 'move', 'reset', 'move'),
    types: ['board_reset', 'move_made'],
  },
  { name: 'an end that was missed', from: at('start'), to: at('start', ...moves(9), 'reset'), types: ['game'] },
  { name: 'two rounds', from: at('start'), to: at('start', 'reset', 'reset'), types: ['game'] },
  { name: 'a round before the start', from: at(), to: at('start', 'reset'), types: ['game'] },
])('$name', ({ from, to, types }) => {
  expect(stepsOf(from, to)).toEqual(types)
})

test('a game that is new is told from its creation, one that nobody knows as it stands', () => {
  const view = at('start', 'move')
  expect(deriveSteps('new', view).map(({ type }) => type)).toEqual(['game_created', 'game_started', 'move_made'])
  expect(deriveSteps(undefined, view)).toEqual([{ type: 'game' }])
})
