import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Service } from './_service.ts'
import { startService } from './_service.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

/** The fenced block after a marker. */
function block(marker: string): string {
  const [, text] = readme.match(new RegExp(`<!-- transcript: ${marker} -->\\n\`\`\`\\w+\\n([^]*?)\`\`\``)) ?? []
  if (text === undefined) throw new Error(`The README has no ${marker}.`)
  return text
}

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.close())

test('the game in the README plays as written and prints what it says', async () => {
  const script = block('input').replaceAll('http://localhost:8080', service.url)
  const { stdout } = await promisify(execFile)('bash', ['-eu', '-o', 'pipefail', '-c', script])
  expect(stdout).toBe(block('output'))
})
