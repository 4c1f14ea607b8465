import { StoreBusyError } from './errors.ts'

/** Work on one thing after the other; work on different things goes side by side. */
export type Lanes = {
  /** Runs after all that entered the lane before, whatever became of it. @throws StoreBusyError past the bound */
  enter<T>(lane: string, work: () => T | Promise<T>): Promise<T>
}

type Lane = { last: Promise<unknown>; waiting: number }

/** @param maxWaiting how much may be under way and waiting in one lane */
export function createLanes(maxWaiting: number): Lanes {
  const lanes = new Map<string, Lane>()

  const leave = (name: string, lane: Lane) => {
    lane.waiting -= 1
    if (lane.waiting === 0) lanes.delete(name)
  }

  return {
    async enter(name, work) {
      const lane = lanes.get(name) ?? { last: Promise.resolve(), waiting: 0 }
      if (lane.waiting >= maxWaiting) throw new StoreBusyError(maxWaiting)
      lane.waiting += 1
      lanes.set(name, lane)
      const mine = lane.last.then(work)
      lane.last = mine.then(
        () => leave(name, lane),
        () => leave(name, lane),
      )
      return mine
    },
  }
}
