import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startScripted } from '../scripted/_scripted.ts'
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

/** A transcript as a pattern: `…` is any text within a line, a line of nothing else any number of lines. */
const patternOf = (transcript: string): RegExp =>
  new RegExp(
    `^${transcript
      .replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      .replaceAll(/^…\n/gm, '(?:.*\n)*?')
      .replaceAll('…', '.*')}$`,
  )

test('the chat in the README runs as written against the scripted model, and its answer has that shape', async () => {
  const model = await startScripted()
  const chat = await startService({ OLLAMA_URL: model.url, OTTO_MODEL: 'otto-scripted' })
  onTestFinished(async () => {
    await chat.close()
    await model.close()
  })
  const script = block('chat input').replaceAll('http://localhost:8080', chat.url)
  const { stdout } = await promisify(execFile)('bash', ['-eu', '-o', 'pipefail', '-c', script])
  expect(stdout).toMatch(patternOf(block('chat output')))
  const runs = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')['tool_runs']
  expect(runs.at(-1)).toMatchObject({ tool: 'ttt_make_move', result: { status: 'Draw', machineState: 'finished' } })
})
