import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** When the next connection over which `commit` is sent breaks: before the server reads it, or before its answer is read. */
export type Cut = 'before' | 'after' | undefined

/** A way to a PostgreSQL that breaks where it hurts most. */
export async function startCuttingProxy(url: string) {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  let cut: Cut
  const server = createServer((near) => {
    const far = connect(Number(port || 5432), hostname)
    let isCommitting = false
    const end = () => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', end).on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    near.on('data', (bytes) => {
      const isCommit = bytes.includes('commit\0')
      if (isCommit && cut === 'before') {
        cut = undefined
        return end()
      }
      isCommitting = isCommit && cut === 'after'
      far.write(bytes)
    })
    far.on('data', (bytes) => {
      if (isCommitting) cut = undefined
      if (isCommitting) end()
      else near.write(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String(typeof address === 'object' && address !== null ? address.port : 0)
  return {
    url: through.href,
    cutNext(where: Cut) {
      cut = where
    },
    /** Breaks every connection. */
    breakAll: () => {
      for (const socket of sockets) socket.destroy()
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
