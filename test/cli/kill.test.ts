import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import { createKillSwitch } from '../../src/policy/create-kill-switch.ts'
import type { KillState } from '../../src/policy/kill-switch.ts'
import { systemClock } from '../../src/system.ts'
import { settingsIn } from '../e2e/_process.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'

/** Settings of a service that does not run, as nobody listens on port 1, and its data folder. */
async function away() {
  const folder = await temporaryFolder()
  return { env: { ...settingsIn(folder), OTTO_PORT: '1' }, dir: join(folder, 'var') }
}

type Asked = { readonly method: string | undefined; readonly body: unknown }

/** A server that speaks the two routes, keeps what it was asked, and answers with the state. */
async function service(state: KillState) {
  const asked: Asked[] = []
  const server = createServer(async (request, answer) => {
    let text = ''
    for await (const chunk of request) text += chunk
    if (request.url === '/api/v1/kill')
      asked.push({ method: request.method, body: text === '' ? undefined : JSON.parse(text) })
    answer.setHeader('content-type', 'application/json').end(JSON.stringify(state))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { asked, port: String((server.address() as AddressInfo).port) }
}

const off: KillState = { isOn: false, sources: [], reason: null, since: null }
const on: KillState = { isOn: true, sources: ['route'], reason: 'runaway', since: '2026-01-02T03:04:05.000Z' }

test.each([
  { args: ['on', '--reason', 'runaway'], method: 'POST', body: { on: true, reason: 'runaway' }, state: on },
  { args: ['on'], method: 'POST', body: { on: true }, state: on },
  { args: ['off'], method: 'POST', body: { on: false }, state: off },
  { args: ['status'], method: 'GET', body: undefined, state: off },
])('otto kill $args asks the service that runs here', async ({ args, method, body, state }) => {
  const { asked, port } = await service(state)
  const dir = await temporaryFolder()
  const { code, out, err } = await runHere(['kill', ...args], { ...settingsIn(dir), OTTO_PORT: port })
  expect({ code, err, asked }).toEqual({ code: 0, err: '', asked: [{ method, body }] })
  const said = 'The kill switch is on (route) since 2026-01-02T03:04:05.000Z: runaway'
  expect(out).toBe(state.isOn ? said : 'The kill switch is off.')
  await expect(stat(join(dir, 'var', 'KILL'))).rejects.toHaveProperty('code', 'ENOENT')
})

test('off says what keeps it on, and fails', async () => {
  const { port } = await service({ ...on, sources: ['environment', 'file'], reason: null })
  const { code, out } = await runHere(['kill', 'off'], { OTTO_PORT: port, OTTO_DATA_DIR: '/data' })
  expect(code).toBe(1)
  expect(out.split('\n')).toEqual([
    'The kill switch is on (environment, file) since 2026-01-02T03:04:05.000Z',
    '  by the environment: start the service without OTTO_KILL_SWITCH',
    '  by the file /data/KILL: remove it',
  ])
})

test('where no service answers, it makes and removes the file', async () => {
  const { env, dir } = await away()
  const file = join(dir, 'KILL')
  const here = 'No service answers at http://127.0.0.1:1.'
  expect(await runHere(['kill', 'status'], env)).toMatchObject({ code: 0, out: `${here}\nThe kill switch is off.` })
  expect(await runHere(['kill', 'on', '--reason', 'runaway'], env)).toEqual({
    code: 0,
    out: `${here}\nMade ${file}: the kill switch is on while it is there.`,
    err: '',
  })
  expect(await readFile(file, 'utf8')).toBe('runaway\n')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  const { code, out } = await runHere(['kill', 'status'], env)
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/The kill switch is on \(file\) since \S+Z: runaway\n {2}by the file/),
  ])
  expect(await runHere(['kill', 'off'], env)).toMatchObject({
    code: 0,
    out: `${here}\nRemoved ${file}.\nThe kill switch is off.`,
  })
  expect(await runHere(['kill', 'off'], { ...env, OTTO_KILL_SWITCH: 'true' })).toMatchObject({
    code: 1,
    out: expect.stringContaining('by the environment'),
  })
})

test('where no service answers, off tells that an administrator keeps it on', async () => {
  const { env, dir } = await away()
  const database = await openSqlite({ path: `${dir}/db/otto.sqlite`, log: silentLog })
  const options = { isOnByEnvironment: false, file: join(dir, 'KILL'), database, clock: systemClock }
  const kill = await createKillSwitch(options)
  await kill.set(true, { principal: 'admin', reason: 'a bill' })
  await kill.close()
  const locked = await runHere(['kill', 'off'], env)
  await database.close()
  expect(locked).toMatchObject({ code: 1, out: expect.stringContaining('cannot be asked: Another process has') })
  expect(await runHere(['kill', 'off'], env)).toMatchObject({
    code: 1,
    out: expect.stringMatching(/\(route\) since \S+Z: a bill\n {2}by an administrator, which lasts/),
  })
})

test('an address that does not answer is not this machine: no file is made', async () => {
  const { env, dir } = await away()
  const { code, err } = await runHere(['kill', 'on', '--url', 'http://127.0.0.1:1'], env)
  expect([code, err]).toEqual([1, 'otto: No answer from http://127.0.0.1:1. Is the service running?'])
  await expect(stat(join(dir, 'KILL'))).rejects.toHaveProperty('code', 'ENOENT')
})

test.each([
  { args: [], says: 'name one of on, off and status' },
  { args: ['maybe'], says: 'name one of on, off and status' },
  { args: ['on', 'off'], says: 'name one of on, off and status' },
  { args: ['off', '--reason', 'why'], says: 'only on takes --reason' },
])('otto kill $args is wrong usage', async ({ args, says }) => {
  const { code, err } = await runHere(['kill', ...args])
  expect(code).toBe(2)
  expect(err).toContain(says)
})
