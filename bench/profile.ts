import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** CPU of one move by what it is spent on, µs; `totalUs` is that of the whole process, all threads. */
export type Breakdown = { readonly us: Readonly<Record<string, number>>; readonly totalUs: number }

type Frame = { readonly functionName: string; readonly url: string }
type ProfileNode = { readonly id: number; readonly callFrame: Frame; readonly children?: readonly number[] }
type Profile = {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}
type Recorded = { readonly profile: Profile; readonly cpu: { readonly process: number; readonly thread: number } }

/** Whose time a frame is, by where its code stands. Frames of Node itself belong to whoever called them. */
const owners: readonly (readonly [path: RegExp, name: string])[] = [
  [/@noble\/secp256k1|\/signing\/(ecdsa|der|signer)\./, 'sign'],
  [/\/signing\/verify\./, 'verify'],
  [/\/signing\/(address|base58)\./, 'addresses'],
  [/\/signing\/digest\./, 'hashing'],
  [/\/signing\/canonical\./, 'canonical JSON'],
  [/\/src\/jlvm\//, 'evaluate'],
  [/\/src\/fiber\//, 'engine'],
  [/\/src\/dialect\//, 'dialect'],
  [/\/devnet\/(disk-store|log-writer|log-file|checked-line|checkpoint|write-checkpoint|segment)\./, 'store'],
  [/\/src\/devnet\//, 'ledger'],
  [/\/src\/(db|intent)\/|\/kysely\//, 'records'],
  [/\/src\/audit\//, 'audit'],
  [/\/src\/chain\//, 'chain'],
  [/\/src\/tictactoe\//, 'game'],
  [/\/src\/tools\/|\/zod\//, 'tools'],
  [/\/pino\/|\/sonic-boom\/|\/thread-stream\/|request-log\./, 'log'],
  [/\/src\/metrics\/|\/prom-client\//, 'metrics'],
  [
    /\/src\/http\/|\/node_modules\/(fastify|find-my-way|avvio|@fastify)|^node:(_http|net|http)|^node:internal\/(stream|http)/,
    'HTTP',
  ],
  [/^node:(fs|internal\/fs)/, 'store'],
]

/** What the profiler itself names. */
const byFunction: ReadonlyMap<string, string> = new Map([
  ['(garbage collector)', 'garbage'],
  ['(idle)', 'idle'],
  ['(program)', 'program'],
])

/** Reads what profile.ts recorded; `moves` were made while CPU time was counted. Waits until the file is written. */
export async function readBreakdown(file: string, moves: number): Promise<Breakdown> {
  const { profile, cpu } = await readWhenWritten(file)
  const spent = new Map<string, number>()
  const ownerOf = ownersOf(profile.nodes)
  for (const [at, id] of profile.samples.entries()) {
    const owner = ownerOf.get(id) ?? 'other'
    spent.set(owner, (spent.get(owner) ?? 0) + (profile.timeDeltas[at] ?? 0))
  }
  spent.delete('idle')
  // The samples tell the parts alone: how much a move costs was counted while nothing sampled.
  const sampled = [...spent.values()].reduce((sum, value) => sum + value, 0)
  const scale = (cpu.thread * 1000) / sampled / moves
  const us = Object.fromEntries([...spent].map(([name, value]) => [name, value * scale]))
  const otherThreadsUs = ((cpu.process - cpu.thread) * 1000) / moves
  return { us: { ...us, 'other threads (verify, disk)': otherThreadsUs }, totalUs: (cpu.process * 1000) / moves }
}

/** Each node by its nearest frame, itself included, that has an owner. */
function ownersOf(nodes: readonly ProfileNode[]): ReadonlyMap<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const owned = new Map<number, string>()
  const visit = (id: number, inherited: string): void => {
    const node = byId.get(id)
    if (node === undefined) return
    const { url, functionName } = node.callFrame
    const own = byFunction.get(functionName) ?? owners.find(([path]) => path.test(url))?.[1]
    // What Node does inside a call of ours is ours; a rule for Node's files counts only where nobody called.
    const owner = own === undefined || (url.startsWith('node:') && inherited !== 'other') ? inherited : own
    owned.set(id, byFunction.get(functionName) ?? owner)
    for (const child of node.children ?? []) visit(child, owner)
  }
  const children = new Set(nodes.flatMap((node) => node.children ?? []))
  for (const { id } of nodes) if (!children.has(id)) visit(id, 'other')
  return owned
}

async function readWhenWritten(file: string): Promise<Recorded> {
  for (let tries = 0; tries < 100; tries++) {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (text.endsWith('}')) return JSON.parse(text)
    await sleep(100)
  }
  throw new Error('No profile was written.')
}
