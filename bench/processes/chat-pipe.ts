/** A bare pipe in front of the server on a port: what a door costs at least. Prints its address as a line of JSON. */
import { Agent, request as ask, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const port = Number(process.argv[2])
const agent = new Agent({ keepAlive: true })

const server = createServer((request, response) => {
  if (request.url === '/health/live') {
    response.setHeader('content-length', 0).end()
    return
  }
  const { method, url: path, headers } = request
  const upstream = ask({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  upstream.on('error', () => response.destroy())
  request.pipe(upstream)
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const { port: own } = server.address() as AddressInfo // it listens on TCP
  console.log(JSON.stringify({ url: `http://127.0.0.1:${own}` }))
})
process.on('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
})
