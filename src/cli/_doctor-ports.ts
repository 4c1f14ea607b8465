import { once } from 'node:events'
import { createServer } from 'node:net'
import { z } from 'zod'
import type { Config } from '../config.ts'
import type { Finding } from './_finding.ts'
import { authorization } from './_http.ts'
import type { Probe, Seen } from './_probe.ts'
import { localUrl } from './_service.ts'

/** The answer of `GET /health`; the components are left out for who shows no token. */
const Health = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  components: z.record(z.string(), z.object({ status: z.string() })).optional(),
  openIntents: z.number().optional(),
  oldestOpenMs: z.number().nullish(),
})
type Health = z.output<typeof Health>

type Environment = Readonly<Record<string, string | undefined>>

/** The service's own port: free, or who answers there. */
export async function checkServicePort({ http }: Config, env: Environment, probe: Probe): Promise<Finding> {
  const name = 'port'
  if (http.port === 0) return { level: 'ok', name, detail: 'the system chooses one at each start' }
  const occupied = await whyTaken(http)
  if (occupied === undefined) return { level: 'ok', name, detail: `${http.host}:${http.port} is free` }
  if (occupied !== 'EADDRINUSE')
    return {
      level: 'fail',
      name,
      detail: `${http.host}:${http.port} cannot be had (${occupied})`,
      next: 'Set OTTO_HOST and OTTO_PORT.',
    }
  const seen = await probe.get(`${localUrl(http)}/health`, { headers: await authorization(env) })
  const health = Health.safeParse('json' in seen ? seen.json : undefined).data
  if (health === undefined) return anotherProgram(http.port, seen)
  const detail = `Otto answers on ${http.port}: ${[health.status, ...complaintsOf(health)].join(', ')}`
  if (health.status === 'healthy') return { level: 'ok', name, detail }
  return {
    level: health.status === 'degraded' ? 'warn' : 'fail',
    name,
    detail,
    next: 'Its log or another line here says why.',
  }
}

/** What is not as it should be, and how many writes wait to be settled. */
function complaintsOf({ components = {}, openIntents = 0, oldestOpenMs }: Health): readonly string[] {
  const ill = Object.entries(components).filter(([, { status }]) => status !== 'healthy')
  const ageSeconds = Math.round((oldestOpenMs ?? 0) / 1_000)
  const open = openIntents > 0 ? [`${openIntents} writes open, the oldest for ${ageSeconds} s`] : []
  return [...ill.map(([part, { status }]) => `${part} ${status}`), ...open]
}

const anotherProgram = (port: number, seen: Seen): Finding => ({
  level: 'fail',
  name: 'port',
  detail: `another program has ${port}${seen.failure === undefined ? '' : ` (${seen.failure})`}`,
  next: 'Stop it, or set OTTO_PORT.',
})

const NodeInfo = z.object({ version: z.string(), state: z.string() })

/** The ports of the embedded metagraph. A taken one only costs the door for others: `otto serve` plays on. */
export async function checkDevnetPorts({ devnet }: Config, probe: Probe): Promise<readonly Finding[]> {
  const { host, l1Port, l0Port } = devnet
  const check = async (layer: 'L1' | 'L0', port: number): Promise<Finding> => {
    const name = `devnet ${layer}`
    if (port === 0) return { level: 'ok', name, detail: 'the system chooses one at each start' }
    if ((await whyTaken({ host, port })) === undefined) return { level: 'ok', name, detail: `${host}:${port} is free` }
    const seen = await probe.get(`${localUrl({ host, port })}/node/info`)
    const node = NodeInfo.safeParse('json' in seen ? seen.json : undefined).data
    if (node?.version === 'otto-devnet')
      return { level: 'ok', name, detail: `an embedded metagraph answers on ${port}: ${node.state}` }
    return { level: 'warn', name, detail: `another program has ${port}`, next: `Set OTTO_DEVNET_${layer}_PORT.` }
  }
  return Promise.all([check('L1', l1Port), check('L0', l0Port)])
}

/** Tries to listen. @returns undefined where that works, else the system's code */
async function whyTaken({ host, port }: { readonly host: string; readonly port: number }): Promise<string | undefined> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  }
}
