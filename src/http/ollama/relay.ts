import type { FastifyReply } from 'fastify'
import type { Forward } from '../../llm/language-model.ts'
import { openStream } from '../answer-stream.ts'
import { noteCode } from '../request-log.ts'

/**
 * Passes a request on to the model server and its answer back as it comes: status, type and bytes untouched. An answer
 * that breaks off closes the connection, so that nobody takes its beginning for the whole.
 * @throws what `forward` throws before there is an answer
 */
export async function relay(
  reply: FastifyReply,
  forward: Forward,
  order: Parameters<Forward>[0],
): Promise<FastifyReply> {
  try {
    const { status, contentType, body } = await forward(order)
    const stream = openStream(reply.code(status), contentType ?? 'application/octet-stream')
    for await (const chunk of body) await stream.write(chunk)
    stream.end()
  } catch (error) {
    if (order.signal.aborted) reply.hijack()
    else if (reply.raw.headersSent) noteCode(reply, 'LLM_STREAM_CUT')
    else throw error
    reply.raw.destroy()
  }
  return reply
}
