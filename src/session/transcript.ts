import type { Clock } from '../core/clock.ts'
import type { JsonValue } from '../core/json.ts'
import { StorageUnavailableError } from '../db/errors.ts'
import type { ArtifactRef, ArtifactStream } from './artifact.ts'
import type { Redactor } from './redact.ts'

/** A message as a conversation has it; whatever else it carries is not kept. */
export type SaidMessage = {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string
  readonly toolCalls?: readonly { readonly id: string; readonly name: string; readonly arguments: JsonValue }[]
  readonly toolName?: string
  readonly toolCallId?: string
}

/** One line of a transcript, redacted. */
export type TranscriptMessage = SaidMessage & {
  /** From 1, without gaps. */
  readonly n: number
  /** RFC 3339. */
  readonly at: string
}

/** What was said in a task: the last of it in memory, all of it in a file. */
export type Transcript = {
  /** Returns at once and never throws, whatever becomes of the file. */
  add(message: SaidMessage): void
  /** The last ones, in order. */
  messages(): readonly TranscriptMessage[]
  /** How many were added. */
  readonly count: number
  /** Undefined where there is no file. @throws StorageUnavailableError when the file does not hold all of them */
  close(): Promise<ArtifactRef | undefined>
}

export type TranscriptDeps = {
  /** How many stay in memory. */
  readonly keep: number
  /** Asked before anything is kept, in memory or on the disk. */
  readonly redactor: Redactor
  readonly stream: ArtifactStream | undefined
  readonly clock: Pick<Clock, 'nowMs'>
}

/** Past so many characters that the disk has not taken, lines are lost, and `close` says so. */
const maxWaiting = 16 * 1024 * 1024

/** An empty transcript; its lines are JSON, one a message. */
export function createTranscript({ keep, redactor, stream, clock }: TranscriptDeps): Transcript {
  const kept: TranscriptMessage[] = []
  const writer = stream === undefined ? undefined : createWriter(stream)
  let count = 0
  return {
    add(message) {
      count += 1
      const line = { n: count, at: new Date(clock.nowMs()).toISOString(), ...redacted(message, redactor) }
      kept.push(line)
      if (kept.length > keep) kept.shift()
      writer?.write(JSON.stringify(line))
    },
    messages: () => [...kept],
    get count() {
      return count
    },
    close: async () => writer?.close(),
  }
}

function redacted({ role, content, toolCalls, toolName, toolCallId }: SaidMessage, redactor: Redactor): SaidMessage {
  const calls = toolCalls?.map(({ id, name, arguments: args }) => ({ id, name, arguments: redactor.json(args) }))
  return {
    role,
    content: redactor.text(content),
    ...(calls === undefined ? {} : { toolCalls: calls }),
    ...(toolName === undefined ? {} : { toolName }),
    ...(toolCallId === undefined ? {} : { toolCallId }),
  }
}

/** Hands lines to a stream without waiting for it. */
function createWriter(stream: ArtifactStream) {
  let waiting = 0
  let lost = 0
  let failure: unknown
  const fail = (error: unknown) => {
    failure ??= error
  }
  return {
    write(line: string) {
      if (waiting > maxWaiting) {
        lost += 1
        return
      }
      waiting += line.length
      const taken = () => {
        waiting -= line.length
      }
      stream.append(line).then(taken, fail)
    },
    async close(): Promise<ArtifactRef> {
      const ref = await stream.close()
      if (failure !== undefined) throw new StorageUnavailableError(failure)
      if (lost > 0) throw new StorageUnavailableError(new Error(`${lost} lines came faster than the disk takes them.`))
      return ref
    },
  }
}
