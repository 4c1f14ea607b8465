import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { collectBytes } from '../core/collect-bytes.ts'
import { decodeJson } from '../core/decode-json.ts'
import type { JsonObject } from '../core/json.ts'
import { ListenFailedError } from '../core/listen-failed.ts'
import type { Log } from '../core/log.ts'
import { createAccess } from '../http/access.ts'
import type { Wallets } from '../wallet/wallet.ts'

export type SignerServerOptions = {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** What callers must show; undefined lets everybody in who reaches the port. */
  readonly token: string | undefined
  /** Host names beside the loopback ones that a request may name. */
  readonly allowedHosts: readonly string[]
  readonly wallets: Pick<Wallets, 'playerX' | 'playerO'>
  /** Told the digest and the wallet of each signature, and the status of each refusal. */
  readonly log: Log
}

export type SignerServer = { readonly url: string; close(): Promise<void> }

type Answer = { readonly status: number; readonly body: JsonObject; readonly allow?: string }

/** The only thing that can be asked for: a digest, and by whom. @see docs/external-signer.md */
const Asked = z.strictObject({
  wallet: z.enum(['playerX', 'playerO']),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
})

const maxBodyBytes = 4 * 1024
const maxConnections = 256
const limits = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 72_000,
  connectionsCheckingInterval: 1_000,
}

/** Serves two wallets to whoever may ask. @throws ListenFailedError when the port cannot be had */
export async function startSignerServer(options: SignerServerOptions): Promise<SignerServer> {
  const { host, port, log } = options
  const answerTo = createAnswers(options)
  const server = createServer(limits, async (request, response) => {
    const answer = await answerTo(request).catch((error: unknown) => {
      log.error({ err: error }, 'not answered')
      return refusal(500, 'The signer cannot sign.')
    })
    if (answer.status !== 200) log.warn({ status: answer.status, method: request.method }, 'refused')
    send(response, answer)
  })
  server.maxConnections = maxConnections
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new ListenFailedError(`${host}:${port}`, error)
  }
  const address = server.address() as AddressInfo // it listens on TCP, so it is neither a path nor null
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Who may ask, then what is asked: nothing of the body is read before that. */
function createAnswers({ token, allowedHosts, wallets, log }: SignerServerOptions) {
  const assertHost = createAccess({ allowedHosts, allowedOrigins: [] })
  const expected = token === undefined ? undefined : digestOf(token)
  const isShown = ({ headers }: IncomingMessage): boolean => {
    const [, given = ''] = /^bearer +([\x21-\x7e]{1,512})$/i.exec(headers.authorization ?? '') ?? []
    return expected === undefined || timingSafeEqual(digestOf(given), expected)
  }
  const isFromHere = (request: IncomingMessage): boolean => {
    try {
      assertHost(request)
      return request.headers.origin === undefined // no page has business here
    } catch {
      return false
    }
  }
  return async (request: IncomingMessage): Promise<Answer> => {
    if (!isFromHere(request)) return refusal(403, 'This host or origin is not allowed.')
    if (!isShown(request)) return refusal(401, 'Show the token of this signer as a bearer token.')
    if (request.url === '/wallets') {
      if (request.method !== 'GET') return { ...refusal(405, 'Ask with GET.'), allow: 'GET' }
      const { playerX: x, playerO: o } = wallets
      // Picked by name, so that nothing else of a wallet can slip out.
      return ok({ playerX: { id: x.id, address: x.address }, playerO: { id: o.id, address: o.address } })
    }
    if (request.url !== '/sign') return refusal(404, 'There are /wallets and /sign.')
    if (request.method !== 'POST') return { ...refusal(405, 'Ask with POST.'), allow: 'POST' }
    if (request.headers['content-type'] !== 'application/json') return refusal(415, 'Send application/json.')
    const asked = await readAsked(request)
    if ('status' in asked) return asked
    const signature = await wallets[asked.wallet].sign(asked.digest)
    log.info(asked, 'signed')
    return ok({ signature })
  }
}

async function readAsked(request: IncomingMessage): Promise<z.output<typeof Asked> | Answer> {
  const bytes = await collectBytes(request.iterator({ destroyOnReturn: false }), maxBodyBytes)
  if (bytes === undefined) {
    request.resume() // so that the answer can be read
    return refusal(413, 'The body is too large.')
  }
  try {
    return Asked.parse(decodeJson(bytes))
  } catch {
    return refusal(400, 'Send {"wallet": "playerX" or "playerO", "digest": 64 lower-case hex digits}.')
  }
}

const ok = (body: JsonObject): Answer => ({ status: 200, body })
const refusal = (status: number, error: string): Answer => ({ status, body: { error } })

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()

function send(response: ServerResponse, { status, body, allow }: Answer): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(allow === undefined ? {} : { allow }),
    // What is left of a body that nobody reads is no next request.
    ...(status === 200 ? {} : { connection: 'close' }),
  })
  response.end(text)
}
