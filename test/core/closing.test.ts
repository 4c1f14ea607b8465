import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

test('a process that closed its parts has nothing left that keeps it', { timeout: 60_000 }, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'otto-closing-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const script = fileURLToPath(new URL('_closing-process.ts', import.meta.url))
  const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const [code] = await once(child, 'close')
  expect({ code, out, err }).toEqual({ code: 0, out: 'closed\n', err: '' })
  expect(JSON.parse(await readFile(join(dir, 'events.jsonl'), 'utf8'))).toMatchObject({ type: 'kill.changed' })
})
