import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { onTestFinished } from 'vitest'
import type { SandboxOptions } from '../../src/sandbox/create-sandbox.ts'
import { createSandbox } from '../../src/sandbox/create-sandbox.ts'
import { randomId, systemClock } from '../../src/system.ts'

export const secret = 'the secret outside'

/** A folder of the running test's own, gone with it: a secret in it, and beside that the root of an agent. */
export async function temporaryWorld() {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'otto-sandbox-')))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  await mkdir(join(dir, 'outside'))
  await writeFile(join(dir, 'outside', 'secret.txt'), secret)
  return { dir, root: join(dir, 'work', 'scribe'), outside: join(dir, 'outside') }
}

/** A sandbox as the service builds it, with what the test says otherwise. */
export const openSandbox = (root: string, options: Partial<SandboxOptions> = {}) =>
  createSandbox({
    root,
    rules: { allowHosts: [], requestsPerMinute: 10 },
    clock: systemClock,
    newId: randomId,
    searchPath: process.env['PATH'] ?? '',
    ...options,
  })

/** For calls that nobody hangs up on. */
export const never = new AbortController().signal

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
