import type { FastifyReply } from 'fastify'

/**
 * Aborts when the client hangs up before its answer is complete.
 * Taken from the reply: the request's own signal fires as soon as a body has been read.
 */
export function clientSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  const onClose = () => {
    if (!raw.writableEnded) controller.abort(new Error('The client hung up.'))
  }
  if (raw.closed) onClose()
  else raw.once('close', onClose)
  return controller.signal
}
