/**
 * Plays so many short games on a ledger in another process, a warm-up and then in equal parts, and prints what this
 * process held after each: `node --expose-gc soak.ts <file> <warm-up> <parts> <games a part>`.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { NodeAnswer, Transport } from '../../src/chain/transport.ts'
import { silentLog } from '../../src/core/log.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import { inParallel, playOn } from './_ledger.ts'
import { takeSample } from './_sample.ts'
import type { SoakRequest, SoakTold } from './soak-ledger.ts'

const atOnce = 64
const [file = '', warm = 0, parts = 0, size = 0] = process.argv
  .slice(2)
  .map((text, at) => (at === 0 ? text : Number(text)))

/** The ledger keeps every game, so it needs room. */
function startLedger(): Transport {
  const path = fileURLToPath(new URL('./soak-ledger.ts', import.meta.url))
  const child = fork(path, { execArgv: ['--max-old-space-size=12288'], serialization: 'advanced' })
  const waiting = new Map<number, (answer: NodeAnswer) => void>()
  const listeners = new Set<(fiberIds: ReadonlySet<string>) => void>()
  let asked = 0
  child.on('message', (told: SoakTold) => {
    if ('touched' in told) for (const listener of listeners) listener(new Set(told.touched))
    else {
      waiting.get(told.number)?.(told.answer)
      waiting.delete(told.number)
    }
  })
  return {
    request({ signal: _, ...request }) {
      const number = asked++
      return new Promise((resolve) => {
        waiting.set(number, resolve)
        child.send({ number, asked: request } satisfies SoakRequest)
      })
    },
    onSnapshot(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      child.kill('SIGTERM')
    },
  }
}

const database = await openSqlite({ path: String(file), log: silentLog })
const games = await playOn(startLedger(), database)
const live = (count: number) =>
  inParallel(count, atOnce, async () => {
    const gameId = await games.begin()
    await games.play(gameId, 2)
    await games.cancel(gameId)
  })
await live(Number(warm))
const samples = [takeSample('soak', 0)]
for (let part = 1; part <= Number(parts); part++) {
  await live(Number(size))
  samples.push(takeSample('soak', part * Number(size)))
}
await games.close()
await database.close()
console.log(JSON.stringify(samples))
