import type { Config } from '../config.ts'
import { openPlayers } from '../open-wallets.ts'
import type { Finding } from './_finding.ts'

/** The signer of OTTO_SIGNER_URL: does it answer, and for which accounts? Nothing is signed. @throws as openPlayers does */
export async function checkSigner(config: Config): Promise<readonly Finding[]> {
  const wallets = await openPlayers(config)
  const { playerX, playerO } = wallets
  wallets.close()
  return [
    { level: 'ok', name: 'wallets', detail: `in the signer at ${config.signer.url}` },
    { level: 'ok', name: 'playerX', detail: playerX.address },
    { level: 'ok', name: 'playerO', detail: playerO.address },
  ]
}
