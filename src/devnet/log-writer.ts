import type { Clock } from '../core/clock.ts'
import { LedgerUnwritableError } from './errors.ts'
import type { LogFile } from './log-file.ts'

/** A file that may be appended to, and how long its whole part is. */
export type OpenLog = { readonly path: string; readonly file: LogFile; readonly length: number }

/** Appends texts in order; each promise resolves when its text is on the disk. */
export type LogWriter = {
  append(text: string): Promise<void>
  /** After everything appended so far is durable, goes on in another file. */
  switchTo(open: () => Promise<OpenLog>): Promise<void>
  /** Is writing failing right now? It is tried again until it succeeds or the writer is closed. */
  isFailing(): boolean
  /** Writes what waits, tries a failing disk once more, and closes the file. */
  close(): Promise<void>
}

export type LogWriterDeps = {
  readonly clock: Clock
  /** Told when writing begins to fail, and when it works again. */
  readonly onChange: (failure: unknown | undefined) => void
}

type Task = { readonly work: string | (() => Promise<OpenLog>); resolve(): void; reject(error: unknown): void }

const firstRetryMs = 100
const lastRetryMs = 2_000

/**
 * A writer with group commit: whatever waits when the disk is free goes out in one write and one sync.
 * After a failed write the file is cut back to what was synced, and the same texts are written again.
 */
export function createLogWriter(log: OpenLog, { clock, onChange }: LogWriterDeps): LogWriter {
  const closing = new AbortController()
  const tasks: Task[] = []
  let current = log
  let failing = false
  let busy = false
  let lost: LedgerUnwritableError | undefined
  let running = Promise.resolve()

  const enqueue = (work: Task['work']): Promise<void> =>
    new Promise((resolve, reject) => {
      tasks.push({ work, resolve, reject })
      if (!busy) running = run()
    })

  async function run(): Promise<void> {
    busy = true
    while (tasks.length > 0) {
      const group = takeGroup(tasks)
      try {
        if (lost !== undefined) throw lost // a later text must not stand where an earlier one is missing
        await persist(() => perform(group))
        for (const task of group) task.resolve()
      } catch (error) {
        lost ??= new LedgerUnwritableError(current.path, error)
        for (const task of group) task.reject(lost)
      }
    }
    busy = false // in the same turn as the look at `tasks`, so that none is left lying
  }

  async function perform(group: readonly Task[]): Promise<void> {
    const work = group[0]?.work
    if (typeof work === 'function') {
      const previous = current
      current = await work()
      await previous.file.close().catch(() => undefined) // all of it is synced
    } else {
      current = await appendSynced(current, group, failing)
    }
  }

  async function persist(step: () => Promise<void>): Promise<void> {
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, lastRetryMs)) {
      try {
        await step()
        const recovered = failing
        failing = false
        if (recovered) onChange(undefined)
        return
      } catch (error) {
        if (!failing) onChange(error)
        failing = true
        if (closing.signal.aborted) throw error
        await clock.sleep(waitMs, closing.signal).catch(() => undefined) // closing ends the wait, not the last try
      }
    }
  }

  return {
    append: enqueue,
    switchTo: enqueue,
    isFailing: () => failing,
    async close() {
      closing.abort()
      await running
      await current.file.close()
    },
  }
}

/** All texts up to the next change of file, or that change. */
function takeGroup(tasks: Task[]): Task[] {
  const change = tasks.findIndex((task) => typeof task.work === 'function')
  return tasks.splice(0, change < 0 ? tasks.length : Math.max(change, 1))
}

async function appendSynced(log: OpenLog, group: readonly Task[], afterFailure: boolean): Promise<OpenLog> {
  const bytes = Buffer.from(group.map((task) => (typeof task.work === 'string' ? task.work : '')).join(''), 'utf8')
  if (afterFailure) await log.file.truncate(log.length) // half a line may stand there
  await log.file.write(bytes, log.length)
  await log.file.sync()
  return { ...log, length: log.length + bytes.length }
}
