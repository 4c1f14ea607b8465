import { createContext, Script } from 'node:vm'

/** The work took all its time and was stopped in the middle. What it used must not be used again. */
export class WorkStoppedError extends Error {}

/** What is run, handed over to the script. Nothing is left in it between two runs. */
const slot: { work: (() => void) | undefined } = { work: undefined }
// One for all: to make it takes longer than most work. It lends its clock only, and keeps nothing away.
const context = createContext(slot)
const script = new Script('work()')

/**
 * Runs work that does not give the event loop back, for at most `ms`: what comes from outside may ask for more than anyone
 * can wait for, such as an expression or a schema that tries every way. No sandbox: the work is ours, and starts no
 * other such run.
 * @throws WorkStoppedError, and what the work throws
 * @see Node's vm, timeout: it ends any code that runs below the script
 */
export function runBounded<T>(work: () => T, ms: number): T {
  const done: { value?: T } = {}
  slot.work = () => {
    done.value = work()
  }
  try {
    script.runInContext(context, { timeout: ms })
  } catch (error) {
    if (isTimeout(error)) throw new WorkStoppedError(`It took longer than ${ms} ms.`)
    throw error
  } finally {
    slot.work = undefined
  }
  return done.value as T // the work has ended, and set it
}

/** The error is of the context's own realm, so it is no `Error` of ours. */
const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
