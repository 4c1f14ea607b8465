import { loadCore, startWorker } from './child.ts'
import type { LoadAnswer, LoadRequest } from './processes/load.ts'

export const moveConnections = 32

/** A load generator beside a service, on a core of its own unless told. */
export async function withLoad<T>(
  work: (send: (request: LoadRequest) => Promise<LoadAnswer>) => Promise<T>,
  cores: readonly number[] = loadCore,
): Promise<T> {
  const worker = startWorker('load', cores)
  try {
    return await work((request) => worker.ask<LoadAnswer>(request))
  } finally {
    await worker.stop()
  }
}

type PlayOptions = { readonly cores?: readonly number[]; readonly games?: number }

/** Plays whole games on a service, after a warm-up on others. Games are made beforehand: moves alone are counted. */
export function playGames(
  { port }: { readonly port: number },
  { cores = loadCore, games = 640 }: PlayOptions = {},
): Promise<LoadAnswer> {
  const connections = moveConnections
  const warming = 256
  return withLoad(async (send) => {
    await send({ kind: 'prepare', port, connections, games: warming + games })
    await send({ kind: 'play', port, connections, games: warming })
    return send({ kind: 'play', port, connections, games })
  }, cores)
}
