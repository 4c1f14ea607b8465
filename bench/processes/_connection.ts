import type { Socket } from 'node:net'
import { connect } from 'node:net'

/** A kept-alive connection on which one request is under way at a time: no pipelining. */
export type Connection = {
  /** Sends the bytes of a request and gives the body of its answer. @throws for another status than 200 */
  send(request: string): Promise<string>
  /** The same, whatever the status. @throws when the connection ends before the answer does */
  ask(request: string): Promise<Answer>
  close(): void
}

export type Answer = { readonly status: number; readonly head: string; readonly body: string }

type Waiting = { resolve(answer: Answer): void; reject(error: Error): void }

const endOfHead = '\r\n\r\n'

/** Opens a connection to a port on loopback. It reads no more of HTTP than a length needs: it must cost next to nothing. */
export async function openConnection(port: number): Promise<Connection> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = ''
  let waiting: Waiting | undefined

  function onAnswer(): void {
    const headEnd = received.indexOf(endOfHead)
    if (headEnd < 0 || waiting === undefined) return
    const head = received.slice(0, headEnd)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1])
    const start = headEnd + endOfHead.length
    if (received.length < start + length) return
    const { resolve } = waiting
    const body = received.slice(start, start + length)
    received = received.slice(start + length)
    waiting = undefined
    resolve({ status: Number(head.slice(9, 12)), head, body })
  }

  socket.setEncoding('latin1') // one character a byte, as lengths count
  socket.on('data', (chunk) => {
    received += chunk
    onAnswer()
  })
  socket.on('error', (error) => waiting?.reject(error))
  socket.on('close', () => waiting?.reject(new Error('The connection ended.')))
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const ask = (request: string) =>
    new Promise<Answer>((resolve, reject) => {
      if (socket.destroyed) return reject(new Error('The connection has ended.'))
      waiting = { resolve, reject }
      socket.write(request, 'latin1')
    })
  return {
    async send(request) {
      const { status, body } = await ask(request)
      if (status !== 200) throw new Error(`Not 200: ${body}`)
      return body
    },
    ask,
    close: () => socket.destroy(),
  }
}

/** The bytes of a `POST` of JSON. ASCII only. */
export function post(path: string, json: string): string {
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${json.length}`
  return `${head}\r\n\r\n${json}`
}

export const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`
