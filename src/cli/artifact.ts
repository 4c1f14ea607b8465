import { parseConfig } from '../config.ts'
import { silentLog } from '../core/log.ts'
import type { ArtifactPlace, ArtifactStore } from '../session/artifact.ts'
import { createArtifactStore } from '../session/create-artifact-store.ts'
import { SessionNotFoundError } from '../session/errors.ts'
import { randomId, systemClock } from '../system.ts'
import { printable } from './_printable.ts'
import { toTable } from './_table.ts'
import type { Command, CommandContext } from './command.ts'

const usage = `otto artifact ls [sessionId]
otto artifact verify [sessionId]

What agents stored in OTTO_DATA_DIR. ls prints the sessions, or the files of one; verify reads every file and compares its
checksum, one line for each that is missing, altered, unreadable or not on the list, and ends with 1 where there is one.`

/** `otto artifact`: the files of sessions, and are they as they were written. */
export const artifactCommand: Command = {
  name: 'artifact',
  summary: 'list the files that agents stored, or check them',
  usage,
  async run([action, sessionId, ...more], context) {
    if ((action !== 'ls' && action !== 'verify') || more.length > 0 || sessionId?.startsWith('-')) {
      context.err(`otto artifact: name one of ls and verify, and a session at most\n\n${usage}`)
      return 2
    }
    const store = openStore(context)
    const place = sessionId === undefined ? undefined : ({ namespace: 'sessions', id: sessionId } as const)
    if (place !== undefined) await assertThere(store, place)
    if (action === 'verify') return verify(store, place, context)
    for (const line of place === undefined ? await sessionLines(store) : await fileLines(store, place))
      context.out(line)
    return 0
  },
}

/** Looks only: nothing is swept. */
function openStore({ env }: CommandContext): ArtifactStore {
  const { dataDir, artifactDays } = parseConfig(env).agents
  return createArtifactStore({
    dir: dataDir,
    clock: systemClock,
    retentionDays: artifactDays,
    isPaused: () => true,
    newId: randomId,
    log: silentLog,
  })
}

async function assertThere(store: ArtifactStore, { namespace, id }: ArtifactPlace): Promise<void> {
  if (!(await store.places(namespace)).includes(id)) throw new SessionNotFoundError(id)
}

async function sessionLines(store: ArtifactStore): Promise<readonly string[]> {
  const rows: string[][] = []
  for (const id of await store.places('sessions')) {
    const refs = await store.list({ namespace: 'sessions', id })
    const newest =
      refs
        .map(({ createdAt }) => createdAt)
        .toSorted()
        .at(-1) ?? '-'
    const bytes = refs.reduce((sum, ref) => sum + ref.bytes, 0)
    rows.push([printable(id), String(refs.length), String(bytes), newest])
  }
  return toTable(['session', ' files', ' bytes', 'newest'], rows)
}

async function fileLines(store: ArtifactStore, place: ArtifactPlace): Promise<readonly string[]> {
  const refs = await store.list(place)
  const rows = refs.map(({ path, type, bytes, checksum, createdAt }) => [
    printable(path),
    type,
    String(bytes),
    checksum,
    createdAt,
  ])
  return toTable(['file', 'type', ' bytes', 'SHA-256', 'written'], rows)
}

async function verify(
  store: ArtifactStore,
  place: ArtifactPlace | undefined,
  { out, err }: CommandContext,
): Promise<number> {
  let faults = 0
  for await (const { path, fault } of store.verify(place)) {
    faults++
    err(`${printable(path)}: ${fault}`)
  }
  if (faults === 0) out('every file is as it was written')
  return faults === 0 ? 0 : 1
}
