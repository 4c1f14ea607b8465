import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readKeystoreKey } from '../../src/wallet/p12-read.ts'
import { winningMoves } from '../games.ts'
import { startedGame, startService } from './_service.ts'

const password = 'a-password-that-nobody-else-has'

/** A secret in every spelling in which it could slip out. */
const spellings = (bytes: Uint8Array): string[] => {
  const buffer = Buffer.from(bytes)
  return [buffer.toString('hex'), buffer.toString('base64'), buffer.toString('base64url'), [...bytes].join(',')]
}

/** The text of every file below a folder but the key stores themselves. */
async function filesBelow(dir: string): Promise<string> {
  const names = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile() && !entry.name.endsWith('.p12'))
  return (await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')))).join('\n')
}

test('neither a key nor the password is in any answer, log line or file', async () => {
  const service = await startService({ OTTO_WALLET_PASSWORD: password, OTTO_LOG_LEVEL: 'trace' })
  const seen: unknown[] = []
  const { gameId } = await startedGame(service, winningMoves)
  seen.push(await service.call('ttt_make_move', { gameId, player: 'X', cell: 'no', privateKey: '00' }))
  seen.push(await service.call('ttt_get_state', { gameId }), await service.call('nothing', {}))
  for (const path of ['/wallets', '/health', '/otto/tools', `/otto/games/${gameId}/state`, '/wallets/playerX.p12'])
    seen.push(await service.get(path))
  const written = await filesBelow(service.dir)
  const secrets = [password]
  for (const player of ['playerX', 'playerO']) {
    const store = await readFile(join(service.dir, 'wallets', `${player}.p12`))
    secrets.push(...spellings(readKeystoreKey(store, { password }).privateKey))
  }
  await service.close()
  const everything = JSON.stringify(seen) + service.logs.join('\n') + written
  expect(everything).toContain(gameId) // there is something to search
  for (const secret of secrets) expect(everything.includes(secret)).toBe(false)
})
