import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { invoke } from './_agents.ts'
import { startService } from './_service.ts'

/** The events of one answer of the Messages API. @see Anthropic's documentation, "Streaming messages" */
const answer = (block: object, delta: object, usage: { input: number; output: number }): string =>
  [
    {
      type: 'message_start',
      message: { id: 'msg_1', role: 'assistant', content: [], usage: { input_tokens: usage.input, output_tokens: 1 } },
    },
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: usage.output } },
    { type: 'message_stop' },
  ]
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('')

const calls = answer(
  { type: 'tool_use', id: 'toolu_1', name: 'fs_write', input: {} },
  { type: 'input_json_delta', partial_json: '{"path":"a.txt","content":"hi"}' },
  { input: 1_000, output: 50 },
)
const speaks = answer({ type: 'text', text: '' }, { type: 'text_delta', text: 'Done.' }, { input: 1_200, output: 10 })

let dir: string
let server: Server
let asked: { readonly headers: NodeJS.Dict<string | string[]>; readonly body: Record<string, unknown> }[]
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'otto-'))
  await mkdir(join(dir, 'project/agents'), { recursive: true })
  await writeFile(
    join(dir, 'project/prices.yml'),
    'prices:\n  - { provider: anthropic, model: model-1, input: 3, output: 15, as_of: 2026-01-01, source: a test }\n',
  )
  const agent = (name: string, model: string) =>
    writeFile(
      join(dir, `project/agents/${name}.yml`),
      `name: ${name}\nprovider: anthropic\nmodel: ${model}\nsystem_prompt: You write.\ntools: [fs.write]\npermissions: [write]\nmax_tokens: 500\n`,
    )
  await agent('paid', 'model-1')
  await agent('unpriced', 'model-2')
  server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    asked.push({ headers: request.headers, body: JSON.parse(text) })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(asked.length === 1 ? calls : speaks)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(async () => {
  server.close()
  await rm(dir, { recursive: true, force: true })
})

async function start(home: string, env: Record<string, string> = {}) {
  asked = []
  const { port } = server.address() as AddressInfo // it listens on TCP
  const service = await startService(
    {
      OTTO_ENABLED: 'true',
      OTTO_PROJECT_DIR: join(dir, 'project'),
      ANTHROPIC_URL: `http://127.0.0.1:${port}`,
      ANTHROPIC_API_KEY: 'sk-ant-test-key-0123456789',
      ...env,
    },
    join(dir, home),
  )
  onTestFinished(service.close)
  return service
}

/** 2,200 tokens in at 3 dollars a million, 60 out at 15. */
const costUsd = 0.0075

test('an agent of a paid provider calls a tool, and every cent of it is counted, over a restart too', async () => {
  const service = await start('counted')
  const { body } = await invoke(service.url, 'paid', { input: 'Write it.' })
  expect(body).toMatchObject({ status: 'COMPLETED', output: 'Done.', usage: { costUsd, modelCalls: 2, toolCalls: 1 } })
  expect(asked[0]?.headers['x-api-key']).toBe('sk-ant-test-key-0123456789')
  expect(asked.map(({ body: { max_tokens } }) => max_tokens)).toEqual([500, 500])
  const spent = { budgets: [{ scope: 'day', spent: { tokens: 2_260, costUsd }, held: { tokens: 0, costUsd: 0 } }] }
  expect((await service.get('/api/v1/budgets')).body).toMatchObject(spent)
  await service.close()

  const again = await start('counted')
  expect((await again.get('/api/v1/budgets')).body).toMatchObject(spent)
  expect((await again.get('/api/v1/usage?scope=agent:paid&by=kind')).body).toMatchObject({
    totals: { costUsd, inputTokens: 2_200, outputTokens: 60 },
  })
})

test('a day that leaves too little asks nothing', async () => {
  const short = await start('short', { OTTO_MAX_USD_PER_DAY: '0.0001' })
  const { body } = await invoke(short.url, 'paid', { input: 'Write it.' })
  expect(body).toMatchObject({ status: 'FAILED', stopped: 'budget', error: { code: 'BUDGET_EXCEEDED' } })
  expect(asked).toEqual([])
})

test('a model without a price is not asked', async () => {
  const service = await start('unpriced')
  const { body } = await invoke(service.url, 'unpriced', { input: 'Write it.' })
  expect(body).toMatchObject({ status: 'FAILED', error: { code: 'PRICE_UNKNOWN' } })
  expect(asked).toEqual([])
})
