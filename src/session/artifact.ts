import { z } from 'zod'
import type { JsonObject, JsonValue } from '../core/json.ts'

export const artifactTypes = ['transcript', 'result', 'intermediate', 'checkpoint'] as const
export type ArtifactType = (typeof artifactTypes)[number]

/** Whose artifact: of a session, an agent's checkpoint, of a task. */
export type ArtifactPlace = { readonly namespace: 'sessions' | 'agents' | 'tasks'; readonly id: string }

/** A stored file. */
export const ArtifactRef = z.object({
  path: z.string().describe('Below the data folder: sessions/<id>/result.json.'),
  name: z.string(),
  type: z.enum(artifactTypes),
  bytes: z.int().min(0),
  checksum: z.string().describe('SHA-256, hex.'),
  createdAt: z.iso.datetime(),
  // The cast holds: what is stored is JSON.
  meta: z.record(z.string(), z.unknown() as z.ZodType<JsonValue>),
})
export type ArtifactRef = z.output<typeof ArtifactRef>

/** What a check found. */
export type ArtifactFault = { readonly path: string; readonly fault: 'missing' | 'altered' | 'unreadable' | 'unlisted' }

/** Something that is written line by line while work goes on, and closed with its checksum. */
export type ArtifactStream = {
  /** Taken at once; written in order. Bounded: past 8 MiB unwritten it waits. */
  append(line: string): Promise<void>
  /** @throws StorageUnavailableError when it could not all be written */
  close(): Promise<ArtifactRef>
}

/**
 * Files of sessions and agents: whole or not at all, synced, with a checksum. Folders 0700, files 0600.
 * @throws StorageUnavailableError (a full disk, too), ArtifactNotFoundError, CheckpointCorruptError
 */
export type ArtifactStore = {
  save(
    place: ArtifactPlace,
    artifact: {
      readonly name: string
      readonly type: ArtifactType
      readonly data: Uint8Array | string
      readonly meta?: JsonObject
    },
  ): Promise<ArtifactRef>
  open(
    place: ArtifactPlace,
    artifact: { readonly name: string; readonly type: ArtifactType; readonly meta?: JsonObject },
  ): Promise<ArtifactStream>
  /** The bytes, their checksum compared. */
  load(place: ArtifactPlace, name: string): Promise<{ readonly ref: ArtifactRef; readonly bytes: Uint8Array }>
  list(place: ArtifactPlace): Promise<readonly ArtifactRef[]>
  places(namespace: ArtifactPlace['namespace']): Promise<readonly string[]>
  delete(place: ArtifactPlace, name?: string): Promise<boolean>
  /** Everything, or one place: every file read and compared. */
  verify(place?: ArtifactPlace): AsyncIterable<ArtifactFault>
  /** Kept whatever its age. */
  pin(place: ArtifactPlace, isPinned: boolean): Promise<void>
  /** Removes what is older than the retention; nothing while `isPaused`. @returns how many places went */
  sweep(): Promise<number>
}

/** A state that work can go on from: JSON in an envelope that says whose, when and of which shape. */
export type Checkpoints = {
  save(agentId: string, name: string, data: JsonObject, meta?: JsonObject): Promise<ArtifactRef>
  /** @throws CheckpointCorruptError; undefined where there is none */
  load(agentId: string, name: string): Promise<Checkpoint | undefined>
  list(agentId: string): Promise<readonly ArtifactRef[]>
  delete(agentId: string, name: string): Promise<boolean>
}

export type Checkpoint = {
  readonly schema: 1
  readonly createdAt: string
  readonly agentId: string
  readonly name: string
  readonly meta: JsonObject
  readonly data: JsonObject
}
