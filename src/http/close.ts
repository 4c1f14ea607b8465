import type { FastifyInstance } from 'fastify'

/** How long running requests may still take when the service is told to stop. */
export const stopWithinMs = 25_000

/**
 * Stops a server: no new write is started, running requests finish. What still runs after `withinMs` loses its connection,
 * which tells its caller as much as is known: it has to ask again.
 */
export async function closeWithin(server: FastifyInstance, withinMs: number): Promise<void> {
  const cut = setTimeout(() => server.server.closeAllConnections(), withinMs)
  try {
    await server.close()
  } finally {
    clearTimeout(cut)
  }
}
