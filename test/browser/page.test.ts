import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freePorts } from '../e2e/_nodes.ts'
import { runOtto, serve } from '../e2e/_process.ts'
import type { Service } from '../e2e/_service.ts'
import { startedGame, startService } from '../e2e/_service.ts'
import { winningMoves } from '../games.ts'
import { browserName, hasBrowser, openBrowser, openPage } from './_browser.ts'

const within = { timeout: 45_000 }

/** A page of its own on a path of a service; at its end it must have had nothing to complain about. */
async function visit(browser: Browser, url: string, options = {}): Promise<Page> {
  const { page, complaints, close } = await openPage(browser, options)
  onTestFinished(async () => {
    await close()
    expect(complaints).toEqual([])
  })
  await page.goto(url)
  return page
}

const cell = (page: Page, index: number) =>
  page.getByRole('button', { name: `row ${Math.floor(index / 3) + 1}, column ${(index % 3) + 1}` })

/** Waits until the page shows that mark in a cell, as held by the ledger. */
const holds = (page: Page, index: number, mark: string) =>
  expect.poll(() => cell(page, index).getAttribute('aria-label'), within).toMatch(new RegExp(`, ${mark}$`))

const says = (page: Page, words: string | RegExp) => page.getByText(words, { exact: true }).first().waitFor()

describe.runIf(hasBrowser)(browserName, { timeout: 180_000 }, () => {
  let browser: Browser
  let service: Service
  beforeAll(async () => {
    service = await startService()
    browser = await openBrowser()
  }, 90_000)
  afterAll(async () => {
    await browser?.close()
    await service?.close()
  })

  test('a game is played and won by clicking', async () => {
    const { gameId } = await startedGame(service)
    const page = await visit(browser, `${service.url}/ui/games/${gameId}`)
    for (const [player, index] of winningMoves) {
      await cell(page, index).click()
      await holds(page, index, player)
    }
    await says(page, 'X wins')
    const { body } = await service.get(`/otto/games/${gameId}/state`)
    expect(body).toMatchObject({ winner: 'X', machineState: 'finished' })
    await says(page, /From your click to the confirmation: \d+ ms/)
    await page.getByRole('button', { name: 'Next round' }).click()
    await says(page, 'X to move')
    expect((await service.result('ttt_get_state', { gameId })).roundCount).toBe(1)
  })

  test('a game is played and won by keyboard alone', async () => {
    const { gameId } = await startedGame(service)
    const page = await visit(browser, `${service.url}/ui/games/${gameId}`)
    await cell(page, 4).focus()
    for (const [player, index] of winningMoves) {
      await page.keyboard.press(String(index + 1))
      await holds(page, index, player)
    }
    await says(page, 'X wins')
  })

  test('Otto answers a move of a person, once, though two tabs are open', async () => {
    const page = await visit(browser, `${service.url}/`)
    await page.getByRole('button', { name: 'Play X against Otto' }).click()
    await page.waitForURL(/\/ui\/games\/[0-9a-f-]{36}/)
    const second = await visit(browser, page.url())
    await says(second, 'Your turn: you are X')
    await cell(page, 4).click()
    await says(page, /2 of 9 moves/)
    await says(second, /2 of 9 moves/)
    await says(page, 'Your turn: you are X')
    const id = new URL(page.url()).pathname.split('/').at(-1)
    expect((await service.result('ttt_get_state', { gameId: id })).moveCount).toBe(2)
  })

  test('an illegal cell says why, and nothing is sent', async () => {
    const { gameId } = await startedGame(service, [['X', 4]])
    const page = await visit(browser, `${service.url}/ui/games/${gameId}`)
    await holds(page, 4, 'X')
    await cell(page, 4).click()
    await says(page, 'That cell already holds a mark.')
    expect((await service.result('ttt_get_state', { gameId })).moveCount).toBe(1)
  })

  test('a game that somebody else plays is seen as it goes, in the list and on its page', async () => {
    const list = await visit(browser, `${service.url}/ui/`)
    await says(list, 'Live')
    const played = runOtto(['play', '--url', service.url], {})
    const link = list.getByRole('listitem').first().getByRole('link')
    await expect.poll(async () => (await list.getByText('Draw: nobody wins').count()) > 0, within).toBe(true)
    expect((await played).code).toBe(0)
    await link.click()
    await expect.poll(() => list.getByRole('row').count(), within).toBe(10) // nine moves and the head
  })

  test('each message is verified in the browser', async () => {
    const { gameId } = await startedGame(service, winningMoves)
    const page = await visit(browser, `${service.url}/ui/games/${gameId}`)
    const messages = page.locator('.messages details')
    await expect.poll(() => messages.count(), within).toBe(winningMoves.length + 3) // oracle, machine, start
    for (const message of await messages.all()) {
      await message.locator('summary').click()
      await message.getByRole('button', { name: 'Verify' }).click()
      await message.locator('p.right').waitFor()
      expect(await message.locator('.wrong').count()).toBe(0)
    }
  })

  test('a killed service is told as stale, and comes back with the board as it stands', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'otto-page-'))
    const [port = 0] = await freePorts(1)
    let running = await serve(dir, { OTTO_PORT: String(port) })
    onTestFinished(async () => {
      await running.kill('SIGKILL')
      await rm(dir, { recursive: true, force: true })
    })
    const { gameId } = await startedGame(running, [['X', 0]])
    const page = await visit(browser, `${running.url}/ui/games/${gameId}`)
    await holds(page, 0, 'X')
    await running.kill('SIGKILL')
    await says(page, /^Not live/)
    await holds(page, 0, 'X')
    running = await serve(dir, { OTTO_PORT: String(port) })
    await says(page, 'Live')
    await running.result('ttt_make_move', { gameId, player: 'O', cell: 8 })
    await holds(page, 8, 'O')
  })

  test('words from outside are never taken for HTML', async () => {
    const { gameId } = await startedGame(service)
    const page = await visit(browser, `${service.url}/ui/games/${gameId}`)
    await page.getByRole('button', { name: 'Cancel the game' }).click()
    const reason = '<img src=x onerror="document.title=1"><b>bold</b>'
    await page.getByRole('textbox').fill(reason)
    await page.getByRole('button', { name: /^Yes/ }).click()
    await says(page, 'Cancelled')
    const messages = page.locator('.messages details')
    await expect.poll(() => messages.count(), within).toBe(4) // oracle, machine, start, end
    const message = messages.last()
    await message.locator('summary').click()
    await message.getByText('<b>bold</b>').first().waitFor()
    expect(await page.locator('img[src=x], .messages b b').count()).toBe(0)
  })

  test('a game that nobody knows has a plain sentence and a way on', async () => {
    const { page, close } = await openPage(browser)
    onTestFinished(close)
    await page.goto(`${service.url}/ui/games/00000000-0000-4000-8000-000000000000`)
    await says(page, /^The ledger has no game of this id/)
    await page.getByRole('link', { name: 'To the games' }).click()
    await says(page, 'Start a game')
  })

  test('a service with a token is asked for with it, and it stays out of the address', async () => {
    const token = 'a-token-for-the-browser-0123456789abcdef'
    const guarded = await startService({ OTTO_API_TOKEN: token })
    onTestFinished(() => guarded.close())
    const page = await visit(browser, `${guarded.url}/ui/`)
    const show = async (shown: string) => {
      await page.getByRole('textbox', { name: 'Token' }).fill(shown)
      await page.getByRole('button', { name: 'Use it' }).click()
    }
    await show(`${token}x`)
    await says(page, 'That token is not taken.')
    await show(token)
    await says(page, 'There is no game yet. Start one above.')
    await says(page, 'Live')
    expect(page.url()).not.toContain(token)
  })

  test('on a slow network the room is kept, and what was asked for comes', async () => {
    const { gameId } = await startedGame(service, [['X', 4]])
    const { page, complaints, close } = await openPage(browser)
    onTestFinished(close)
    await page.route('**/otto/**', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      await route.continue()
    })
    await page.goto(`${service.url}/ui/games/${gameId}`)
    await page.locator('.loading').first().waitFor()
    await holds(page, 4, 'X')
    expect(complaints).toEqual([])
  })

  const views = ['', 'ledger', 'wallets', 'health', 'chat', 'game'] as const
  const looks = [
    { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
    { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
  ] as const
  test.each(views.flatMap((view) => looks.map((look) => ({ view, look }))))(
    'the view "$view" is open to everybody, $look.colorScheme at $look.viewport.width',
    async ({ view, look }) => {
      const { gameId } = await startedGame(service, [['X', 4]])
      const page = await visit(browser, `${service.url}/ui/${view === 'game' ? `games/${gameId}` : view}`, look)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await expect.poll(() => page.locator('.loading').count(), within).toBe(0)
      expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
      const found = await seriousFaults(page)
      expect(found).toEqual([])
    },
  )
})

/** What axe finds that keeps somebody out. */
async function seriousFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
}
