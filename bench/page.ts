import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { hasBrowser, openBrowser, openPage } from '../test/browser/_browser.ts'
import { drawnMoves } from '../test/games.ts'
import type { Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import type { Connection } from './processes/_connection.ts'
import { openConnection, post } from './processes/_connection.ts'
import { startOtto } from './service.ts'
import { median, quantile } from './statistics.ts'

const bench = 'page'
const built = fileURLToPath(new URL('../web/dist/assets', import.meta.url))
const opened = 5
const watchedGames = 5
const listedGames = 1_000

/** What a person waits for at the page: its size, its start, a move, a long list. */
export async function measurePage(): Promise<readonly Figure[]> {
  const size = await scriptBytes()
  const script = figure(
    { bench, what: 'JavaScript of all views, gzip, KiB', bound: atMost(250) },
    { what: 'scripts', value: size, unit: 'B' },
    { what: 'a KiB', value: 1_024, unit: 'B' },
  )
  if (!hasBrowser)
    return [script, { bench, what: 'in a browser', bound: atMost(0), notMeasured: 'there is no Chromium here' }]
  const service = await startOtto({ cores: [] })
  const browser = await openBrowser()
  const connection = await openConnection(service.port)
  const url = `http://127.0.0.1:${service.port}/`
  try {
    const starts = await inTurn(opened, () => timeToStart(browser, url))
    const delays = (await inTurn(watchedGames, () => delaysOf(browser, url, connection))).flat()
    for (let made = 0; made < listedGames; made++) await connection.send(call('ttt_create_game', {}))
    const longFrames = await framesOf(browser, url)
    return [
      script,
      inMs('first view of a fresh window, until a game can be started, ms', median(starts), 1_000),
      inMs('p99 from a move’s answer until the page shows it, ms', quantile(delays, 0.99), 100),
      inMs(`longest frame while ${listedGames} games are scrolled, ms`, longFrames, 50),
    ]
  } finally {
    connection.close()
    await browser.close()
    await service.stop()
  }
}

const inMs = (what: string, value: number, most: number): Figure =>
  figure(
    { bench, what, bound: atMost(most) },
    { what: 'measured', value, unit: 'ms' },
    { what: 'a ms', value: 1, unit: 'ms' },
  )

async function inTurn<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const all: T[] = []
  for (let turn = 0; turn < times; turn++) all.push(await work())
  return all
}

async function scriptBytes(): Promise<number> {
  const names = (await readdir(built)).filter((name) => name.endsWith('.js.gz'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(built, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function timeToStart(browser: Browser, url: string): Promise<number> {
  const { page, close } = await openPage(browser)
  const startMs = performance.now()
  await page.goto(url)
  await page.getByRole('button', { name: 'Play X against Otto' }).click({ trial: true }) // it could be clicked
  const took = performance.now() - startMs
  await close()
  return took
}

const call = (tool: string, args: object): string => post('/otto/tool', JSON.stringify({ tool, args }))

/** By the clock that both processes share: when each move was answered, and when its mark stood in the page. */
async function delaysOf(browser: Browser, url: string, connection: Connection): Promise<number[]> {
  const { result } = JSON.parse(await connection.send(call('ttt_create_game', {})))
  const { gameId } = result
  await connection.send(call('ttt_start_game', { gameId }))
  const { page, close } = await openPage(browser)
  await page.goto(`${url}ui/games/${gameId}`)
  await page.getByText('Live', { exact: true }).waitFor()
  await page.evaluate(noteMarks)
  const delays: number[] = []
  for (const [index, [player, cell]] of drawnMoves.entries()) {
    await connection.send(call('ttt_make_move', { gameId, player, cell }))
    const answeredMs = Date.now()
    delays.push(Math.max(0, (await shownMs(page, index + 1)) - answeredMs))
  }
  await close()
  return delays
}

/** Keeps the moment at which the board first had so many marks. */
const noteMarks = `
  globalThis.shown = []
  const board = document.querySelector('.board')
  const note = () => {
    const marks = board.querySelectorAll('.mark-X, .mark-O').length
    while (shown.length < marks) shown.push(Date.now())
  }
  new MutationObserver(note).observe(board, { subtree: true, childList: true, characterData: true, attributes: true })
`

async function shownMs(page: Page, count: number): Promise<number> {
  for (;;) {
    const ms = await page.evaluate<number | null>(`shown[${count - 1}] ?? null`)
    if (ms !== null) return ms
  }
}

/** Scrolls the whole list and gives the longest time between two frames. */
async function framesOf(browser: Browser, url: string): Promise<number> {
  const { page, close } = await openPage(browser)
  await page.goto(url)
  const more = page.getByRole('button', { name: 'More games' })
  for (await page.getByText('All games').waitFor(); (await more.count()) > 0; ) {
    await more.click()
    await page.waitForTimeout(200)
  }
  const longest = await page.evaluate<number>(scrollThrough)
  await close()
  return longest
}

const scrollThrough = `new Promise((resolve) => {
  let [last, longest, y] = [performance.now(), 0, 0]
  const step = (now) => {
    longest = Math.max(longest, now - last)
    last = now
    y += 400
    scrollTo(0, y)
    if (y < document.documentElement.scrollHeight) requestAnimationFrame(step)
    else resolve(longest)
  }
  requestAnimationFrame((now) => { last = now; requestAnimationFrame(step) })
})`
