import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'

/** What the good node behind a bad one says to a request. */
type Forward = () => Promise<{ readonly status: number; readonly text: string }>

/** How a node treats a request. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, forward: Forward) => unknown

const agent = new Agent({ keepAliveTimeout: 1_000 })

/** A node on loopback that stands in front of a good one and behaves as told, request by request. */
export async function openBadNode(good: string, behaviour: () => Behaviour, port = 0) {
  const server = createServer(async (asked, response) => {
    let body = ''
    for await (const chunk of asked) body += chunk
    const { method = 'GET', url = '' } = asked
    const forward: Forward = async () => {
      const sent = method === 'POST' ? { method: 'POST' as const, body } : {}
      const answer = await request(good + url, { ...sent, dispatcher: agent })
      return { status: answer.statusCode, text: await answer.body.text() }
    }
    await behaviour()(asked, response, forward)
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on TCP
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export const works: Behaviour = async (_, response, forward) => {
  const { status, text } = await forward()
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

const answers =
  (status: number, body: string, headers: Record<string, string> = {}): Behaviour =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)

/** Answers a byte at a time, for ever. */
const drips: Behaviour = async (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  for (; !response.destroyed; await sleep(40)) response.write(' ')
}

const queuesThen =
  (rest: Behaviour): Behaviour =>
  async (asked, response, forward) => {
    await forward()
    await rest(asked, response, forward)
  }

const resets: Behaviour = ({ socket }) => socket.resetAndDestroy()
const hangs: Behaviour = () => {}
const html = '<!doctype html><title>502 Bad Gateway</title><h1>nginx</h1>'

/** Ways in which a node gives no usable answer, whatever it is asked. */
export const badBehaviours: Readonly<Record<string, Behaviour>> = {
  hangs,
  resets,
  drips,
  'speaks no HTTP': ({ socket }) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
  'answers junk': answers(200, 'junk'),
  'answers HTML': answers(200, html, { 'content-type': 'text/html' }),
  'answers nothing': answers(200, ''),
  'answers JSON of another kind': answers(200, '[1,2,3]'),
  'answers half of it': (_, response) => response.writeHead(200, { 'content-length': '999' }).write('{"ha'),
  'answers 17 MiB': answers(200, JSON.stringify({ hash: 'x'.repeat(17 * 1024 * 1024) })),
  'answers 500': answers(500, html),
  'answers 503 in its own words': answers(503, '{"message":"Node is not ready yet"}'),
  redirects: answers(302, '', { location: 'http://127.0.0.1:1/elsewhere' }),
}

/** Ways in which only a Data L1 can be bad. */
export const badTakers: Readonly<Record<string, Behaviour>> = {
  'answers with another hash': answers(200, JSON.stringify({ hash: 'ab'.repeat(32), feeHash: null })),
  'answers 400 in words that are not its own': answers(400, html),
  'is overrun': answers(429, '{}', { 'retry-after': '9' }),
}

/** Ways in which a Data L1 takes a message and does not say so. */
export const lostAnswers: Readonly<Record<string, Behaviour>> = {
  'takes it and resets': queuesThen(resets),
  'takes it and answers junk': queuesThen(answers(200, 'junk')),
  'takes it and answers 502': queuesThen(answers(502, html)),
  'takes it and answers with another hash': queuesThen(answers(200, JSON.stringify({ hash: 'ab'.repeat(32) }))),
}
