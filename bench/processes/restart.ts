/** Prints how long it takes to `open` the ledger in the folder named, or to `parse` the rows that opening it reads, ms. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDevnet } from '../../src/devnet/devnet.ts'
import { ledgerOptions } from './_ledger.ts'

const [what, folder = ''] = process.argv.slice(2)

/** The newest checkpoint and the segments after it. A row is 16 hex digits, a blank, and JSON. */
function parseRows(): number {
  const newest = readdirSync(folder)
    .filter((name) => name.startsWith('checkpoint-'))
    .toSorted()
    .at(-1)
  const base = newest?.replace('checkpoint-', 'segment-') ?? ''
  const segments = readdirSync(folder).filter((name) => name.startsWith('segment-') && name >= base)
  let rows = 0
  for (const name of newest === undefined ? segments : [newest, ...segments])
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n'))
      if (line !== '' && JSON.parse(line.slice(17)) !== null) rows += 1
  return rows
}

const startMs = performance.now()
if (what === 'parse') {
  const rows = parseRows()
  console.log(JSON.stringify({ ms: performance.now() - startMs, rows }))
} else {
  const devnet = await openDevnet(ledgerOptions(folder))
  console.log(JSON.stringify({ ms: performance.now() - startMs }))
  await devnet.close()
}
