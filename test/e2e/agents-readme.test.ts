import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settingsIn } from './_process.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const bin = fileURLToPath(new URL('../../bin/otto.js', import.meta.url))

/** The fenced block after a marker. */
function block(marker: string): string {
  const [, text] = readme.match(new RegExp(`<!-- agents: ${marker} -->\\n\`\`\`\\w+\\n([^]*?)\`\`\``)) ?? []
  if (text === undefined) throw new Error(`The README has no ${marker}.`)
  return text
}

const [validate, scribe, otter, novel, usage, verify] = block('commands').trimEnd().split('\n')

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'otto-'))
  await mkdir(join(dir, '.otto/agents'), { recursive: true })
  await writeFile(join(dir, '.otto/agents/scribe.yml'), block('file'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** A line of the README in a shell, in the folder of a new project. */
const run = (line = '') =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const env = { ...settingsIn(dir), PATH: process.env['PATH'] ?? '', HOME: dir, OTTO_USER_DIR: join(dir, 'user') }
    const script = line.replace(/^npx otto/, `"${process.execPath}" "${bin}"`)
    execFile('sh', ['-c', script], { cwd: dir, env }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
  })

test('the commands of the README for agents run as written, one after the other', { timeout: 120_000 }, async () => {
  expect(await run(validate)).toMatchObject({ code: 0, err: '' })

  const written = await run(scribe)
  expect(written).toMatchObject({ code: 0 })
  expect(written.out).toContain('otters float')
  expect(readFileSync(join(dir, 'var/work/scribe/notes.txt'), 'utf8')).toBe('otters float')

  const played = await run(otter)
  expect(played).toMatchObject({ code: 0 })
  expect(played.err).toMatch(/scripted/)
  expect(played.out).toMatch(/draw/i)

  const refused = await run(novel)
  expect(refused.code).toBe(1)
  expect(refused.err).toContain('BUDGET_EXCEEDED')

  const spent = await run(usage)
  expect(spent).toMatchObject({ code: 0 })
  expect(spent.out).toMatch(/scribe +fs\.write/)
  expect(spent.out).toMatch(/otto +ttt_make_move/)

  expect(await run(verify)).toMatchObject({ code: 0 })
})
