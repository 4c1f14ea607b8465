import { z } from 'zod'
import type { Layer } from '../chain/transport.ts'
import type { DialectName } from '../dialect/dialect.ts'
import { createDialect } from '../dialect/dialects.ts'
import type { Finding } from './_finding.ts'
import { look } from './_finding.ts'
import type { Probe, Seen } from './_probe.ts'

const words: { readonly [layer in Layer]: { readonly name: string; readonly setting: string } } = {
  l1: { name: 'Data L1', setting: 'OTTO_L1_URL' },
  l0: { name: 'metagraph L0', setting: 'OTTO_L0_URL' },
}
const otherLayer = { l1: 'l0', l0: 'l1' } as const

const maxClockMs = 5_000

/** @see Constellation node, GET /node/info */
const NodeInfo = z.object({ state: z.string(), version: z.string().optional() })
/** @see Constellation node, GET /snapshots/latest/ordinal */
const LatestOrdinal = z.object({ value: z.int().nonnegative() })

export type NodesToCheck = {
  readonly nodes: { readonly [layer in Layer]: readonly string[] }
  readonly dialect: DialectName
  readonly probe: Probe
}

/** Each address of each layer: does it answer, which layer is it really, what does it speak? */
export async function checkNodes({ nodes, dialect, probe }: NodesToCheck): Promise<readonly Finding[]> {
  const layers = (['l1', 'l0'] as const).map(async (layer) => {
    const found = await Promise.all(
      nodes[layer].map((address) =>
        look(`${layer} ${shown(address)}`, () => checkNode(address, layer, dialect, probe)),
      ),
    )
    return softened(found.flat())
  })
  return (await Promise.all(layers)).flat()
}

/** Without what may be a password in it. */
function shown(address: string): string {
  const { origin, pathname } = new URL(address)
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

type NodeFinding = Finding & { readonly isSilent?: boolean }

/** A silent address is a warning as long as another one of its layer is well: requests fall over to it. */
function softened(findings: readonly NodeFinding[]): readonly Finding[] {
  const isServed = findings.some(({ level }) => level !== 'fail')
  return findings.map((finding) => (finding.isSilent && isServed ? { ...finding, level: 'warn' } : finding))
}

async function checkNode(address: string, layer: Layer, dialect: DialectName, { get }: Probe): Promise<NodeFinding> {
  const name = `${layer} ${shown(address)}`
  const { username, password, search, hash } = new URL(address)
  if (username + password + search + hash !== '')
    return { level: 'fail', name, detail: 'is more than a base address', next: 'Leave out user, query and fragment.' }
  const at = (path: string) => shown(address) + path
  const [info, ordinal, queue, workchain, ottochain] = await Promise.all([
    get(at('/node/info')),
    get(at('/snapshots/latest/ordinal')),
    get(at('/data'), { body: 'none' }),
    get(at(`${createDialect('workchain').prefix}/onchain`), { body: 'none' }),
    get(at(`${createDialect('ottochain').prefix}/onchain`), { body: 'none' }),
  ])
  if (info.failure !== undefined)
    return {
      level: 'fail',
      name,
      detail: info.failure,
      next: `Start the node, or correct ${words[layer].setting}.`,
      isSilent: true,
    }
  const node = NodeInfo.safeParse(info.json).data
  if (info.status !== 200 || node === undefined)
    return {
      level: 'fail',
      name,
      detail: `answers ${info.status}, not as a node does`,
      next: 'Give the public port of the node.',
    }
  const latest = LatestOrdinal.safeParse(bodyOf(ordinal)).data?.value
  const spoken = { workchain: isServed(workchain), ottochain: isServed(ottochain) }
  const roles = { l1: statusOf(queue) === 200, l0: latest !== undefined || statusOf(ordinal) === 503 }
  const wrong = wrongNode({ layer, dialect, roles, spoken })
  if (wrong !== undefined) return { level: 'fail', name, ...wrong }
  const facts = [
    words[layer].name,
    node.state,
    dialect,
    ...(node.version === undefined ? [] : [`version ${node.version}`]),
    ...(latest === undefined ? [] : [`ordinal ${latest}`]),
    `${info.ms} ms`,
    clockText(info.clockMs),
  ]
  return { name, detail: facts.join(', '), ...adviceOn(node.state, info.clockMs) }
}

const statusOf = (seen: Seen): number | undefined => (seen.failure === undefined ? seen.status : undefined)
const bodyOf = (seen: Seen): unknown => (statusOf(seen) === 200 && 'json' in seen ? seen.json : undefined)

/** A node without state yet answers 400 on its own route; one that lacks the route, 404. */
const isServed = (seen: Seen): boolean => [200, 400, 500, 503].includes(statusOf(seen) ?? 404)

type Roles = {
  readonly layer: Layer
  readonly dialect: DialectName
  readonly roles: { readonly [layer in Layer]: boolean }
  readonly spoken: { readonly [name in DialectName]: boolean }
}

/** What makes a node that answers the wrong one, undefined for nothing. */
function wrongNode({ layer, dialect, roles, spoken }: Roles): Pick<Finding, 'detail' | 'next'> | undefined {
  const other = otherLayer[layer]
  if (!roles[layer] && roles[other])
    return {
      detail: `is a ${spoken.workchain || spoken.ottochain ? words[other].name : 'global L0'}, not a ${words[layer].name}`,
      next: `Such addresses belong in ${words[other].setting}; are the two swapped?`,
    }
  if (!roles[layer])
    return { detail: `is a node, but no ${words[layer].name}`, next: 'Give the public port of the right layer.' }
  if (spoken[dialect]) return undefined
  const spokenName = spoken.workchain ? 'workchain' : spoken.ottochain ? 'ottochain' : undefined
  return spokenName === undefined
    ? { detail: 'serves neither dialect', next: 'Give a node of a Workchain or OttoChain metagraph.' }
    : { detail: `speaks ${spokenName}, not ${dialect}`, next: `Set OTTO_DIALECT=${spokenName}.` }
}

const clockText = (clockMs: number | undefined): string =>
  clockMs === undefined ? 'clock not told' : `clock ${clockMs < 0 ? '' : '+'}${(clockMs / 1_000).toFixed(1)} s`

function adviceOn(state: string, clockMs = 0): Pick<Finding, 'level' | 'next'> {
  if (state !== 'Ready') return { level: 'warn', next: 'It takes no messages until its state is Ready.' }
  if (Math.abs(clockMs) > maxClockMs) return { level: 'warn', next: 'Set the clocks of both machines by NTP.' }
  return { level: 'ok' }
}
