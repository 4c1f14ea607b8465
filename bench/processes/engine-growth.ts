/** Prints the cost of one move in the engine alone, µs, beside so many games. */
import { createEngine } from '../../src/fiber/engine.ts'
import type { Message } from '../../src/fiber/messages.ts'
import type { Fiber } from '../../src/fiber/records.ts'
import { median } from '../statistics.ts'
import { recordGame, renameIds } from './_recorded-game.ts'

const sizes = [100, 1_000, 10_000, 100_000]
const rounds = 9
const movesARound = 1_000

const { steps, ids } = await recordGame(5)
const engine = createEngine()
const context = { ordinal: 1, lastSnapshotHash: '0'.repeat(64), epochProgress: 1 }
const last = steps.at(-1)
if (last === undefined) throw new Error('Nothing was recorded.')

const played = new Map<string, Fiber>()
for (const { message, proofs } of steps.slice(0, -1)) {
  const outcome = engine.apply(played, message, proofs, context)
  if (outcome.outcome !== 'committed') throw new Error(`The recorded ${message.type} was not let in.`)
  for (const fiber of outcome.changed) played.set(fiber.fiberId, fiber)
}

const states = sizes.map((games) => ({ games, fibers: new Map<string, Fiber>(), moves: [] as Message[] }))
for (let game = 0; game < Math.max(...sizes); game++) {
  const names = new Map(ids.map((id) => [id, crypto.randomUUID()]))
  const fibers = [...played.values()].map((fiber) => renameIds(fiber, names))
  const move = renameIds(last.message, names)
  for (const state of states.filter(({ games }) => game < games)) {
    for (const fiber of fibers) state.fibers.set(fiber.fiberId, fiber)
    state.moves.push(move)
  }
}

function costUs({ fibers, moves }: (typeof states)[number]): number {
  const chosen = Array.from({ length: movesARound }, () => moves[Math.floor(Math.random() * moves.length)] as Message)
  const startMs = performance.now()
  for (const message of chosen) {
    const { outcome } = engine.apply(fibers, message, last?.proofs ?? [], context)
    if (outcome !== 'committed') throw new Error('A move was not let in.')
  }
  return ((performance.now() - startMs) * 1000) / movesARound
}

for (const state of states) costUs(state) // warm
const measured = states.map((): number[] => [])
for (let round = 0; round < rounds; round++)
  for (const [at, state] of states.entries()) measured[at]?.push(costUs(state))
console.log(JSON.stringify(states.map(({ games }, at) => ({ games, us: median(measured[at] ?? []) }))))
