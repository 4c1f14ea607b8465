/** Work that is due, each once, a few at the same time. */
export type ReadQueue = { add(gameId: string): void; clear(): void }

/** @param work never rejects */
export function createReadQueue(atOnce: number, work: (gameId: string) => Promise<void>): ReadQueue {
  const due = new Set<string>()
  let running = 0

  const next = (): void => {
    for (const gameId of due) {
      if (running >= atOnce) return
      due.delete(gameId)
      running += 1
      void work(gameId).finally(() => {
        running -= 1
        next()
      })
    }
  }
  return {
    add(gameId) {
      due.add(gameId)
      next()
    },
    clear: () => due.clear(),
  }
}
