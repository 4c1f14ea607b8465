import { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import { decodeJson } from '../core/decode-json.ts'
import type { JsonObject } from '../core/json.ts'
import type { ArtifactStore, Checkpoint, Checkpoints } from './artifact.ts'
import { ArtifactNotFoundError, CheckpointCorruptError } from './errors.ts'

// The cast that `custom` is holds: it was parsed from JSON.
const JsonObjectSchema = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
)
const Envelope = z.object({
  schema: z.literal(1),
  createdAt: z.iso.datetime(),
  agentId: z.string(),
  name: z.string(),
  meta: JsonObjectSchema,
  data: JsonObjectSchema,
}) satisfies z.ZodType<Checkpoint>

/** As deep as working memory is. */
const maxDepth = 102
const ending = '.json'

/** The states of agents as files: `agents/<agentId>/checkpoints/<name>.json`. */
export function createCheckpoints(artifacts: ArtifactStore, clock: Pick<Clock, 'nowMs'>): Checkpoints {
  const placeOf = (agentId: string) => ({ namespace: 'agents', id: agentId }) as const
  const fileOf = (name: string) => (name === '' ? '' : `${name}${ending}`)
  return {
    save(agentId, name, data, meta = {}) {
      const createdAt = new Date(clock.nowMs()).toISOString()
      const envelope: Checkpoint = { schema: 1, createdAt, agentId, name, meta, data }
      const text = `${JSON.stringify(envelope)}\n`
      return artifacts.save(placeOf(agentId), { name: fileOf(name), type: 'checkpoint', data: text, meta })
    },
    async load(agentId, name) {
      try {
        const { bytes, ref } = await artifacts.load(placeOf(agentId), fileOf(name))
        return parseCheckpoint(bytes, ref.path, { agentId, name })
      } catch (error) {
        if (error instanceof ArtifactNotFoundError) return undefined
        throw error
      }
    },
    list: (agentId) => artifacts.list(placeOf(agentId)),
    delete: (agentId, name) => artifacts.delete(placeOf(agentId), fileOf(name)),
  }
}

/** @throws CheckpointCorruptError for what is no checkpoint, or one of another name or agent */
function parseCheckpoint(
  bytes: Uint8Array,
  path: string,
  { agentId, name }: { readonly agentId: string; readonly name: string },
): Checkpoint {
  try {
    const envelope = Envelope.parse(decodeJson(bytes, { maxDepth, forbidden: 'schema' }))
    if (envelope.agentId === agentId && envelope.name === name) return envelope
  } catch (cause) {
    throw new CheckpointCorruptError(path, cause)
  }
  throw new CheckpointCorruptError(path)
}
