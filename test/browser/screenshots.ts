/** `npm run screenshots`: each view of the page as README shows it, of a service with some games, into docs/screenshots. */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startedGame, startService } from '../e2e/_service.ts'
import { drawnMoves, winningMoves } from '../games.ts'
import { openBrowser, openPage } from './_browser.ts'

const folder = fileURLToPath(new URL('../../docs/screenshots', import.meta.url))
/** The charts of the health view need a few looks at the figures before they show anything. */
const chartsMs = 16_000

const service = await startService()
const browser = await openBrowser()
try {
  await mkdir(folder, { recursive: true })
  for (const moves of [winningMoves, drawnMoves, drawnMoves.slice(0, 2)]) await startedGame(service, moves)
  const { gameId } = await startedGame(service, winningMoves.slice(0, 4))
  await shoot('games', '/')
  await shoot('game', `/ui/games/${gameId}`)
  await shoot('game-dark-phone', `/ui/games/${gameId}`, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  await shoot('ledger', '/ui/ledger?ordinal=12')
  await shoot('wallets', '/ui/wallets')
  await shoot('chat', '/ui/chat')
  const playing = playOn()
  await shoot('health', '/ui/health', {}, chartsMs)
  await playing
} finally {
  await browser.close()
  await service.close()
}

async function shoot(name: string, path: string, look: Parameters<typeof openPage>[1] = {}, waitMs = 1_500) {
  const { page, close } = await openPage(browser, look)
  await page.goto(`${service.url}${path}`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.waitForTimeout(waitMs)
  await page.screenshot({ path: `${folder}/${name}.png` })
  await close()
}

/** Something for the charts to show. */
async function playOn(): Promise<void> {
  const endMs = performance.now() + chartsMs
  while (performance.now() < endMs) await startedGame(service, drawnMoves)
}
