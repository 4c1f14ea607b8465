import process from 'node:process'
import type { Log } from '../core/log.ts'

/** A promise that nobody waits for and that fails costs a line in the log, and not the service. Undone by disposing. */
export function surviveStrayRejections(log: Log): Disposable {
  const note = (error: unknown) => log.error({ err: error }, 'a rejection that nobody handles; the service goes on')
  process.on('unhandledRejection', note)
  return { [Symbol.dispose]: () => void process.off('unhandledRejection', note) }
}
