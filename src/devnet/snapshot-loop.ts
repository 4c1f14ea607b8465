import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Executed, Ledger } from './ledger.ts'
import type { Published } from './published.ts'
import type { Queue } from './queue.ts'
import type { Store } from './store.ts'

/** Turns what waits into snapshots. */
export type SnapshotLoop = {
  /** There may be work: a message came, or the disk writes again. */
  wake(): void
  /** Executes what waits, without waiting for its time, and then nothing more. */
  stop(): Promise<void>
  /** Resolves when everything executed is published, or lost with a store that was closed. */
  settled(): Promise<void>
}

export type SnapshotLoopDeps = {
  readonly ledger: Ledger
  readonly queue: Queue
  readonly store: Store
  readonly published: Published
  readonly clock: Clock
  /** Milliseconds between snapshots; 0: as soon as there is work. */
  readonly snapshotMs: number
  /** Refuse a second event under one key? */
  readonly dedupe: boolean
  readonly log: Log
}

const maxUnpublished = 64 // snapshots that are executed and wait for the disk

/**
 * Executes batch after batch without waiting for the disk; a snapshot is published, in order, once it is durable.
 * No snapshot is made of nothing, except while L0 lags and so needs later ones to show what it holds back.
 */
export function createSnapshotLoop(deps: SnapshotLoopDeps): SnapshotLoop {
  const { ledger, queue, store, published, clock, snapshotMs, dedupe, log } = deps
  const closing = new AbortController()
  let scheduled: NodeJS.Immediate | undefined
  let unpublished = 0
  let durable = ledger.view.ordinal
  let tail = Promise.resolve()

  const hasWork = () => !queue.isEmpty() || published.isBehind()
  const canWork = () => !store.isFailing() && unpublished < maxUnpublished

  function makeSnapshot(): void {
    const updates = queue.take()
    const executed = ledger.execute(updates, { dedupe, allowEmpty: updates.length === 0 })
    const written = append(executed)
    unpublished += 1
    // In the order of execution: a refusal too is shown only when what led to it is durable.
    tail = Promise.all([tail, written])
      .then(() => publish(executed))
      .catch((error) =>
        log.error(
          { err: error, ordinal: executed.snapshot?.ordinal },
          'snapshot was not written, or a listener failed',
        ),
      )
      .finally(() => {
        unpublished -= 1
        if (snapshotMs === 0) schedule()
      })
    if (store.isCheckpointDue()) void store.checkpoint(ledger.image())
  }

  async function append({ snapshot }: Executed): Promise<void> {
    if (snapshot === undefined) return
    const { ordinal, hash, previous, updates } = snapshot
    await store.append({ ordinal, hash, previous, durable, updates })
    durable = ordinal
  }

  function publish(executed: Executed): void {
    for (const { update, refusals } of executed.rejections)
      log.info({ hash: update.hash, codes: refusals.map(({ code }) => code) }, 'message refused')
    published.publish(executed)
  }

  function schedule(): void {
    if (scheduled !== undefined || closing.signal.aborted || !hasWork() || !canWork()) return
    scheduled = setImmediate(() => {
      scheduled = undefined
      if (hasWork() && canWork()) makeSnapshot()
      schedule()
    })
  }

  async function beat(): Promise<void> {
    while (!closing.signal.aborted) {
      await clock.sleep(snapshotMs, closing.signal).catch(() => undefined)
      if (!closing.signal.aborted && hasWork() && canWork()) makeSnapshot()
      while (!closing.signal.aborted && !queue.isEmpty() && canWork()) {
        await nextTurn() // a long queue must not keep answers waiting
        makeSnapshot()
      }
    }
  }

  const beating = snapshotMs === 0 ? Promise.resolve() : beat()
  return {
    wake() {
      if (snapshotMs === 0) schedule()
    },
    async stop() {
      closing.abort()
      clearImmediate(scheduled)
      await beating
      while (!queue.isEmpty() && !store.isFailing()) makeSnapshot()
    },
    settled: () => tail,
  }
}
