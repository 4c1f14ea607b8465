import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { request } from 'undici'
import { expect, test } from 'vitest'
import { agencyParts } from '../../src/open-agents.ts'
import { runOtto, serve, settingsIn } from '../e2e/_process.ts'
import { temporaryFolder } from './_folder.ts'

/** Settings inside a folder with one agent. */
async function home() {
  const dir = await temporaryFolder()
  const agents = join(dir, '.otto', 'agents')
  await mkdir(agents, { recursive: true })
  const declare = (name: string, more = '') =>
    writeFile(
      join(agents, `${name}.yml`),
      `name: ${name}\nprovider: scripted\nmodel: script\nsystem_prompt: Hi.\n${more}`,
    )
  await declare('greeter')
  const env = {
    ...settingsIn(dir),
    OTTO_ENABLED: 'true',
    OTTO_PROJECT_DIR: join(dir, '.otto'),
    OTTO_USER_DIR: join(dir, 'user'),
  }
  return { dir, env, declare }
}

/** The line of the doctor that has this name. */
async function lineOf(name: string, env: Record<string, string>): Promise<string | undefined> {
  const { out } = await runOtto(['doctor'], env)
  const line = out.split('\n').find((text) => text.slice(6).startsWith(`${name} `))
  return line?.replaceAll(/ {2,}/g, ' ')
}

test('files of agents: how many can be used, and how many faults the others have', async () => {
  const { dir, env, declare } = await home()
  expect(await lineOf('agents', env)).toBe('ok agents 3 can be used')
  expect(await lineOf('agents', { ...env, OTTO_ENABLED: 'false' })).toBe(
    'ok agents 3 can be used; none runs without OTTO_ENABLED=true',
  )
  await declare('dreamer', 'tools: [sleep]\nscopes: 1\n')
  expect(await lineOf('agents', env)).toBe(
    `warn agents 2 faults in 1 files of ${join(dir, '.otto')} and below; 3 can be used → otto agent validate tells each.`,
  )
})

test('ripgrep is there, or the built-in search is used', async () => {
  const { dir, env } = await home()
  const path = [join(dir, 'empty'), join(dir, 'programs')].join(delimiter)
  const none = 'ok search no ripgrep on PATH; the built-in one is used'
  expect(await lineOf('search', { ...env, PATH: path })).toBe(none)
  await mkdir(join(dir, 'programs'))
  await writeFile(join(dir, 'programs', 'rg'), '#!/bin/sh\n', { mode: 0o644 })
  expect(await lineOf('search', { ...env, PATH: path })).toBe(none)
  await chmod(join(dir, 'programs', 'rg'), 0o755)
  expect(await lineOf('search', { ...env, PATH: path })).toBe(`ok search ripgrep at ${join(dir, 'programs', 'rg')}`)
})

test('the kill switch and the parts, of a service that runs and of one that would', { timeout: 60_000 }, async () => {
  const { dir, env } = await home()
  expect(await lineOf('kill switch', { ...env, OTTO_KILL_SWITCH: 'on' })).toBe(
    'warn kill switch on (environment) → otto kill off',
  )
  const running = await serve(dir, env)
  const here = { ...env, OTTO_PORT: new URL(running.url).port }
  try {
    expect(await lineOf('kill switch', here)).toBe('ok kill switch off')
    expect(await lineOf('kill switch', env)).toMatch(/^warn kill switch not known: .+ → otto kill status$/)
    const { statusCode } = await request(`${running.url}/api/v1/agents/greeter/invoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"input":"Hello!"}',
    })
    expect(statusCode).toBe(200)
    const { code, out } = await runOtto(['doctor', '--tree'], here)
    expect(code).toBe(0)
    expect(out).toBe([...agencyParts.map((part) => `${part}  running\n`), '  greeter  running\n'].join(''))
    expect((await runOtto(['kill', 'on', '--reason', 'a test'], here)).code).toBe(0)
    expect(await lineOf('kill switch', here)).toBe('warn kill switch on (route): a test → otto kill off')
  } finally {
    await running.kill('SIGTERM')
  }
  expect(await lineOf('kill switch', env)).toBe('warn kill switch on (route): a test → otto kill off')
  const { code, out } = await runOtto(['doctor', '--tree'], here)
  expect(code).toBe(0)
  expect(out.split('\n')).toEqual([
    `No service runs at ${running.url.replace(/\/$/, '')}. One with these settings would start:`,
    ...agencyParts.slice(0, -1),
    'agents  each when it is first asked',
    '  greeter  inline, scripted script',
    '  hello  inline, ollama llama3.2',
    '  otto  inline, ollama llama3.2',
    '',
  ])
})

test('the parts of a service without agents: it says so', { timeout: 30_000 }, async () => {
  const { dir, env } = await home()
  const running = await serve(dir, { ...env, OTTO_ENABLED: 'false' })
  try {
    const { code, err } = await runOtto(['doctor', '--tree', '--url', running.url], env)
    expect([code, err]).toEqual([1, expect.stringContaining('FEATURE_DISABLED')])
  } finally {
    await running.kill('SIGTERM')
  }
})
