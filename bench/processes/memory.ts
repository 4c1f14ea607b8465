/** Prints bytes a live game: `engine` the heap of the engine's records alone, `process` the memory of games and ledger. */
import { readFileSync } from 'node:fs'
import { createEngine } from '../../src/fiber/engine.ts'
import type { Fiber } from '../../src/fiber/records.ts'
import { inParallel, openUnsigned } from './_ledger.ts'
import { recordGame, renameIds } from './_recorded-game.ts'

const movesPlayed = 4

function collect(): void {
  if (global.gc === undefined) throw new Error('Run with --expose-gc.')
  for (let times = 0; times < 4; times++) global.gc()
}

function heapBytes(): number {
  collect()
  return process.memoryUsage().heapUsed
}

function residentBytes(): number {
  collect()
  return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096
}

async function engineBytes(): Promise<number> {
  const { steps, ids } = await recordGame(movesPlayed)
  const engine = createEngine()
  const fibers = new Map<string, Fiber>()
  const add = () => {
    const names = new Map(ids.map((id) => [id, crypto.randomUUID()]))
    for (const { message, proofs } of steps) {
      // Parsed anew, as messages arrive: whatever is shared afterwards, the engine shares.
      const arrived = JSON.parse(JSON.stringify(renameIds(message, names)))
      const outcome = engine.apply(fibers, arrived, proofs, {
        ordinal: 1,
        lastSnapshotHash: '0'.repeat(64),
        epochProgress: 1,
      })
      if (outcome.outcome !== 'committed') throw new Error(`${arrived.type} was not let in.`)
      for (const fiber of outcome.changed) fibers.set(fiber.fiberId, fiber)
    }
  }
  for (let game = 0; game < 500; game++) add()
  const before = heapBytes()
  const games = 4_000
  for (let game = 0; game < games; game++) add()
  return (heapBytes() - before) / games
}

async function processBytes(): Promise<number> {
  const ledger = await openUnsigned({ dataDir: process.argv[3] ?? null })
  const add = (games: number) =>
    inParallel(games, 32, async () => {
      await ledger.play(await ledger.begin(), movesPlayed)
    })
  await add(1_000)
  const before = residentBytes()
  const games = 4_000
  await add(games)
  const bytes = (residentBytes() - before) / games
  await ledger.close()
  return bytes
}

const bytes = process.argv[2] === 'engine' ? await engineBytes() : await processBytes()
console.log(JSON.stringify({ bytes }))
