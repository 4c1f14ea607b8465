import { AsyncLocalStorage } from 'node:async_hooks'
import type { WorkIds } from './event.ts'

const storage = new AsyncLocalStorage<WorkIds>()
const none: WorkIds = Object.freeze({})

/**
 * Runs the work as part of the work that the ids name, and gives what it gives. Whatever it awaits or starts belongs to
 * it too. Ids from outside stay, where the new ones do not name others.
 */
export const runWith = <T>(ids: WorkIds, work: () => T): T =>
  storage.run(Object.freeze({ ...currentIds(), ...ids }), work)

/** Of which work the caller is a part; nothing outside of `runWith`. */
export const currentIds = (): WorkIds => storage.getStore() ?? none
