import type { JsonValue } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import type { ChatMessage } from '../llm/language-model.ts'
import type { ArtifactRef, ArtifactStore, ArtifactStream } from '../session/artifact.ts'
import { ArtifactOpenError } from '../session/errors.ts'
import type { Redactor } from '../session/redact.ts'
import type { Transcript } from '../session/transcript.ts'
import type { TaskResult } from './agent.ts'
import type { SessionMemory } from './session-memory.ts'

export type KeepDeps = {
  readonly artifacts: ArtifactStore
  readonly memory: SessionMemory
  readonly redactor: Redactor
  readonly log: Log
  /** How many messages a session remembers. */
  readonly keep: number
}

/** Agents that come to a session at the same moment. */
const maxTries = 100

/** The first task of a session has plain names; the others count. @throws StorageUnavailableError */
export async function openNumbered(
  artifacts: ArtifactStore,
  { sessionId, taskId }: Pick<TaskResult, 'sessionId' | 'taskId'>,
): Promise<{ readonly number: string; readonly stream: ArtifactStream }> {
  const place = { namespace: 'sessions', id: sessionId } as const
  for (let tries = 1; ; tries++) {
    const refs = await artifacts.list(place)
    const before = refs.filter(({ type }) => type === 'transcript').length
    const number = before === 0 ? '' : `-${before + 1}`
    try {
      const about = { name: `transcript${number}.jsonl`, type: 'transcript', meta: { taskId } } as const
      return { number, stream: await artifacts.open(place, about) }
    } catch (error) {
      // Another agent was faster: it is counted from now on.
      if (!(error instanceof ArtifactOpenError) || tries >= maxTries) throw error
    }
  }
}

type Kept = {
  readonly result: TaskResult
  readonly number: string
  readonly transcript: Pick<Transcript, 'close'>
  readonly messages: readonly ChatMessage[]
}

/** What is left of a task. A disk that takes nothing more costs the files, not the result. */
export async function keepAll(
  parts: KeepDeps,
  { result, number, transcript, messages }: Kept,
): Promise<readonly ArtifactRef[]> {
  const { artifacts, memory, redactor, log } = parts
  const { sessionId, taskId, agentId } = result
  const kept: ArtifactRef[] = []
  const attempt = async (what: string, work: () => Promise<ArtifactRef | undefined>): Promise<void> => {
    try {
      const ref = await work()
      if (ref !== undefined) kept.push(ref)
    } catch (error) {
      log.error({ err: error, taskId, sessionId, agentId }, `${what} of a task is not stored`)
    }
  }
  await attempt('the transcript', () => transcript.close())
  await attempt('the memory', async () => {
    // The casts hold: messages are JSON, and stay messages.
    const redacted = redactor.json(messages as unknown as JsonValue) as unknown as readonly ChatMessage[]
    await memory.keep(sessionId, agentId, taskId, newest(redacted, parts.keep))
    return undefined
  })
  await attempt('the result', () =>
    artifacts.save(
      { namespace: 'sessions', id: sessionId },
      {
        name: `result${number}.json`,
        type: 'result',
        data: `${JSON.stringify({ ...result, artifacts: kept }, null, 2)}\n`,
        meta: { taskId },
      },
    ),
  )
  return kept
}

/** The last messages, from a word of the user on: no tool result stands without its call. */
function newest(messages: readonly ChatMessage[], most: number): readonly ChatMessage[] {
  const last = messages.slice(-most)
  const begin = last.findIndex(({ role }) => role === 'user')
  return begin < 0 ? [] : last.slice(begin)
}
