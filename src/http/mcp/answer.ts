import type { FastifyReply } from 'fastify'
import type { JsonObject } from '../../core/json.ts'
import type { AnswerStream } from '../answer-stream.ts'
import { openStream } from '../answer-stream.ts'

/** How long a caller hears nothing at most while a tool runs. */
const heartbeatMs = 5_000

/** Makes an answer, and may send notifications before it. */
export type Answerer = (notify: (message: JsonObject) => void) => Promise<JsonObject>

/**
 * Sends one JSON answer; or, once something has to be said before it is there, an event stream that ends with it.
 * @param onBroken makes the last message where the answerer breaks after the stream has begun
 * @see Model Context Protocol 2025-11-25 and 2026-07-28, basic/transports: Streamable HTTP
 */
export async function sendAnswer(
  reply: FastifyReply,
  answerer: Answerer,
  { onBroken, everyMs = heartbeatMs }: { onBroken: (error: unknown) => JsonObject; everyMs?: number },
): Promise<FastifyReply> {
  let stream: AnswerStream | undefined
  const say = (text: string) => {
    stream ??= openStream(reply, 'text/event-stream')
    return stream.write(text)
  }
  const beat = setInterval(() => void say(': still running\n\n'), everyMs)
  const notify = (message: JsonObject) => void say(toEvent(message))
  let last: JsonObject
  try {
    last = await answerer(notify)
  } catch (error) {
    if (stream === undefined) throw error
    last = onBroken(error)
  } finally {
    clearInterval(beat)
  }
  if (stream === undefined) return reply.send(last)
  await stream.write(toEvent(last))
  stream.end()
  return reply
}

const toEvent = (message: JsonObject): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`
