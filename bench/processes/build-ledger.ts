/**
 * Builds a ledger of whole games in the folder named, 32 under way at once. Prints how many moves it holds, how many bytes
 * a move were written while it was played, to the log and to checkpoints, and what a game takes in a checkpoint.
 */
import type { OpenLogFile } from '../../src/devnet/log-file.ts'
import { openLogFile } from '../../src/devnet/log-file.ts'
import { drawnMoves as draw } from '../../test/games.ts'
import { inParallel, openUnsigned } from './_ledger.ts'

const [folder = '', count = '0'] = process.argv.slice(2)
const games = Math.ceil(Number(count) / draw.length)
const written = { log: 0, checkpoints: 0 }
let messageBytes = 0

const openFile: OpenLogFile = async (path) => {
  const file = await openLogFile(path)
  const kind = path.includes('checkpoint-') ? 'checkpoints' : 'log'
  return {
    ...file,
    write(bytes, position) {
      written[kind] += bytes.length
      return file.write(bytes, position)
    },
  }
}

const ledger = await openUnsigned({ dataDir: folder, openFile }, (bytes) => {
  messageBytes += bytes
})
const ids: string[] = []
await inParallel(games, 32, async () => void ids.push(await ledger.begin()))
const before = { ...written, messageBytes }
await inParallel(games, 32, async (index) => ledger.play(ids[index] ?? ''))
const after = { ...written, messageBytes }
await ledger.close() // with a checkpoint of everything
const moves = games * draw.length
console.log(
  JSON.stringify({
    moves,
    message: (after.messageBytes - before.messageBytes) / moves,
    log: (after.log - before.log) / moves,
    checkpoints: (after.checkpoints - before.checkpoints) / moves,
    checkpointOfAGame: (written.checkpoints - after.checkpoints) / games,
  }),
)
