import { createHash } from 'node:crypto'
import { writeHeapSnapshot } from 'node:v8'
import { openWallets } from '../../src/wallet/wallet.ts'

const [dir = '', snapshot = '', control = ''] = process.argv.slice(2)

// Texts of a key that nobody uses, kept on purpose: what does not find them finds nothing.
const bytes = Buffer.from(control, 'base64url')
const kept = [bytes.toString('hex'), bytes.toString('base64'), BigInt(`0x${bytes.toString('hex')}`).toString()]

const wallets = await openWallets({ dir, password: undefined, nowMs: Date.now() })
for (let round = 0; round < 500; round++) {
  const digest = createHash('sha256').update(`${round}`).digest('hex')
  await Promise.all([wallets.playerX.sign(digest), wallets.playerO.sign(digest)])
}
writeHeapSnapshot(snapshot)
process.stdout.write(`${kept.length} ${wallets.playerX.address} ${wallets.playerO.address}\n`)
