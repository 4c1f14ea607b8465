import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent, request } from 'undici'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'

/** A message inside a snapshot, as it stands there. */
export type Envelope = { value: JsonObject; proofs: { id: string; signature: string }[] }

/** What a dishonest L0 changes in its answers; each gives what is shown instead. */
export type Tampering = {
  readonly state?: (state: JsonObject, ordinal: number) => JsonObject
  /** All messages of a snapshot, in order. */
  readonly messages?: (updates: readonly Envelope[], ordinal: number) => readonly Envelope[]
  readonly events?: (events: readonly JsonObject[]) => readonly JsonObject[]
  /** Snapshots below this ordinal are not shown any more. */
  readonly oldest?: number
}

const agent = new Agent({ keepAliveTimeout: 1_000 })

/** A metagraph L0 on loopback that shows what another one shows, but for what is tampered with. */
export async function openTamperingL0(honest: string, tampering: Tampering) {
  const server = createServer(async (asked, response) => {
    const path = asked.url ?? ''
    const answer = await request(honest + path, { dispatcher: agent })
    const ordinal = Number(/^\/snapshots\/(\d+)$/.exec(path)?.[1] ?? Number.NaN)
    const isGone = ordinal < (tampering.oldest ?? 0)
    response.writeHead(isGone ? 404 : answer.statusCode, { 'content-type': 'application/json' })
    const text = await answer.body.text()
    response.end(answer.statusCode === 200 ? JSON.stringify(tampered(path, JSON.parse(text), tampering)) : text)
  }).listen(0, '127.0.0.1')
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

// biome-ignore lint/suspicious/noExplicitAny: answers of a node, taken apart as the test knows them
function tampered(path: string, json: any, { state, messages, events }: Tampering): JsonValue {
  if (path.endsWith('/checkpoint') && state) return { ...json, state: state(json.state, json.ordinal) }
  if (path.endsWith('/events') && events) return [...events(json)]
  if (/^\/snapshots\/\d+$/.test(path) && messages) {
    const blocks = json.value.dataApplication.blocks.map((bytes: number[]) => {
      const { updates } = JSON.parse(Buffer.from(bytes).toString('utf8'))
      return [...new Int8Array(Buffer.from(JSON.stringify({ updates: messages(updates, json.value.ordinal) }), 'utf8'))]
    })
    return { ...json, value: { ...json.value, dataApplication: { ...json.value.dataApplication, blocks } } }
  }
  return json
}
