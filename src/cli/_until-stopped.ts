import { BaseError } from '../core/errors.ts'
import type { CommandContext } from './command.ts'

/** Something that runs until it is told to stop. */
type Running = { close(): Promise<void> }

/**
 * Starts, waits for SIGINT or SIGTERM, and closes.
 * @returns 0; 78 with one line when the start is refused by a setting, a key store, the ledger or a port
 */
export async function runUntilStopped(
  start: () => Promise<Running>,
  { err, signal }: Pick<CommandContext, 'err' | 'signal'>,
): Promise<number> {
  const running = await start().catch((error: unknown) => {
    if (!(error instanceof BaseError)) throw error
    err(`otto: ${error.message}${error.hint ? ` ${error.hint}` : ''}`)
    return undefined
  })
  if (running === undefined) return 78
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  else signal.addEventListener('abort', () => resolve(), { once: true })
  await promise
  await running.close()
  return 0
}
