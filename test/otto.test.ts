import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fastify from 'fastify'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { EmbeddedOtto, OttoOptions } from '../src/otto.ts'
import { createOtto, ToolCallError } from '../src/otto.ts'
import { defineTool } from '../src/tools/tool.ts'
import { temporaryFolder } from './cli/_folder.ts'
import { root } from './compose.ts'

const greeter = `
name: greeter
provider: scripted
model: script
system_prompt: You greet.
`

const countWords = defineTool({
  name: 'count_words',
  summary: 'Count the words of a text.',
  effect: 'read',
  input: z.strictObject({ text: z.string() }),
  output: z.strictObject({ words: z.int() }),
  run: async ({ text }) => ({ result: { words: text.split(/\s+/).length } }),
})

/** A folder with one agent, and settings that stay inside it. */
async function home(): Promise<{ readonly dir: string; readonly env: Record<string, string> }> {
  const dir = await temporaryFolder()
  await mkdir(join(dir, '.otto', 'agents'), { recursive: true })
  await writeFile(join(dir, '.otto', 'agents', 'greeter.yml'), greeter)
  const env = {
    OTTO_DATA_DIR: join(dir, 'var'),
    OTTO_PROJECT_DIR: join(dir, '.otto'),
    OTTO_USER_DIR: join(dir, 'user'),
  }
  return { dir, env }
}

async function started(options: OttoOptions = {}) {
  const { dir, env } = await home()
  const otto = createOtto({ tools: [countWords], ...options, env: { ...env, ...options.env } })
  onTestFinished(() => otto.stop())
  return { dir, otto, parts: await otto.start() }
}

/** A program of somebody else: parsers, an answer to errors and routes of its own. */
function foreignApp({ plugin }: EmbeddedOtto) {
  const app = fastify()
  onTestFinished(() => app.close())
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (_: unknown, body: string) => `read ${body}`,
  )
  app.addContentTypeParser('text/csv', { parseAs: 'string' }, async (_: unknown, body: string) => body.split(','))
  app.setErrorHandler((error: Error, _request, reply) => reply.code(418).send({ mine: error.message }))
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ mine: 'nothing' }))
  app.post('/shop', async ({ body }) => ({ body }))
  app.get('/broken', async () => Promise.reject(new Error('no tea')))
  app.addHook('onRequest', async ({ headers }) => {
    if (headers['x-banned'] !== undefined) throw Object.assign(new Error('banned'), { statusCode: 401 })
  })
  app.register(plugin)
  return app
}

const invocation = { method: 'POST', url: '/api/v1/agents/greeter/invoke', payload: { input: 'Hello!' } } as const

describe('inside an app of somebody else', () => {
  test('the routes below /api/v1 are there, and everything of the app stays as it is', async () => {
    const { otto } = await started()
    const app = foreignApp(otto)
    const invoked = await app.inject(invocation)
    expect([invoked.statusCode, invoked.json()]).toMatchObject([200, { agentId: 'greeter', status: 'COMPLETED' }])
    const { sessionId } = invoked.json()
    const session = await app.inject(`/api/v1/sessions/${sessionId}`)
    expect(session.json()).toMatchObject({ tasks: [{ agentId: 'greeter' }] })
    const unknown = await app.inject({ ...invocation, url: '/api/v1/agents/nobody/invoke' })
    expect([unknown.statusCode, unknown.json()]).toMatchObject([404, { code: 'AGENT_NOT_FOUND' }])

    const shop = await app.inject({ method: 'POST', url: '/shop', payload: { a: 1 } })
    expect(shop.json()).toEqual({ body: 'read {"a":1}' })
    const csv = { method: 'POST', url: '/shop', payload: 'a,b', headers: { 'content-type': 'text/csv' } } as const
    expect((await app.inject(csv)).json()).toEqual({ body: ['a', 'b'] })
    expect([(await app.inject('/broken')).statusCode, (await app.inject('/broken')).json()]).toEqual([
      418,
      { mine: 'no tea' },
    ])
    expect((await app.inject('/nowhere')).json()).toEqual({ mine: 'nothing' })
    const banned = await app.inject({ ...invocation, headers: { 'x-banned': 'yes' } })
    expect(banned.json()).toEqual({ mine: 'banned' })
    const malformed = await app.inject({ ...invocation, payload: '{', headers: { 'content-type': 'application/json' } })
    expect(malformed.json()).toMatchObject({ code: 'INVALID_JSON' })
  })

  test("the app's own hooks say who may call, and whose keys count", async () => {
    const { otto } = await started({ principalOf: ({ headers }) => String(headers['x-user']) })
    const app = fastify()
    onTestFinished(() => app.close())
    app.addHook('onRequest', async ({ headers }, reply) =>
      headers['x-user'] === undefined ? reply.code(401).send({ mine: 'who?' }) : undefined,
    )
    app.register(otto.plugin, { prefix: '/agents' })
    expect((await app.inject('/agents/api/v1/agents')).json()).toEqual({ mine: 'who?' })
    const keyed = (user: string) =>
      app.inject({
        ...invocation,
        url: `/agents${invocation.url}`,
        headers: { 'x-user': user, 'idempotency-key': 'one' },
      })
    const [first, again, other] = [await keyed('ada'), await keyed('ada'), await keyed('bob')]
    expect(again.json().taskId).toBe(first.json().taskId)
    expect(other.json().taskId).not.toBe(first.json().taskId)
  })
})

describe('its parts', () => {
  test('in five calls: register, grant, execute, remember, record', async () => {
    const { parts } = await started({ tools: [] })
    const { tools, contexts, usage } = parts
    tools.register(countWords)
    tools.grant('ada', 'count_words')
    expect(await tools.execute('count_words', { text: 'one two' }, { agentId: 'ada' })).toEqual({ words: 2 })
    contexts.put('session_456', { seen: true })
    usage.record({ kind: 'llm', agentId: 'ada', inputTokens: 7 })
    expect(contexts.get('session_456')).toEqual({ seen: true })
    expect(await usage.getUsage({ key: 'agent', value: 'ada' }, {})).toMatchObject({ calls: 2, inputTokens: 7 })
  })

  test.each(['../other', '', 'a/b', '.'])('execute takes no agent whose name is no folder: %j', async (agentId) => {
    const { parts } = await started()
    await expect(parts.tools.execute('count_words', { text: 'x' }, { agentId })).rejects.toThrow(TypeError)
  })

  test('execute throws what was refused, with its code', async () => {
    const { parts } = await started()
    const calling = (name: string, args: { text?: number }) => parts.tools.execute(name, args, { agentId: 'ada' })
    const refusal = await calling('count_words', {}).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(ToolCallError)
    expect(refusal).toMatchObject({ code: 'PERMISSION_DENIED', kind: 'invalid', details: { rule: 'grant' } })
    parts.tools.grant('ada', 'count_words')
    await expect(calling('count_words', { text: 1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENTS' })
    await expect(calling('count_sheep', {})).rejects.toMatchObject({ code: 'UNKNOWN_TOOL' })
  })

  test('agents of the folder run beside those of the package that need no game, and nothing is said to be wrong', async () => {
    const { parts } = await started()
    expect(parts.agents.list().map(({ id }) => id)).toEqual(['greeter', 'hello'])
    expect(parts.faults).toEqual([])
  })

  test('an agent of the folder with a fault is told, and harms no other', async () => {
    const { dir, env } = await home()
    const declare = (name: string, more: string) =>
      writeFile(join(dir, '.otto', 'agents', `${name}.yml`), `${greeter.replace('greeter', name)}${more}\n`)
    await declare('counter', 'tools: [count_words]')
    await declare('dreamer', 'tools: [count_sheep]')
    const otto = createOtto({ env, tools: [countWords], log: pino({ level: 'silent' }) })
    onTestFinished(() => otto.stop())
    const { agents, faults } = await otto.start()
    expect(faults).toMatchObject([{ file: expect.stringMatching(/dreamer\.yml$/), line: 6, path: 'tools.0' }])
    expect(agents.list().map(({ id }) => id)).toEqual(['counter', 'greeter', 'hello'])
  })
})

describe('its life', () => {
  test('the parts start in the order of what they need, and stop in the reverse of it', async () => {
    const { dir, otto, parts } = await started()
    const order = ['registry', 'tool-bus', 'context-store', 'artifact-store', 'usage-ledger', 'agents']
    expect(parts.tree().map(({ id, state }) => [id, state])).toEqual(order.map((id) => [id, 'running']))
    await otto.stop()
    const lines = (await readFile(join(dir, 'var', 'events.jsonl'), 'utf8')).trimEnd().split('\n')
    const changes = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'component.state')
    const those = (state: string) => changes.filter(({ data }) => data.to === state).map(({ data }) => data.id)
    expect(those('running')).toEqual(order)
    expect(those('stopped')).toEqual(order.toReversed())
  })

  test('two run in one process, each in its folder', async () => {
    const [one, two] = await Promise.all([started(), started()])
    one.parts.contexts.put('shared', 1)
    const caller = { traceId: 't', principal: 'p', signal: new AbortController().signal }
    const done = await Promise.all(
      [one, two].map(({ parts }) => parts.agents.invoke('greeter', { input: 'Hi' }, caller)),
    )
    expect(done.map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED'])
    expect(two.parts.contexts.get('shared')).toBeUndefined()
    const [first, second] = await Promise.all([one, two].map(({ parts }) => parts.usage.getUsage(undefined, {})))
    expect(first).toMatchObject({ calls: second?.calls })
    await one.otto.stop()
    expect((await two.parts.agents.invoke('greeter', { input: 'Hi' }, caller)).status).toBe('COMPLETED')
  })

  test('it starts once, and again when it was stopped; its routes need it started', async () => {
    const { env } = await home()
    const otto = createOtto({ env })
    onTestFinished(() => otto.stop())
    await expect(fastify().register(otto.plugin).ready()).rejects.toMatchObject({
      code: 'LIFE_CYCLE',
      hint: expect.stringContaining('start()'),
    })
    const starting = otto.start()
    await expect(otto.start()).rejects.toMatchObject({ code: 'LIFE_CYCLE' })
    await starting
    await otto.stop()
    await otto.stop()
    expect((await otto.start()).agents.list()).toHaveLength(2)
  })

  test('a start that fails leaves nothing behind', async () => {
    const { dir, env } = await home()
    await writeFile(join(dir, 'prices.yml'), 'prices: 1\n')
    const otto = createOtto({ env: { ...env, OTTO_USER_DIR: dir } })
    await expect(otto.start()).rejects.toMatchObject({ code: 'CONFIG_ERROR' })
    await writeFile(join(dir, 'prices.yml'), 'prices: []\n')
    onTestFinished(() => otto.stop())
    expect((await otto.start()).agents.list()).toHaveLength(2)
  })

  test("the program's own environment stays as it is, and what the bridge alone needs does not count", async () => {
    const { env } = await home()
    const program = `
      import { createOtto } from ${JSON.stringify(join(root, 'src/otto.ts'))}
      const otto = createOtto()
      await otto.start()
      await otto.stop()
      console.log(process.env.DATABASE_URL, process.env.OPENAI_API_KEY)`
    const settings = { ...env, NODE_ENV: 'production', DATABASE_URL: 'mysql://shop', OPENAI_API_KEY: 'of-the-shop' }
    // It ends by itself: nothing that was opened keeps it.
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      env: settings,
    })
    expect(stdout).toBe('mysql://shop of-the-shop\n')
  })
})
