import type { Dispatcher } from 'undici'
import { Agent, request } from 'undici'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { checkStream } from './_doctor-stream.ts'
import type { Finding } from './_finding.ts'
import { probeLimitMs } from './_finding.ts'
import type { Probe } from './_probe.ts'
import type { CommandContext } from './command.ts'

/** How a service is looked at from outside. */
export type DoorToCheck = {
  /** Its address as clients have it, without a slash at the end. */
  readonly url: string
  readonly config: Config
  readonly env: CommandContext['env']
  readonly probe: Probe
}

/**
 * A public address: does Otto answer there, may the pages of OTTO_ALLOWED_ORIGINS call it, and does what lies between hold
 * answers back? The last costs a short answer of the default model.
 */
export async function checkDoor(door: DoorToCheck): Promise<readonly Finding[]> {
  const unreachable = await checkReachable(door)
  if (unreachable !== undefined) return [unreachable]
  const answers: Finding = { level: 'ok', name: 'address', detail: `Otto answers at ${door.url}` }
  return [answers, ...(await checkPages(door)), await checkStream(door)]
}

const Live = z.object({ status: z.string() })
const Refusal = z.object({ code: z.string() })

async function checkReachable({ url, probe }: DoorToCheck): Promise<Finding | undefined> {
  const seen = await probe.get(`${url}/health/live`)
  const fail = { level: 'fail', name: 'address' } as const
  if (seen.failure !== undefined)
    return { ...fail, detail: `${url}: ${seen.failure}`, next: 'Is the service running, and does the proxy know it?' }
  if (Refusal.safeParse(seen.json).data?.code === 'HOST_NOT_ALLOWED')
    return {
      ...fail,
      detail: `${url} comes through, but the service does not know that name`,
      next: `Add ${new URL(url).hostname} to OTTO_ALLOWED_HOSTS.`,
    }
  if (seen.status === 200 && Live.safeParse(seen.json).success) return undefined
  return { ...fail, detail: `${url} answers ${seen.status}, not as Otto does`, next: 'Where does the proxy send it?' }
}

/** The pages that may call, each asked for as its browser would. */
export async function checkPages({ url, config }: Pick<DoorToCheck, 'url' | 'config'>): Promise<readonly Finding[]> {
  const dispatcher = new Agent({ connect: { timeout: probeLimitMs }, maxResponseSize: 64 * 1024 })
  try {
    return await Promise.all(config.http.allowedOrigins.map((origin) => checkPage(url, origin, dispatcher)))
  } finally {
    await dispatcher.destroy()
  }
}

/** @see Fetch standard, CORS-preflight fetch */
async function checkPage(url: string, origin: string, dispatcher: Dispatcher): Promise<Finding> {
  const name = `page ${origin}`
  const asked = {
    origin,
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization',
  }
  const bad = (detail: string): Finding => ({
    level: 'fail',
    name,
    detail,
    next: 'Start the service again with these OTTO_ALLOWED_ORIGINS; a proxy must pass OPTIONS and its answer on.',
  })
  try {
    const { statusCode, headers, body } = await request(`${url}/tools/openapi.json`, {
      method: 'OPTIONS',
      headers: asked,
      dispatcher,
      signal: AbortSignal.timeout(probeLimitMs),
    })
    await body.dump()
    const isAllowed = statusCode < 300 && headers['access-control-allow-origin'] === origin
    const allowsToken = /\bauthorization\b/i.test(String(headers['access-control-allow-headers']))
    if (!isAllowed) return bad(`its browser would be refused (${statusCode})`)
    return allowsToken ? { level: 'ok', name, detail: 'may call' } : bad('may call, but not show a token')
  } catch {
    return bad('its question, a preflight, is not answered')
  }
}
