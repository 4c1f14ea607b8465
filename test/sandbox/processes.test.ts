import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import type { ProcessAsk } from '../../src/sandbox/sandbox.ts'
import { systemClock } from '../../src/system.ts'
import { never, openSandbox, temporaryWorld } from './_sandbox.ts'

const running = (script: string, more: Partial<ProcessAsk> = {}): ProcessAsk => ({
  command: 'node',
  args: ['--input-type=module', '-e', script],
  timeoutMs: 15_000,
  maxBytes: 10_000,
  signal: never,
  ...more,
})

/** The node that runs this. */
const searchPath = `${join(process.execPath, '..')}:${process.env['PATH']}`

const openWorld = async () => {
  const { root } = await temporaryWorld()
  return openSandbox(root, { searchPath })
}

test('gives both outputs and the exit code', async () => {
  const { processes } = await openWorld()
  const end = await processes.run(running('console.log("out"); console.error("err"); process.exit(3)'))
  expect(end).toMatchObject({ exitCode: 3, stdout: 'out\n', stderr: 'err\n', isCut: false, isTimeout: false })
})

test('a program sees nothing of the environment of this service', async () => {
  const { processes, root } = await openWorld()
  process.env['OTTO_SECRET_OF_A_TEST'] = 'secret'
  const script = 'console.log(JSON.stringify([process.env, process.cwd()]))'
  const { stdout } = await processes.run(running(script, { env: { MINE: 'yes', HOME: '/other' } }))
  delete process.env['OTTO_SECRET_OF_A_TEST']
  const [env, cwd] = JSON.parse(stdout)
  expect(env).toEqual({
    MINE: 'yes',
    PATH: searchPath,
    HOME: root,
    TMPDIR: join(root, '.tmp'),
    LANG: 'C.UTF-8',
    CI: '1',
  })
  expect(cwd).toBe(root)
})

test('arguments reach no shell', async () => {
  const { processes } = await openWorld()
  const { stdout } = await processes.run(
    running('console.log(process.argv[1])', { args: ['-p', 'process.argv[1]', '$(id); `id`'] }),
  )
  expect(stdout).toBe('$(id); `id`\n')
})

test('an output beyond its bound is dropped, and the program goes on', async () => {
  const { processes } = await openWorld()
  const script = 'process.stdout.write("x".repeat(5_000_000), () => console.error("done"))'
  const end = await processes.run(running(script, { maxBytes: 100 }))
  expect(end).toMatchObject({ stdout: 'x'.repeat(100), stderr: 'done\n', isCut: true, exitCode: 0 })
})

/** Starts another that stays, tells its number, and goes on by itself as told. */
const withChild = (rest: string) => `
  import { spawn } from 'node:child_process'
  import { writeFileSync } from 'node:fs'
  const child = spawn('sleep', ['600'], { stdio: 'inherit' })
  child.on('spawn', () => {
    writeFileSync('pid', String(child.pid))
    ${rest}
  })`

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** What was killed is there until its parent, or the first process, has taken note. */
const isRunning = async (pid: number): Promise<boolean> => {
  if (!isAlive(pid)) return false
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && !/\) [ZX] /.test(stat)
}

/** Asked a few times: a kill is not over when it returns. */
async function isGone(root: string): Promise<boolean> {
  const pid = Number(await readFile(join(root, 'pid'), 'utf8'))
  expect(pid).toBeGreaterThan(1)
  for (let patience = 0; patience < 200; patience++) {
    if (!(await isRunning(pid))) return true
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return false
}

test('at its time-out a program is killed with all that it started', async () => {
  const { root } = await temporaryWorld()
  const started = () => readFile(join(root, 'pid'), 'utf8').catch(() => '')
  // The time is over once the program has started another.
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) =>
      ms > 10_000 ? expect.poll(started, { timeout: 15_000 }).not.toBe('') : systemClock.sleep(ms, signal),
  }
  const { processes } = openSandbox(root, { searchPath, clock })
  const end = await processes.run(running(withChild('setInterval(() => {}, 1_000)')))
  expect(end).toMatchObject({ exitCode: null, isTimeout: true })
  expect(await isGone(root)).toBe(true)
})

test('what a program leaves behind ends with it', async () => {
  const { processes, root } = await openWorld()
  const end = await processes.run(running(withChild('process.exit(0)')))
  expect(end).toMatchObject({ exitCode: 0, isTimeout: false })
  expect(await isGone(root)).toBe(true)
})

test('who hangs up ends it', async () => {
  const { processes, root } = await openWorld()
  const gone = new AbortController()
  const ask = running(withChild('console.log("up"); setInterval(() => {}, 1_000)'), { signal: gone.signal })
  const run = processes.run(ask)
  run.catch(() => undefined)
  await expect.poll(() => readFile(join(root, 'pid'), 'utf8').catch(() => ''), { timeout: 15_000 }).not.toBe('')
  gone.abort(new Error('gone'))
  await expect(run).rejects.toThrow('gone')
  expect(await isGone(root)).toBe(true)
})

test.each([
  { name: 'a program that is not installed', command: 'no-such-program', code: 'TOOL_FAILED' },
  { name: 'a program by its path', command: '/bin/sh', code: 'TOOL_FAILED' },
  { name: 'a program in the folder of the agent', command: './run', code: 'TOOL_FAILED' },
  { name: 'an option in the place of a program', command: '--version', code: 'TOOL_FAILED' },
])('refuses $name', async ({ command, code }) => {
  const { processes } = await openWorld()
  await expect(processes.run(running('', { command }))).rejects.toMatchObject({ code })
})

test('a program that the agent wrote takes the place of no other', async () => {
  const { root } = await temporaryWorld()
  const { files, processes } = openSandbox(root, { searchPath: `${root}:.:bin:${searchPath}` })
  await files.write('planted', new TextEncoder().encode('#!/bin/sh\necho planted\n'))
  await writeFile(join(root, 'planted'), '#!/bin/sh\necho planted\n', { mode: 0o755 })
  await expect(processes.run(running('', { command: 'planted' }))).rejects.toThrow('planted is not installed.')
})

test('it works in a folder of the agent, and in no other', async () => {
  const { processes, files, root } = await openWorld()
  await files.write('inner/note.txt', new Uint8Array())
  const { stdout } = await processes.run(running('console.log(process.cwd())', { cwd: 'inner' }))
  expect(stdout).toBe(`${join(root, 'inner')}\n`)
  await expect(processes.run(running('', { cwd: '..' }))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
})
