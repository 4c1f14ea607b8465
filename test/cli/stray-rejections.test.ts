import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('a rejection that nobody handles is logged, and the process goes on', { timeout: 60_000 }, async () => {
  const script = fileURLToPath(new URL('_stray-process.ts', import.meta.url))
  const { promise, resolve } = Promise.withResolvers<{ code: unknown; out: string; err: string }>()
  execFile(process.execPath, [script], (error, out, err) => resolve({ code: error?.code, out, err }))
  const { code, out, err } = await promise
  expect(out).toBe('a rejection that nobody handles; the service goes on\ngoes on\n')
  expect([code, err]).toEqual([1, expect.stringContaining('the second')])
})
