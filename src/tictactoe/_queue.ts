import type { Clock } from '../core/clock.ts'
import type { GameLocks } from '../intent/intent.ts'
import type { Caller } from './caller.ts'
import { DeadlineExceededError, GameBusyError } from './errors.ts'

/** Who asks, and until when: the wait in line counts against the deadline. */
export type Turn = Pick<Caller, 'gone' | 'deadline' | 'deadlineMs'>

/** One write at a time per game, first come, first served; games are independent. */
export type GameQueue = {
  run<T>(gameId: string, turn: Turn, work: () => Promise<T>): Promise<T>
  /** Is somebody of this process at work on the game? */
  isBusy(gameId: string): boolean
}

type Waiter = { readonly enter: () => void }

export type GameQueueDeps = {
  readonly clock: Clock
  /** Keeps other bridges out. */
  readonly locks: GameLocks
  /** How many may stand in line per game, 16 unless told; one more gets GAME_BUSY. */
  readonly maxWaiting?: number
}

export function createGameQueue({ clock, locks, maxWaiting = 16 }: GameQueueDeps): GameQueue {
  const lines = new Map<string, Waiter[]>() // a game stands here while somebody works on it

  const enter = async (gameId: string, { gone: signal, deadlineMs }: Turn): Promise<void> => {
    const line = lines.get(gameId)
    if (line === undefined) {
      lines.set(gameId, [])
      return
    }
    if (line.length >= maxWaiting) throw new GameBusyError(gameId, 'Too many calls are waiting for this game.')
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiter = { enter: resolve }
    line.push(waiter)
    if (await isEntered(promise, clock, deadlineMs, signal)) return
    // The turn may have come in the same instant; then it must be passed on, or the game would stand still.
    if (line.includes(waiter)) line.splice(line.indexOf(waiter), 1)
    else leave(gameId)
    throw new DeadlineExceededError(signal.reason)
  }

  const leave = (gameId: string): void => {
    const next = lines.get(gameId)?.shift()
    if (next === undefined) lines.delete(gameId)
    else next.enter()
  }

  return {
    async run(gameId, turn, work) {
      await enter(gameId, turn)
      try {
        const release = await hold(locks, gameId, turn)
        try {
          return await work()
        } finally {
          await release()
        }
      } finally {
        leave(gameId)
      }
    },
    isBusy: (gameId) => lines.has(gameId),
  }
}

/** @throws DeadlineExceededError while another bridge keeps the game */
async function hold(locks: GameLocks, gameId: string, { gone, deadline }: Turn): Promise<() => Promise<void>> {
  const signal = AbortSignal.any([gone, deadline])
  try {
    return await locks.hold(gameId, signal)
  } catch (error) {
    throw signal.aborted ? new DeadlineExceededError(error) : error
  }
}

const waitEnded = new Error('The wait is over.')

/** Waits for the turn, no longer than the deadline and the caller do. */
async function isEntered(entered: Promise<void>, clock: Clock, deadlineMs: number, signal: AbortSignal) {
  const over = new AbortController()
  const late = clock
    .sleep(Math.max(0, deadlineMs - clock.monotonicMs()), AbortSignal.any([signal, over.signal]))
    .then(() => false)
    .catch(() => false)
  try {
    return await Promise.race([entered.then(() => true), late])
  } finally {
    over.abort(waitEnded)
  }
}
