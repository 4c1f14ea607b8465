import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Chance } from '../simulation/chance.ts'

/** How often what goes wrong between a bridge and one layer of the ledger; each a probability. */
export type Weather = {
  /** The connection breaks before the node reads the request. */
  readonly cutBefore: number
  /** The node has the request, its answer is lost. */
  readonly cutAfter: number
  /** A gateway's 502, 503 or 504, in half of the cases after the node has taken the request. */
  readonly gateway: number
  /** The request reaches the node twice. */
  readonly twice: number
  /** It arrives late. */
  readonly slow: number
  /** The connection breaks at once, and the request arrives seconds later. */
  readonly ghost: number
}

export const fairWeather: Weather = { cutBefore: 0, cutAfter: 0, gateway: 0, twice: 0, slow: 0, ghost: 0 }
export const foulWeather: Weather = {
  cutBefore: 0.03,
  cutAfter: 0.05,
  gateway: 0.04,
  twice: 0.05,
  slow: 0.08,
  ghost: 0.02,
}

/** A way to a node on which things go wrong. */
export type NodeProxy = {
  readonly url: string
  /** How often each thing went wrong. */
  readonly faults: ReadonlyMap<keyof Weather, number>
  /** Waits for what is still on its way, then closes. */
  close(): Promise<void>
}

type ProxyDeps = { readonly target: string; readonly weather: Weather; readonly chance: Chance }
type Taken = { readonly method: string; readonly path: string; readonly body: Buffer }

/** Stands in front of one node. Faults are drawn from the seed in the order in which requests come. */
export async function startProxy({ target, weather, chance }: ProxyDeps): Promise<NodeProxy> {
  const agent = new Agent({ keepAliveTimeout: 1_000 })
  const faults = new Map<keyof Weather, number>()
  const late = new Set<Promise<unknown>>()

  const forward = async ({ method, path, body }: Taken) => {
    const answer = await request(target + path, {
      method: method as 'GET' | 'POST', // the chain uses no other
      headers: { 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body }),
      dispatcher: agent,
    })
    return { status: answer.statusCode, body: Buffer.from(await answer.body.arrayBuffer()) }
  }
  const sendLate = (taken: Taken, ms: number): void => {
    const going = sleep(ms)
      .then(() => forward(taken))
      .catch(() => undefined) // the node may be dead by then
      .finally(() => late.delete(going))
    late.add(going)
  }
  const pass = async (taken: Taken, response: ServerResponse): Promise<void> => {
    const answer = await forward(taken).catch(() => undefined)
    if (answer === undefined) response.destroy()
    else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
  }

  const mishandle: Record<keyof Weather, (taken: Taken, response: ServerResponse) => Promise<void>> = {
    cutBefore: async (_, response) => void response.destroy(),
    async cutAfter(taken, response) {
      await forward(taken).catch(() => undefined)
      response.destroy()
    },
    async gateway(taken, response) {
      if (chance.happens(0.5)) await forward(taken).catch(() => undefined)
      response.writeHead(chance.pick([502, 503, 504]), { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>')
    },
    async twice(taken, response) {
      sendLate(taken, chance.between(0, 1_000))
      await pass(taken, response)
    },
    async slow(taken, response) {
      await sleep(chance.between(50, 2_000))
      await pass(taken, response)
    },
    async ghost(taken, response) {
      sendLate(taken, chance.between(2_000, 12_000))
      response.destroy()
    },
  }
  const draw = (): keyof Weather | undefined => {
    let drawn = chance.next()
    for (const [fault, probability] of Object.entries(weather) as [keyof Weather, number][]) {
      if (drawn < probability) return fault
      drawn -= probability
    }
    return undefined
  }

  const server = createServer(async (incoming: IncomingMessage, response) => {
    const fault = draw()
    const taken = {
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      body: Buffer.concat(await incoming.toArray().catch(() => [])),
    }
    if (fault === undefined) return pass(taken, response)
    faults.set(fault, (faults.get(fault) ?? 0) + 1)
    return mishandle[fault](taken, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    faults,
    async close() {
      await Promise.all(late)
      server.close()
      server.closeAllConnections()
      await agent.destroy()
    },
  }
}
