/** A metagraph in a process of its own; each layer behaves as it was told last. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeJson } from '../../src/core/decode-json.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { isJsonObject, member } from '../../src/core/json.ts'
import { openDevnet } from '../../src/devnet/devnet.ts'
import type { Layer } from '../../src/devnet/router.ts'
import { canonicalize, dropNulls } from '../../src/signing/canonical.ts'
import { dataUpdateHash } from '../../src/signing/digest.ts'
import { ledgerOptions } from './_ledger.ts'

/**
 * - `works`
 * - `swallows`: says of every message that it holds it, and forgets it; reads work
 * - `hangs`: answers nothing
 * - `storms`: every third request goes wrong, each kind of fault in its turn: too few to be left alone for it
 */
export type Behaviour = 'works' | 'swallows' | 'hangs' | 'storms'

/** Both layers by what they are to do now. Answered by their addresses. */
export type LedgerRequest = Readonly<Record<Layer, Behaviour>>
export type LedgerAnswer = Readonly<Record<Layer, string>>

type Act = (asked: Asked) => Promise<void>
type Asked = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: JsonValue | undefined
  /** Has the ledger answer. */
  readonly forward: () => ReturnType<typeof devnet.request>
}

const options = ledgerOptions(null)
const devnet = await openDevnet(options)
const never = new AbortController().signal
const now: Record<Layer, Behaviour> = { l1: 'works', l0: 'works' }

const works: Act = async ({ response, forward }) => {
  const { status, json, text } = await forward()
  send(response, status, json === undefined ? (text ?? '') : JSON.stringify(json))
}

const swallows: Act = async (asked) => {
  const value = asked.body === undefined ? undefined : signedValue(asked.body)
  if (value === undefined) return works(asked)
  const hashed = options.dialect.nulls === 'drop' ? dropNulls(value) : value
  send(asked.response, 200, JSON.stringify({ hash: dataUpdateHash(canonicalize(hashed)) }))
}

const hangs: Act = async () => {}
const resets: Act = async ({ request }) => void request.socket.resetAndDestroy()

const faults: readonly Act[] = [
  hangs,
  resets,
  async ({ response }) => send(response, 502, '<h1>Bad Gateway</h1>'),
  async ({ request, forward }) => {
    await forward()
    request.socket.resetAndDestroy()
  },
  async (asked) => {
    await sleep(1_500)
    await works(asked)
  },
  async ({ response }) => send(response, 200, 'junk'),
  async ({ response }) => void response.writeHead(200, { 'content-length': '999' }).write('{"ha'),
]

function createStorm(): Act {
  let turn = 0
  return (asked) => {
    turn += 1
    return (turn % 3 === 0 ? (faults[(turn / 3) % faults.length] ?? works) : works)(asked)
  }
}

const signedValue = (body: JsonValue) => {
  const value = isJsonObject(body) ? member(body, 'value') : undefined
  return value !== undefined && isJsonObject(value) ? value : undefined
}

function send(response: ServerResponse, status: number, body: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body)
}

async function open(layer: Layer): Promise<string> {
  const acts: Readonly<Record<Behaviour, Act>> = { works, swallows, hangs, storms: createStorm() }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = request.method === 'POST' ? decodeJson(Buffer.concat(chunks), { maxDepth: 256 }) : undefined
    const forward = () =>
      devnet.request({
        layer,
        method: request.method === 'POST' ? 'POST' : 'GET',
        path: request.url ?? '/',
        ...(body === undefined ? {} : { body }),
        signal: never,
      })
    await acts[now[layer]]({ request, response, body, forward })
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on TCP
}

const addresses: LedgerAnswer = { l1: await open('l1'), l0: await open('l0') }

process.on('message', (asked: LedgerRequest) => {
  Object.assign(now, asked)
  process.send?.(addresses)
})
