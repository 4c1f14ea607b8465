import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ScriptedServer } from '../../src/scripted/server.ts'
import { startScripted } from '../scripted/_scripted.ts'
import { agentFolder, invoke, send, sessionOf } from './_agents.ts'
import type { Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'

let folder: Awaited<ReturnType<typeof agentFolder>>
let model: ScriptedServer
let service: Service
let url: string
beforeAll(async () => {
  folder = await agentFolder()
  model = await startScripted()
  service = await startService({ ...folder.env, OLLAMA_URL: model.url })
  url = service.url
})
afterAll(async () => {
  await service.close()
  await model.close()
  await folder.remove()
})

const write = { input: 'call fs.write {"path":"notes.txt","content":"otters float"}' }

describe('agents', () => {
  test('are listed; one with a broken file is not, and the log says where it is wrong', async () => {
    const { agents } = (await service.get('/api/v1/agents')).body as { agents: { id: string; tools: string[] }[] }
    expect(agents.map(({ id }) => id)).toEqual(expect.arrayContaining(['hello', 'otto', 'scribe', 'slow']))
    expect(agents.map(({ id }) => id)).not.toContain('broken')
    expect(agents.find(({ id }) => id === 'scribe')?.tools).toEqual(['fs.read', 'fs.write'])
    const fault = service.logs.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'an agent is not used')
    expect(fault).toMatchObject({ file: expect.stringContaining('broken.yml'), line: expect.any(Number) })
  })

  test('are found when their file came after the start; one that cannot be used is told so', async () => {
    const file = join(folder.dir, 'project/agents/late.yml')
    await writeFile(file, 'name: late\nprovider: scripted\nmodel: script\nsystem_prompt: Be brief.\ntools: [json]\n')
    const { status, body } = await invoke(url, 'late', { input: 'call json {"action":"parse","text":"[1]"}' })
    expect([status, body.status, body.usage.toolCalls]).toEqual([200, 'COMPLETED', 1])
    expect(await invoke(url, 'broken', { input: 'x' })).toMatchObject({
      status: 404,
      body: { code: 'AGENT_NOT_FOUND', hint: expect.stringContaining('otto agent validate') },
    })
    expect((await invoke(url, 'nobody', { input: 'x' })).body).toMatchObject({ hint: expect.stringContaining('late') })
  })

  test('do what they are told, and leave the file, the result and what they spent', async () => {
    const { status, body } = await invoke(url, 'scribe', write)
    expect([status, body.status, body.error]).toEqual([200, 'COMPLETED', null])
    expect(await readFile(join(service.dir, 'var/work/scribe/notes.txt'), 'utf8')).toBe('otters float')
    const { tasks } = await sessionOf(url, body.sessionId)
    expect(tasks).toMatchObject([{ taskId: body.taskId, status: 'COMPLETED', result: { output: body.output } }])
    const path = `/api/v1/sessions/${body.sessionId}/artifacts`
    const { artifacts } = (await service.get(path)).body as { artifacts: { name: string; checksum: string }[] }
    expect(artifacts.map(({ name }) => name)).toEqual(['context-scribe.json', 'result.json', 'transcript.jsonl'])
    for (const { name, checksum } of artifacts) {
      const file = await send(url, `${path}/${name}`)
      expect(file.headers['etag']).toBe(`"${checksum}"`)
      expect(createHash('sha256').update(file.text).digest('hex')).toBe(checksum)
    }
    const usage = (await service.get(`/api/v1/usage?scope=task:${body.taskId}&by=kind,tool`)).body
    expect(usage).toMatchObject({
      groups: expect.arrayContaining([
        expect.objectContaining({ keys: { kind: 'tool', tool: 'fs.write' }, calls: 1 }),
        expect.objectContaining({ keys: expect.objectContaining({ kind: 'llm' }), calls: body.usage.modelCalls }),
      ]),
    })
    const csv = await send(url, `/api/v1/usage?scope=task:${body.taskId}&format=csv`)
    expect(csv.headers['content-type']).toMatch(/^text\/csv/)
    expect(csv.text.trim().split('\n').length).toBe(1 + body.usage.modelCalls + body.usage.toolCalls)
    expect((await service.get('/api/v1/stats')).body).toMatchObject({ tasks: { COMPLETED: expect.any(Number) } })
    const { budgets } = (await service.get('/api/v1/budgets')).body as { budgets: { scope: string }[] }
    expect(budgets[0]).toMatchObject({ scope: 'day', limit: { costUsd: 10 } })
  })

  test('cannot leave their folder', async () => {
    await writeFile(join(service.dir, 'var/secret.txt'), 'the secret')
    const { body } = await invoke(url, 'scribe', { input: 'call fs.read {"path":"../../secret.txt"}' })
    expect(JSON.stringify(body)).not.toContain('the secret')
    const transcript = await send(url, `/api/v1/sessions/${body.sessionId}/artifacts/transcript.jsonl`)
    expect(transcript.text).toContain('PERMISSION_DENIED')
  })

  test('say beforehand what a task may cost, and ask nothing', async () => {
    const before = (await service.get('/api/v1/usage')).body
    const { status, body } = await send(url, '/api/v1/agents/scribe/invoke?estimate=true', write)
    expect(status).toBe(200)
    expect(body).toMatchObject({ maxOutputTokens: 2_048, firstCallUsd: 0, limits: { timeMs: 300_000 } })
    expect((await service.get('/api/v1/usage')).body).toEqual(before)
  })

  test('go on by themselves with respond-async, and their session tells how it ended', async () => {
    const begun = await send(url, '/api/v1/agents/scribe/invoke', write, { prefer: 'respond-async' })
    expect(begun).toMatchObject({ status: 202, body: { status: 'RUNNING' } })
    expect(begun.headers['location']).toBe(`/api/v1/sessions/${begun.body.sessionId}`)
    const look = async () => (await sessionOf(url, begun.body.sessionId)).tasks[0]
    await expect.poll(look, { timeout: 15_000 }).toMatchObject({ taskId: begun.body.taskId, status: 'COMPLETED' })
  })

  test('run a task once under one idempotency key', async () => {
    const headers = { 'idempotency-key': 'once' }
    const [first, second] = await Promise.all([
      invoke(url, 'scribe', write, headers),
      invoke(url, 'scribe', write, headers),
    ])
    expect(first.body.taskId).toMatch(/\S/)
    expect(second.body).toEqual(first.body)
    expect((await invoke(url, 'scribe', write, headers)).body).toEqual(first.body)
    const other = await invoke(url, 'scribe', { input: 'else' }, headers)
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED'])
  })

  test('begin a task once under one idempotency key, also with respond-async', async () => {
    const headers = { 'idempotency-key': 'begin-once', prefer: 'respond-async' }
    const path = '/api/v1/agents/scribe/invoke'
    const first = await send(url, path, write, headers)
    expect(await send(url, path, write, headers)).toMatchObject({ status: 202, body: first.body })
    const waiting = await send(url, path, write, { 'idempotency-key': 'begin-once' })
    expect(waiting).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
    const refused = await send(url, path, write, { 'idempotency-key': 'x'.repeat(129) })
    expect(refused.status).toBe(400)
  })

  test('free an idempotency key under which nothing was begun', async () => {
    const headers = { 'idempotency-key': 'free' }
    expect((await invoke(url, 'nobody', write, headers)).body.code).toBe('AGENT_NOT_FOUND')
    expect((await invoke(url, 'scribe', write, headers)).body.status).toBe('COMPLETED')
  })

  test('remember their session', async () => {
    const first = await invoke(url, 'hello', { input: 'Good morning', sessionId: 'breakfast' })
    const second = await invoke(url, 'hello', { input: 'And again', sessionId: 'breakfast' })
    expect([first.body.status, second.body.status]).toEqual(['COMPLETED', 'COMPLETED'])
    const context = await send(url, '/api/v1/sessions/breakfast/artifacts/context-hello.json')
    expect(JSON.parse(context.text).map(({ role }: { role: string }) => role)).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
    ])
  })

  test('stop at a budget of nothing', async () => {
    const { status, body } = await invoke(url, 'hello', { input: 'Hi', budgets: { cost_usd: 0 } })
    expect([status, body.status, body.stopped, body.error?.code]).toEqual([200, 'FAILED', 'budget', 'BUDGET_EXCEEDED'])
  })

  test.each([
    { name: 'an agent that is not there', path: '/api/v1/agents/nobody/invoke', status: 404, code: 'AGENT_NOT_FOUND' },
    { name: 'no input', path: '/api/v1/agents/hello/invoke', body: {}, status: 400, code: 'INVALID_REQUEST' },
    { name: 'a session that is not there', path: '/api/v1/sessions/none', status: 404, code: 'SESSION_NOT_FOUND' },
    {
      name: 'an artifact that is not there',
      path: '/api/v1/sessions/none/artifacts/a',
      status: 404,
      code: 'ARTIFACT_NOT_FOUND',
    },
  ])('$name: says so', async ({ path, body, status, code }) => {
    const asked = path.endsWith('invoke') ? (body ?? { input: 'Hi' }) : undefined
    expect(await send(url, path, asked)).toMatchObject({ status, body: { code } })
  })
})

test('the otter plays a round: it is on the ledger, and in the audit log under its name', async () => {
  const { body } = await invoke(url, 'otto', { input: 'Play a game with yourself.' })
  expect([body.status, body.error]).toEqual(['COMPLETED', null])
  const audit = (await readFile(join(service.dir, 'var/audit.jsonl'), 'utf8')).trim().split('\n')
  const moves = audit
    .map((line) => JSON.parse(line))
    .filter(({ tool, principal }) => tool === 'ttt_make_move' && principal === 'agent:otto')
  const games = new Set(moves.map(({ gameId }) => gameId))
  expect(games.size).toBe(1)
  const state = await service.result('ttt_get_state', { gameId: [...games][0] })
  expect(state.status).toMatch(/Won|Draw/)
  expect(moves.map(({ outcome }) => outcome)).toEqual(Array(state.moveCount).fill('applied'))
}, 60_000)

describe('tools of agents', () => {
  test('are called by agents alone, and not listed', async () => {
    expect(await service.call('fs.read', { path: 'notes.txt' })).toMatchObject({
      status: 403,
      body: { success: false, code: 'PERMISSION_DENIED', details: { rule: 'agent_only' } },
    })
    const { tools } = (await service.get('/otto/tools')).body as { tools: unknown[] }
    expect(tools).toHaveLength(6)
  })
})

describe('the kill switch', () => {
  beforeEach(() => send(url, '/api/v1/kill', { on: false }))
  const playing = async () => (await startedGame(service)).gameId

  test('stops what spends and signs, and lets reads go on, until it is off', async () => {
    const gameId = await playing()
    expect(await send(url, '/api/v1/kill', { on: true, reason: 'drill' })).toMatchObject({
      status: 200,
      body: { isOn: true, sources: ['route'], reason: 'drill' },
    })
    expect(await invoke(url, 'scribe', write)).toMatchObject({ status: 403, body: { code: 'KILL_SWITCH' } })
    const move = { gameId, player: 'X', cell: 4 }
    expect(await service.call('ttt_make_move', move)).toMatchObject({ status: 403, body: { code: 'KILL_SWITCH' } })
    expect(await service.call('ttt_get_state', { gameId })).toMatchObject({ status: 200, body: { success: true } })
    const chat = await send(url, '/generate', { messages: [{ role: 'user', content: 'Hi' }], stream: false })
    expect([chat.status, chat.text]).toEqual([403, expect.stringContaining('KILL_SWITCH')])
    expect((await service.get('/api/v1/agents')).status).toBe(200)
    await send(url, '/api/v1/kill', { on: false })
    expect(await invoke(url, 'scribe', write)).toMatchObject({ status: 200, body: { status: 'COMPLETED' } })
    expect(await service.call('ttt_make_move', move)).toMatchObject({ status: 200, body: { success: true } })
  })

  test('is on while its file is there', async () => {
    const file = join(service.dir, 'var/KILL')
    await writeFile(file, 'out of office')
    const look = async () => (await service.get('/api/v1/kill')).body
    await expect
      .poll(look, { timeout: 10_000 })
      .toMatchObject({ isOn: true, sources: ['file'], reason: 'out of office' })
    expect(await invoke(url, 'scribe', write)).toMatchObject({ status: 403, body: { code: 'KILL_SWITCH' } })
    await rm(file)
    await expect.poll(look, { timeout: 10_000 }).toMatchObject({ isOn: false })
    expect(await invoke(url, 'scribe', write)).toMatchObject({ status: 200 })
  })
})

describe('a service without agents', () => {
  let plain: Service
  beforeAll(async () => {
    plain = await startService()
  })
  afterAll(() => plain.close())

  test('says that they are not enabled, and has the kill switch all the same', async () => {
    for (const path of ['agents', 'sessions/s', 'sessions/s/artifacts', 'usage', 'budgets', 'stats'])
      expect(await send(plain.url, `/api/v1/${path}`)).toMatchObject({
        status: 403,
        body: { code: 'FEATURE_DISABLED' },
      })
    expect(await invoke(plain.url, 'otto', { input: 'Hi' })).toMatchObject({
      status: 403,
      body: { code: 'FEATURE_DISABLED' },
    })
    expect((await plain.get('/api/v1/kill')).body).toMatchObject({ isOn: false })
    expect(await send(plain.url, '/api/v1/kill', { on: true })).toMatchObject({ body: { isOn: true } })
    expect((await plain.call('ttt_create_game')).body.code).toBe('KILL_SWITCH')
    await send(plain.url, '/api/v1/kill', { on: false })
    expect((await plain.call('ttt_create_game')).body.success).toBe(true)
  })
})

test('a token without the scope `agents` starts none', async () => {
  const home = await agentFolder()
  const [owner, watcher, runner] = ['owner', 'watch', 'runner'].map(
    (name) => `${name}-0123456789abcdef0123456789abcdef`,
  )
  const file = join(home.dir, 'tokens')
  await mkdir(home.dir, { recursive: true })
  await writeFile(file, `watch read,play,chat ${watcher}\nruns agents ${runner}\n`, { mode: 0o600 })
  await using guarded = {
    ...(await startService({ ...home.env, OTTO_API_TOKEN: owner ?? '', OTTO_API_TOKENS_FILE: file })),
    async [Symbol.asyncDispose]() {
      await this.close()
      await home.remove()
    },
  }
  const as = (token: string | undefined) => ({ authorization: `Bearer ${token}` })
  expect(await invoke(guarded.url, 'scribe', write, as(watcher))).toMatchObject({
    status: 403,
    body: { code: 'FORBIDDEN' },
  })
  expect((await invoke(guarded.url, 'scribe', write)).status).toBe(401)
  expect(await invoke(guarded.url, 'scribe', write, as(runner))).toMatchObject({ status: 200 })
  expect((await send(guarded.url, '/api/v1/kill', { on: true }, as(runner))).status).toBe(403)
})
