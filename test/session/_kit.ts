import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import type { ArtifactStoreDeps } from '../../src/session/_artifact-scope.ts'
import type { ArtifactFault, ArtifactPlace, ArtifactStore } from '../../src/session/artifact.ts'
import { createArtifactStore } from '../../src/session/create-artifact-store.ts'
import { randomId } from '../../src/system.ts'

/** A folder of the running test's own, gone with it. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'otto-session-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

export const session = { namespace: 'sessions', id: 's1' } as const
export const dayMs = 86_400_000

/** A clock that is so far ahead of the machine's. */
export const clockAhead = (ms = 0) => ({ nowMs: () => Date.now() + ms })

/** A store on a folder; another one on the same folder stands for a restart. */
export const openStore = (dir: string, deps: Partial<ArtifactStoreDeps> = {}): ArtifactStore =>
  createArtifactStore({
    dir,
    clock: clockAhead(),
    retentionDays: 7,
    isPaused: () => false,
    newId: randomId,
    log: silentLog,
    ...deps,
  })

/** What a check of a store, or of one place, finds. */
export async function faultsOf(store: ArtifactStore, place?: ArtifactPlace): Promise<readonly ArtifactFault[]> {
  const faults: ArtifactFault[] = []
  for await (const fault of store.verify(place)) faults.push(fault)
  return faults
}

export const textOf = async (store: ArtifactStore, name: string, place: ArtifactPlace = session): Promise<string> =>
  Buffer.from((await store.load(place, name)).bytes).toString()
