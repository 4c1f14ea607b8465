import { silentLog } from '../../src/core/log.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import { insert } from './kit.ts'

// Writes rows until it is ended, and prints the name of each when it is stored, or the code of what refused it.
// Arguments: the file, how many write at once.
const [, , path = '', writers = '1'] = process.argv
const database = await openSqlite({ path, log: silentLog })
const started = Date.now()

async function writeOn(writer: number): Promise<void> {
  for (let row = 0; Date.now() - started < 60_000; row++) {
    const name = `${process.pid}-${writer}-${row}`
    const told = await database.write(insert(name.padEnd(400, '.'))).catch((error) => `! ${error.code}`)
    process.stdout.write(`${told}\n`)
    if (told.startsWith('!')) await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => writeOn(writer)))
