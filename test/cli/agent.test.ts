import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runOtto, settingsIn } from '../e2e/_process.ts'
import { answering } from './_answers.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'

const agent = (name: string, more = '') => `name: ${name}\nmodel: llama3.2\nsystem_prompt: Hello.\n${more}`

/** Folders of a project and a user, with these files, and settings that name them. */
async function project(files: Readonly<Record<string, string>> = {}) {
  const dir = await temporaryFolder()
  for (const folder of ['project/agents', 'project/tools', 'user/agents'])
    await mkdir(join(dir, folder), { recursive: true })
  for (const [path, text] of Object.entries(files)) await writeFile(join(dir, path), text)
  const [projectDir, userDir] = [join(dir, 'project'), join(dir, 'user')]
  const env = { ...settingsIn(dir), OTTO_PORT: '1', OTTO_PROJECT_DIR: projectDir, OTTO_USER_DIR: userDir }
  const relative = (text: string) => text.replaceAll(`${dir}/`, '')
  const run = async (args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const { code, out, err } = await runHere(['agent', ...args], { ...env, ...more })
    return { code, out: relative(out), err: relative(err) }
  }
  return { dir, run }
}

describe('otto agent ls', () => {
  test('one file is one agent, beside those that are shipped', async () => {
    const { run } = await project({ 'project/agents/mine.yml': agent('mine', 'tools: [grep]\n') })
    const { code, out, err } = await run(['ls'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^name +model +tools {2}file$/m)
    expect(out).toMatch(/^mine +ollama llama3\.2 +1 {2}project\/agents\/mine\.yml$/m)
    expect(out).toMatch(/^hello +ollama llama3\.2 +0 {2}\S+hello\.yml$/m)
    expect(out).toMatch(/^otto +ollama llama3\.2 +6 {2}\S+otto\.yml$/m)
  })

  test('--why names the file that counts and the one that it stands over', async () => {
    const { run } = await project({ 'project/agents/a.yml': agent('same'), 'user/agents/b.yml': agent('same') })
    expect((await run(['ls'])).out).not.toContain('user/agents/b.yml')
    expect((await run(['ls', '--why'])).out).toMatch(
      /^same .* project\/agents\/a\.yml\n {2}over user\/agents\/b\.yml$/m,
    )
  })

  test('--json shows names and no text that a reference may have filled', async () => {
    const { run } = await project({ 'project/agents/a.yml': `name: a\nmodel: m\nsystem_prompt: "\${WORDS}"\n` })
    const { out } = await run(['ls', '--json'], { WORDS: 'whispered' })
    const { agents, faults } = JSON.parse(out)
    expect(agents[0]).toEqual({
      name: 'a',
      provider: 'ollama',
      model: 'm',
      tools: [],
      permissions: ['read'],
      source: 'project/agents/a.yml',
      overrides: [],
    })
    expect(faults).toEqual([])
    expect(out).not.toContain('whispered')
  })

  test('a broken file is mentioned, and the others are listed', async () => {
    const { run } = await project({ 'project/agents/a.yml': agent('a'), 'project/agents/bad.yml': 'name: [' })
    const { code, out, err } = await run(['ls'])
    expect(code).toBe(0)
    expect(out).toMatch(/^a /m)
    expect(err).toBe('otto agent: 1 fault in files; otto agent validate tells them.')
  })
})

describe('otto agent validate', () => {
  test('ends with 0 where all is right, and knows tools of the game, of the service and of the project', async () => {
    const { run } = await project({
      'project/agents/a.yml': agent('a', 'tools: [ttt_make_move, ttt_simulate_move, fs.read, weather.today]\n'),
      'project/tools/other-name.ts':
        "export const tool = { name: 'weather.today', summary: 'Tells.', effect: 'read', input: { type: 'object' }, run: () => ({}) }",
    })
    expect(await run(['validate'])).toEqual({ code: 0, out: '3 agents, no fault', err: '' })
    expect((await run(['validate', '--why'])).out).toContain('a from project/agents/a.yml\n')
  })

  test('ends with 1 and tells file, line, column, path and fact', async () => {
    const { run } = await project({
      'project/agents/a.yml': agent('a', 'tools: [fs.raed]\n'),
      'project/agents/b.yml': 'name: b\nmodel: m\n',
    })
    const { code, out, err } = await run(['validate'])
    expect([code, out]).toEqual([1, ''])
    expect(err.split('\n')).toEqual([
      'project/agents/a.yml:4:9 tools.0: there is no tool named fs.raed; fs.read is near',
      'project/agents/b.yml:1:1 system_prompt: it is missing',
    ])
  })

  test('checks the files that are named, and no others', async () => {
    const { dir, run } = await project({ 'project/agents/bad.yml': '', 'good.yml': agent('good'), 'worse.yml': '- a' })
    expect(await run(['validate', join(dir, 'good.yml')])).toEqual({ code: 0, out: '1 agent, no fault', err: '' })
    expect(await run(['validate', join(dir, 'good.yml'), join(dir, 'worse.yml'), join(dir, 'none.yml')])).toEqual({
      code: 1,
      out: '',
      err: 'worse.yml:1:1 must be a map\nnone.yml:1:1 there is no such file',
    })
  })

  test('a credential is refused, and not shown', async () => {
    const key = `sk-${'abcd1234'.repeat(3)}`
    const { run } = await project({ 'project/agents/a.yml': agent('a', `description: ${key}\n`) })
    const { code, err } = await run(['validate'])
    expect(code).toBe(1)
    expect(err).toContain('project/agents/a.yml:4:14 description: this looks like a credential')
    expect(err).not.toContain('abcd')
  })
})

const result = {
  taskId: 't1',
  sessionId: 's1',
  agentId: 'mine',
  status: 'COMPLETED',
  stopped: null,
  output: 'It is done.\nX won.\u001b[2J',
  error: null,
  usage: { inputTokens: 120, outputTokens: 34, costUsd: 0.000_123, modelCalls: 2, toolCalls: 1, ms: 456 },
  artifacts: [
    {
      path: 'sessions/s1/result.json',
      name: 'result.json',
      type: 'result',
      bytes: 10,
      checksum: '0'.repeat(64),
      createdAt: '2026-11-22T00:00:00.000Z',
      meta: {},
    },
  ],
}

describe('otto agent run', () => {
  test('asks the service that is named, and prints words, usage and files', async () => {
    const { run } = await project()
    const { url, asked } = await answering(() => ({ json: result }))
    const token = 'a-token-of-at-least-thirty-two-characters'
    const args = ['--budget-usd', '0.25', '--budget-tokens', '900', '--time', '30', '--session', 's1']
    const { code, out, err } = await run(['run', 'mine', 'play', 'a game', ...args, '--url', url], {
      OTTO_API_TOKEN: token,
    })
    expect([code, err]).toEqual([0, ''])
    expect(asked).toEqual([
      {
        method: 'POST',
        path: '/api/v1/agents/mine/invoke',
        body: { input: 'play a game', sessionId: 's1', budgets: { time: 30, tokens: 900, cost_usd: 0.25 } },
        token: `Bearer ${token}`,
      },
    ])
    expect(out.split('\n')).toEqual([
      'It is done.',
      'X won.\\u001b[2J',
      '',
      'tokens 120 in, 34 out; $0.000123; 456 ms; model calls 2, tool calls 1',
      'session s1',
      'artifact sessions/s1/result.json',
    ])
  })

  test('finds the service that runs here', async () => {
    const { run } = await project()
    const { port, asked } = await answering(() => ({ json: result }))
    const { code, out } = await run(['run', 'mine', 'x', '--json'], { OTTO_PORT: port })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual(result)
    expect(asked.map(({ body }) => body)).toEqual([{ input: 'x', budgets: {} }])
  })

  test('ends with 1 where the task was not completed, with the code and the next step', async () => {
    const { run } = await project()
    const error = { code: 'BUDGET_EXCEEDED', message: 'The money of this task is spent.', hint: 'Finish.' }
    const { url } = await answering(() => ({ json: { ...result, status: 'FAILED', stopped: 'budget', error } }))
    const { code, out, err } = await run(['run', 'mine', 'x', '--url', url])
    expect(code).toBe(1)
    expect(out).toContain('It is done.')
    expect(err).toBe('otto agent: FAILED (stopped: budget): BUDGET_EXCEEDED: The money of this task is spent. Finish.')
  })

  test('a refusal is one line with its code and the next step', async () => {
    const { run } = await project()
    const json = { detail: 'The kill switch is on.', code: 'KILL_SWITCH', hint: 'An administrator turns it off.' }
    const { url } = await answering(() => ({ status: 403, json }))
    expect(await run(['run', 'mine', 'x', '--url', url])).toEqual({
      code: 1,
      out: '',
      err: 'otto: KILL_SWITCH: The kill switch is on. An administrator turns it off.',
    })
  })

  test('what is no Otto is told', async () => {
    const { run } = await project()
    const { url } = await answering(() => ({ json: { hello: 'world' } }))
    expect((await run(['run', 'mine', 'x', '--url', url])).err).toBe(`otto: ${url} does not answer like Otto.`)
    const nobody = await run(['run', 'mine', 'x', '--url', 'http://127.0.0.1:1'])
    expect(nobody).toMatchObject({ code: 1, err: 'otto: No answer from http://127.0.0.1:1. Is the service running?' })
  })

  test('--estimate says what the first question costs, and where the bounds lie', async () => {
    const { run } = await project()
    const limits = { timeMs: 30_000, tokens: 900, costUsd: null }
    const estimate = { promptTokens: 77, maxOutputTokens: 500, firstCallUsd: 0.0015, limits }
    const { url, asked } = await answering(() => ({ json: estimate }))
    const { code, out } = await run(['run', 'mine', 'x', '--estimate', '--url', url])
    expect(code).toBe(0)
    expect(asked[0]?.path).toBe('/api/v1/agents/mine/invoke?estimate=true')
    expect(out.split('\n')).toEqual([
      'first call  77 tokens in, at most 500 out',
      'costs       at most $0.001500',
      'bounds      30 s, 900 tokens, any cost',
    ])
    expect(JSON.parse((await run(['run', 'mine', 'x', '--estimate', '--json', '--url', url])).out)).toEqual(estimate)
  })

  test('the script answers for a model that a file names itself', { timeout: 60_000 }, async () => {
    const dir = await temporaryFolder()
    await mkdir(join(dir, 'own', 'agents'), { recursive: true })
    await writeFile(join(dir, 'own', 'agents', 'mine.yml'), 'name: mine\nmodel: qwen3:8b\nsystem_prompt: Be brief.\n')
    const env = { ...settingsIn(dir), OLLAMA_URL: 'http://127.0.0.1:1', OTTO_PROJECT_DIR: join(dir, 'own') }
    const { code, out, err } = await runOtto(['agent', 'run', 'mine', 'Say hello'], env)
    expect([code, err.split('\n').length]).toEqual([0, 2])
    expect(out).toMatch(/script/)
  })

  test('starts a service where none runs, with a script for a model where none answers', {
    timeout: 60_000,
  }, async () => {
    const dir = await temporaryFolder()
    const env = { ...settingsIn(dir), OLLAMA_URL: 'http://127.0.0.1:1' }
    const task = ['agent', 'run', 'otto', 'Play a game of tic-tac-toe with yourself']
    const { code, out, err } = await runOtto(task, env)
    expect(err).toBe('no model server at http://127.0.0.1:1: a scripted one plays; it is no language model\n')
    expect(code).toBe(0)
    expect(out).toMatch(/^tokens [1-9]\d* in, [1-9]\d* out; \$0\.000000; \d+ ms; model calls 12, tool calls 11$/m)
    expect(out).toMatch(/^artifact sessions\/[0-9a-f-]{36}\/result\.json$/m)
    const checked = await runHere(['artifact', 'verify'], env)
    expect(checked).toEqual({ code: 0, out: 'every file is as it was written', err: '' })
    const spent = await runHere(['usage', '--by', 'agent,kind'], { ...env, OTTO_PORT: '1' })
    expect(spent.out).toMatch(/^otto +llm +12 /m)
    expect(spent.out).toMatch(/^otto +tool +11 /m)
  })

  test('starts no service for an agent that is not there, or where agents are off', async () => {
    const { run } = await project({ 'project/agents/a.yml': agent('a') })
    expect(await run(['run', 'nobody', 'x'])).toEqual({
      code: 1,
      out: '',
      err: 'otto: There is no agent of that name. Use one of: a, hello, otto.',
    })
    expect(await run(['run', 'a', 'x'], { OTTO_ENABLED: 'false' })).toEqual({
      code: 1,
      out: '',
      err: 'otto: Agents are not enabled in this service. Start it with OTTO_ENABLED=true.',
    })
  })
})

test.each([
  { args: [], says: 'name one of ls, validate and run' },
  { args: ['dance'], says: 'name one of ls, validate and run' },
  { args: ['ls', '--deep'], says: '--deep' },
  { args: ['run'], says: 'run takes a name and a task' },
  { args: ['run', 'mine'], says: 'run takes a name and a task' },
  { args: ['run', 'mine', 'x', '--time', 'long'], says: '--time must be seconds' },
  { args: ['run', 'mine', 'x', '--budget-tokens', 'many'], says: '--budget-tokens must be a count' },
  {
    args: ['run', 'mine', 'x', '--budget-usd', 'much', '--url', 'ftp://x'],
    says: '--budget-usd must be dollars; --url must be an http address',
  },
])('otto agent $args is wrong usage', async ({ args, says }) => {
  const { code, err } = await runHere(['agent', ...args])
  expect(code).toBe(2)
  expect(err).toContain(says)
  expect(err).toContain('otto agent run <name> <task…>')
})
