import type { Dispatcher } from 'undici'
import { Agent, request } from 'undici'
import { probeLimitMs } from './_finding.ts'

/** What came of one GET. */
export type Seen =
  | { readonly failure: string }
  | {
      readonly failure?: never
      readonly status: number
      /** The body where it is JSON and was asked for. */
      readonly json: unknown
      readonly ms: number
      /** The other side's clock minus ours, milliseconds; whole seconds is all that a `Date` header tells. */
      readonly clockMs: number | undefined
    }

export type Probe = {
  get(
    url: string,
    options?: { readonly headers?: Readonly<Record<string, string>>; readonly body?: 'json' | 'none' },
  ): Promise<Seen>
  close(): Promise<void>
}

/** GETs that end within the limit, and never throw. */
export function createProbe(): Probe {
  const dispatcher = new Agent({ connect: { timeout: probeLimitMs }, maxResponseSize: 1024 * 1024 })
  return {
    async get(url, { headers = {}, body = 'json' } = {}) {
      try {
        return await exchange(url, { headers, dispatcher }, body)
      } catch (error) {
        return { failure: reasonOf(error) }
      }
    },
    close: () => dispatcher.destroy(),
  }
}

async function exchange(
  url: string,
  options: { readonly headers: Readonly<Record<string, string>>; readonly dispatcher: Dispatcher },
  wanted: 'json' | 'none',
): Promise<Seen> {
  const startMs = performance.now()
  const { statusCode, headers, body } = await request(url, { ...options, signal: AbortSignal.timeout(probeLimitMs) })
  const ms = Math.round(performance.now() - startMs)
  const dateMs = Date.parse(String(headers['date']))
  // A header says the second that had begun: half of one is the best guess.
  const clockMs = Number.isNaN(dateMs) ? undefined : dateMs + 500 - Date.now()
  const text = wanted === 'json' ? await body.text() : ''
  if (wanted === 'none') await body.dump({ limit: 64 * 1024 })
  return { status: statusCode, json: parsed(text), ms, clockMs }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name cannot be looked up',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'it answers more than it should',
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer'
  if (error.name === 'TimeoutError') return `no answer within ${probeLimitMs / 1_000} s`
  const code = 'code' in error ? String(error.code) : error.name
  return reasons[code] ?? `no answer (${code})`
}
