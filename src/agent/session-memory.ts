import type { JsonValue } from '../core/json.ts'
import { isJsonArray } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import type { ChatMessage } from '../llm/language-model.ts'
import { TooLargeError } from '../sandbox/errors.ts'
import type { ArtifactStore } from '../session/artifact.ts'
import type { ContextMeta, ContextStore } from '../session/context.ts'
import { ArtifactNotFoundError } from '../session/errors.ts'

/** What was said in a session so far, for the next task of it. */
export type SessionMemory = {
  read(sessionId: string, agentId: string): Promise<readonly ChatMessage[]>
  keep(sessionId: string, agentId: string, taskId: string, messages: readonly ChatMessage[]): Promise<void>
}

type Deps = { readonly contexts: ContextStore; readonly artifacts: ArtifactStore; readonly log: Log }

/** How long a session stays in memory after its last task; from then on it is read from the disk. */
const ttlMs = 3_600_000

/** In memory while a session is talked in, and on the disk for when it is not, or the service was restarted. */
export function createSessionMemory({ contexts, artifacts, log }: Deps): SessionMemory {
  const idOf = (sessionId: string, agentId: string) => `${sessionId}/${agentId}`
  const nameOf = (agentId: string) => `context-${agentId}.json`
  const stored = async (sessionId: string, agentId: string): Promise<JsonValue> => {
    try {
      const { bytes } = await artifacts.load({ namespace: 'sessions', id: sessionId }, nameOf(agentId))
      return JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonValue // what `keep` wrote, its checksum compared
    } catch (error) {
      if (!(error instanceof ArtifactNotFoundError))
        log.warn({ err: error, sessionId, agentId }, 'a session is forgotten')
      return []
    }
  }
  /** What there is no room for is read from the disk. */
  const remember = (id: string, value: JsonValue, meta: ContextMeta): void => {
    try {
      contexts.put(id, value, { ttlMs, meta })
    } catch (error) {
      if (!(error instanceof TooLargeError)) throw error
      contexts.delete(id)
    }
  }
  return {
    async read(sessionId, agentId) {
      const kept = contexts.get(idOf(sessionId, agentId)) ?? (await stored(sessionId, agentId))
      // The cast holds: `keep` alone writes there.
      return isJsonArray(kept) ? (kept as unknown as readonly ChatMessage[]) : []
    },
    async keep(sessionId, agentId, taskId, messages) {
      const text = JSON.stringify(messages)
      const value = JSON.parse(text) as JsonValue
      remember(idOf(sessionId, agentId), value, { sessionId, agentId, taskId })
      await artifacts.save(
        { namespace: 'sessions', id: sessionId },
        { name: nameOf(agentId), type: 'intermediate', data: text, meta: { taskId } },
      )
    },
  }
}
