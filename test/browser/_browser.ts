import { existsSync } from 'node:fs'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromium } from 'playwright-core'

const places = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
const program = places.find((path) => path !== '' && existsSync(path))

/** Is there a browser on this machine? `.ci/run` brings one. */
export const hasBrowser = program !== undefined
/** What a suite is called, so that nobody takes one that did not run for a green one. */
export const browserName = hasBrowser ? 'Chromium' : 'there is no Chromium here: not run'

/** No calls home: a closed network would keep them waiting. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: program ?? 'chromium', args, timeout: 60_000 })

export type Watched = {
  readonly page: Page
  /** What the page complained about: errors of its own, and everything that its policy kept out. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

/** A window of its own, without anything kept from another one. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 }, ...options })
  context.setDefaultTimeout(45_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    // A service that is away, or refuses, is not the page's fault: the browser notes each answer that is no success.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  return { page, complaints, close: () => context.close() }
}
