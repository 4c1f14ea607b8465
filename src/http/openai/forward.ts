import type { FastifyReply } from 'fastify'
import type { Forward } from '../../llm/language-model.ts'
import { openStream } from '../answer-stream.ts'
import { clientSignal } from '../client-signal.ts'

/** What the model server itself serves in OpenAI's shape, or in Anthropic's, and is passed on. */
export type ForwardedPath =
  | '/v1/chat/completions'
  | '/v1/completions'
  | '/v1/embeddings'
  | '/v1/messages'
  | '/v1/responses'

/**
 * Passes a body on and the answer back, both byte by byte. An answer that breaks off breaks off here too: the connection
 * is torn down, so that nobody takes it for whole.
 * @throws as `Forward` does, while nothing has been answered
 */
export async function passOn(
  reply: FastifyReply,
  forward: Forward,
  { path, bytes }: { path: ForwardedPath; bytes: Uint8Array },
): Promise<FastifyReply> {
  const signal = clientSignal(reply)
  const answer = await forward({ method: 'POST', path, body: bytes, signal }).catch((error: unknown) => {
    if (signal.aborted) return undefined // nobody listens, and it is no fault
    throw error
  })
  if (answer === undefined) return reply.hijack()
  const stream = openStream(reply.code(answer.status), answer.contentType ?? 'application/octet-stream')
  try {
    for await (const chunk of answer.body) await stream.write(chunk)
    stream.end()
  } catch (error) {
    if (!signal.aborted) reply.log.warn({ err: error }, 'a forwarded answer broke off')
    reply.raw.destroy()
  }
  return reply
}
