import type { Child } from './_child.ts'
import { createChild } from './_child.ts'
import { ActorRefusedError } from './actor-registry.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { silentLog } from './log.ts'
import type { ChildChange, ChildNode, ChildSpec, SupervisorLimits } from './supervised.ts'
import { supervisorLimits } from './supervised.ts'

export type SupervisorDeps = {
  readonly clock: Clock
  /** Numbers in [0, 1), for the spread of waits. */
  readonly random: () => number
  readonly log?: Log
  /** Told of each change of a part, its last failure included. Returns at once, never throws. */
  readonly onState?: (change: ChildChange) => void
  readonly limits?: Partial<SupervisorLimits>
}

/** Starts parts, starts them again when they crash, and stops them. What happens to one touches no other. */
export type Supervisor = {
  /**
   * Starts parts one after the other; they are stopped in the reverse order.
   * @throws what a start throws; those that this call had started are stopped then
   */
  start(children: readonly ChildSpec[]): Promise<void>
  /**
   * Starts one more while the others run. It is forgotten once it has ended, unless it failed for good.
   * @throws what its start throws, then it is forgotten; ActorRefusedError for an id that is taken, when it is full, and when it closes
   */
  spawn(child: ChildSpec): Promise<void>
  /** Stops one and forgets it. @returns false where none has the id */
  stop(id: string): Promise<boolean>
  /** Stops all of them, the last one first; those that were spawned before, at once. Nothing starts any more. */
  close(): Promise<void>
  /** In the order of their start. */
  tree(): readonly ChildNode[]
}

type Entry = { readonly child: Child; readonly isSpawned: boolean }

export function createSupervisor(deps: SupervisorDeps): Supervisor {
  const { clock, random, log = silentLog, onState = () => {} } = deps
  const limits = { ...supervisorLimits, ...deps.limits }
  const entries = new Map<string, Entry>()
  let closing: Promise<void> | undefined

  const assertRoom = (id: string): void => {
    const known = entries.get(id)?.child.node().state
    if (known !== undefined && known !== 'failed') throw new ActorRefusedError('exists', id)
    if (closing !== undefined) throw new ActorRefusedError('closed', id)
    if (known === undefined && entries.size >= limits.maxChildren) throw new ActorRefusedError('full', id)
  }
  const begin = async (spec: ChildSpec, isSpawned: boolean): Promise<void> => {
    assertRoom(spec.id)
    const forget = () => void (entries.get(spec.id) === entry && entries.delete(spec.id))
    const onGone = (state: 'stopped' | 'failed') => {
      if (isSpawned && state === 'stopped') forget()
    }
    const entry: Entry = { isSpawned, child: createChild(spec, { clock, random, log, limits, onState, onGone }) }
    entries.delete(spec.id) // a failed one: the new one comes after those that run
    entries.set(spec.id, entry)
    await entry.child.begin().catch((error: unknown) => {
      forget()
      throw error
    })
  }
  const stop = async (id: string): Promise<boolean> => {
    const entry = entries.get(id)
    if (entry === undefined) return false
    await entry.child.stop()
    if (entries.get(id) === entry) entries.delete(id)
    return true
  }
  const stopInReverse = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids.toReversed()) await stop(id)
  }
  const closeAll = async (): Promise<void> => {
    const all = [...entries]
    await Promise.all(all.flatMap(([id, { isSpawned }]) => (isSpawned ? [stop(id)] : [])))
    await stopInReverse(all.flatMap(([id, { isSpawned }]) => (isSpawned ? [] : [id])))
  }
  return {
    async start(children) {
      const begun: string[] = []
      try {
        for (const child of children) {
          await begin(child, false)
          begun.push(child.id)
        }
      } catch (error) {
        await stopInReverse(begun)
        throw error
      }
    },
    spawn: (child) => begin(child, true),
    stop,
    close() {
      closing ??= closeAll()
      return closing
    },
    tree: () => [...entries.values()].map(({ child }) => child.node()),
  }
}
