import type { FastifyReply } from 'fastify'
import type { Begin, Sent } from '../live/live.ts'
import { openStream } from './answer-stream.ts'

/** What a reader may leave lying in our memory. One that falls behind loses its connection; it resumes by its last id. */
const maxBufferedBytes = 262_144
/** So that nobody in between takes a connection for dead, and dead ones are found. */
const heartbeatMs = 15_000
/** How long the other side may take to agree to the end. */
const closeWithinMs = 500

/** Begins the answer as server-sent events, and writes each record at once. @see WHATWG HTML §9.2 */
export function streamEvents(reply: FastifyReply, begin: Begin): void {
  openStream(reply, 'text/event-stream; charset=utf-8')
  const { raw } = reply
  const write = (text: string): void => {
    if (raw.destroyed || raw.writableEnded) return
    raw.write(text)
    if (raw.writableLength > maxBufferedBytes) raw.destroy()
  }
  write('retry: 1000\n\n')
  const heartbeat = setInterval(() => write(': still here\n\n'), heartbeatMs).unref()
  const leave = begin({ send: (sent) => write(toEvent(sent)), end: () => raw.end() })
  const onClose = (): void => {
    clearInterval(heartbeat)
    leave()
  }
  if (raw.closed) onClose()
  else raw.once('close', onClose)
}

const toEvent = ({ id, type, json }: Sent): string => `id: ${id}\nevent: ${type}\ndata: ${json}\n\n`

/** What of a WebSocket is used here. @see ws, class WebSocket */
export type EventSocket = {
  readonly bufferedAmount: number
  send(text: string): void
  ping(): void
  close(code: number, reason: string): void
  terminate(): void
  on(event: 'pong' | 'close', listener: () => void): unknown
}

/** Sends each record as one text frame. Whatever comes back is passed over, but for the answer to a ping. */
export function feedSocket(socket: EventSocket, begin: Begin): void {
  let isAlive = true
  const heartbeat = setInterval(() => {
    if (!isAlive || socket.bufferedAmount > maxBufferedBytes) return socket.terminate()
    isAlive = false
    socket.ping()
  }, heartbeatMs).unref()
  const leave = begin({
    send({ json }) {
      socket.send(json) // one that is closing passes it over
      if (socket.bufferedAmount > maxBufferedBytes) socket.terminate()
    },
    end() {
      socket.close(1001, 'The service is stopping.') // @see RFC 6455 §7.4.1
      setTimeout(() => socket.terminate(), closeWithinMs).unref()
    },
  })
  socket.on('pong', () => {
    isAlive = true
  })
  socket.on('close', () => {
    clearInterval(heartbeat)
    leave()
  })
}
