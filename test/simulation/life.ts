/**
 * The life of one bridge process. What it does to the world goes through here; once it has ended, nothing of it has an
 * effect any more and nothing reaches it: what runs on inside is as good as gone with its memory.
 */
export type Life = {
  readonly isOver: () => boolean
  /** Something that the bridge does to the world. Never resolves once the life is over; it may end right here. */
  step(): Promise<void>
  /** A place that is passed without a wait; it may end right here. */
  pass(): void
  /** What the world gives back: its outcome never arrives once the life is over. */
  reach<T>(work: Promise<T>): Promise<T>
  end(): void
  /** It ends by itself in the n-th step from now, before that has an effect. */
  endAfter(steps: number): void
  /** Resolves when it ends. */
  readonly ended: Promise<void>
}

const never = new Promise<never>(() => {})

export function createLife(onEnd: () => void): Life {
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  let isOver = false
  let stepsLeft = Number.POSITIVE_INFINITY
  const end = () => {
    if (isOver) return
    isOver = true
    onEnd()
    resolve()
  }
  const count = (): void => {
    stepsLeft -= 1
    if (stepsLeft <= 0) end()
  }
  return {
    isOver: () => isOver,
    async step() {
      count()
      if (isOver) await never
    },
    pass: count,
    async reach(work) {
      try {
        const value = await work
        return isOver ? await never : value
      } catch (error) {
        if (isOver) await never
        throw error
      }
    },
    end,
    endAfter(steps) {
      stepsLeft = steps
    },
    ended,
  }
}
