import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { ScriptedServer } from '../../src/scripted/server.ts'
import { startScripted } from '../scripted/_scripted.ts'
import { startService } from './_service.ts'

let model: ScriptedServer
let dir: string
beforeAll(async () => {
  model = await startScripted()
  dir = await mkdtemp(join(tmpdir(), 'otto-'))
})
afterAll(async () => {
  await model.close()
  await rm(dir, { recursive: true, force: true })
})

/** A service with agents, whose otter has these bounds. */
async function startWith(name: string, budgets: string) {
  const projectDir = join(dir, name)
  await mkdir(join(projectDir, 'agents'), { recursive: true })
  await writeFile(
    join(projectDir, 'agents/otto.yml'),
    `name: otto\nmodel: otto-scripted\nsystem_prompt: You are Otto.\ntools: [ttt_create_game, ttt_get_state]\nbudgets: ${budgets}\n`,
  )
  const service = await startService({ OTTO_ENABLED: 'true', OTTO_PROJECT_DIR: projectDir, OLLAMA_URL: model.url })
  onTestFinished(service.close)
  const post = async (path: string, body: object) => {
    const answer = await request(`${service.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: answer.statusCode, text: await answer.body.text() }
  }
  return { service, post }
}

const hi = { model: 'otto-scripted', messages: [{ role: 'user', content: 'Hi.' }] }

test("the chat speaks by the otter's file: its model, its prompt, its tools, its budget; and every answer is booked", async () => {
  const { service, post } = await startWith('usual', '{ tokens: 100000 }')
  const answer = await post('/generate', { prompt: 'Create a game.', stream: false })
  expect(answer.status).toBe(200)
  expect(JSON.parse(answer.text)).toMatchObject({ model: 'otto-scripted', tool_runs: [{ tool: 'ttt_create_game' }] })
  const asked = JSON.parse(model.requests.findLast(({ path }) => path === '/api/chat')?.body ?? '{}')
  expect(asked.messages[0].content).toMatch(/^You are Otto\./)
  const offered = asked.tools.map((tool: { function: { name: string } }) => tool.function.name)
  expect(offered).toEqual(['ttt_create_game', 'ttt_get_state'])
  expect((await service.get('/api/v1/usage?scope=agent:otto&by=model')).body).toMatchObject({
    totals: { calls: 2, nanoUsd: 0 },
    groups: [{ keys: { model: 'otto-scripted' } }],
  })
})

test('a turn that does not fit is refused before the model is asked, in the words of each door', async () => {
  const { post } = await startWith('tight', '{ tokens: 500 }')
  const before = model.requests.length
  const ollama = await post('/api/chat', { ...hi, stream: false })
  expect([ollama.status, JSON.parse(ollama.text)]).toMatchObject([402, { code: 'BUDGET_EXCEEDED' }])
  const openAi = await post('/v1/chat/completions', hi)
  expect([openAi.status, JSON.parse(openAi.text)]).toMatchObject([402, { error: { code: 'budget_exceeded' } }])
  expect(model.requests.slice(before).filter(({ path }) => path === '/api/chat')).toEqual([])
})

test('the kill switch stops the chat, and what goes past it to the model server; reads go on', async () => {
  const { service, post } = await startWith('killed', '{ tokens: 100000 }')
  await post('/api/v1/kill', { on: true, reason: 'a drill' })
  for (const [path, body] of [
    ['/api/chat', { ...hi, stream: false }],
    ['/api/generate', { model: 'otto-scripted', prompt: 'Hi.', stream: false }],
  ] as const) {
    const { status, text } = await post(path, body)
    expect([status, JSON.parse(text)], path).toMatchObject([403, { code: 'KILL_SWITCH' }])
  }
  expect((await service.get('/api/tags')).status).toBe(200)
  await post('/api/v1/kill', { on: false })
  expect((await post('/generate', { prompt: 'Hi.', stream: false })).status).toBe(200)
})
