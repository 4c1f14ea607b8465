import { Agent, request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { misbehaviours } from '../../src/scripted/misbehaviour.ts'
import type { ScriptedServer } from '../../src/scripted/server.ts'
import { gameId, gameTools, startScripted, view } from './_scripted.ts'

let server: ScriptedServer
const agent = new Agent({ keepAliveTimeout: 100 })
beforeAll(async () => {
  server = await startScripted({ busyTimes: 2 })
})
afterAll(async () => {
  await server.close()
  await agent.close()
})

type Turn = {
  readonly kind: string
  readonly messages?: object[]
  readonly stream?: boolean
  readonly signal?: AbortSignal
}
const user = (content: string) => ({ role: 'user', content })
const moving = [user(`Put X in the centre of ${gameId}`)]
const asked = (name: string, args: object) => ({
  role: 'assistant',
  tool_calls: [{ function: { name, arguments: args } }],
})
const told = (content: string) => ({ role: 'tool', content })

const chat = ({ kind, messages = moving, stream = true, signal }: Turn) =>
  request(`${server.url}/api/chat`, {
    method: 'POST',
    body: JSON.stringify({ model: `otto-scripted:${kind}`, messages, tools: gameTools, stream }),
    dispatcher: agent,
    ...(signal ? { signal } : {}),
  })

/** What came, and whether the connection broke. */
async function read(turn: Turn) {
  const { statusCode, body } = await chat(turn)
  let text = ''
  let isCut = false
  try {
    for await (const chunk of body.setEncoding('utf8')) text += chunk
  } catch {
    isCut = true
  }
  return { status: statusCode, text, isCut, lines: text.split('\n').filter((line) => line !== '') }
}

const objects = (lines: readonly string[]) => lines.map((line) => JSON.parse(line))
const callsIn = (lines: readonly string[]) => objects(lines).flatMap(({ message }) => message.tool_calls ?? [])
const textIn = (lines: readonly string[]) =>
  objects(lines)
    .map(({ message }) => message.content)
    .join('')

test('cut breaks off in mid-text', async () => {
  const { isCut, lines } = await read({ kind: 'cut', messages: [user('hello')] })
  expect(isCut).toBe(true)
  expect(textIn(lines.slice(0, -1))).toContain('I am otto-scripted')
  expect(() => JSON.parse(lines.at(-1) ?? '')).toThrow(SyntaxError)
})

test('cut-call breaks off in the middle of the call', async () => {
  const { isCut, text } = await read({ kind: 'cut-call' })
  expect(isCut).toBe(true)
  expect(text).toContain('tool_calls')
  expect(text).not.toContain('\n')
})

test('half-call writes half a call and is done', async () => {
  const { lines } = await read({ kind: 'half-call' })
  expect(textIn(lines)).toMatch(/^\{"tool":"ttt_make_move"[^}]*$/)
  expect(objects(lines).at(-1)).toMatchObject({ done: true })
})

test('two-objects puts two into one line', async () => {
  const { lines } = await read({ kind: 'two-objects' })
  expect(lines).toHaveLength(1)
  expect(objects((lines[0] ?? '').replace('}{', '}\n{').split('\n'))).toMatchObject([{ done: false }, { done: true }])
})

test('huge-line sends 20 MB without a break', async () => {
  const { lines } = await read({ kind: 'huge-line' })
  expect(lines[0]?.length).toBeGreaterThan(20_000_000)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ done: false })
})

test('loop makes the same call whatever comes back', async () => {
  const [first] = callsIn((await read({ kind: 'loop' })).lines)
  const messages = [...moving, { role: 'assistant', tool_calls: [first] }, told(view({ turn: 'O' }))]
  const [again] = callsIn((await read({ kind: 'loop', messages })).lines)
  expect(again.function).toEqual(first.function)
})

test('silent says nothing, and sees when its client gives up', async () => {
  const giveUp = new AbortController()
  const coming = server.next()
  const asking = chat({ kind: 'silent', signal: giveUp.signal })
  const { ended } = await coming
  giveUp.abort()
  await expect(asking).rejects.toThrow('abort')
  expect(await ended).toBe('gone')
})

test('slow waits before each chunk', async () => {
  const startMs = performance.now()
  const { lines } = await read({ kind: 'slow' })
  expect(lines).toHaveLength(2)
  expect(performance.now() - startMs).toBeGreaterThan(300)
})

test('busy says so a number of times, and then answers', async () => {
  const statuses: number[] = []
  for (let count = 0; count < 4; count++) statuses.push((await read({ kind: 'busy' })).status)
  expect(statuses).toEqual([503, 503, 200, 200])
})

test('error-line says so in mid-stream and ends without being done', async () => {
  const { status, isCut, lines } = await read({ kind: 'error-line', messages: [user('hello')] })
  expect({ status, isCut }).toEqual({ status: 200, isCut: false })
  expect(lines.length).toBeGreaterThan(3)
  expect(objects(lines).at(-1)).toEqual({ error: 'model runner stopped unexpectedly' })
  expect((await read({ kind: 'error-line', stream: false })).status).toBe(500)
})

test('liar claims a move that it did not make', async () => {
  const { lines } = await read({ kind: 'liar' })
  expect(callsIn(lines)).toEqual([])
  expect(textIn(lines)).toContain('I placed X in the centre')
})

test('stutter makes a writing call twice', async () => {
  const [first, second] = callsIn((await read({ kind: 'stutter' })).lines)
  expect(second.function).toEqual({ ...first.function, index: 1 })
  expect(callsIn((await read({ kind: 'stutter', messages: [user(`${gameId} show the board`)] })).lines)).toHaveLength(1)
})

test('junk is not JSON', async () => {
  expect((await read({ kind: 'junk' })).text).toBe('<html>Bad gateway</html>\n')
})

test('bad-call cannot be read, until it was refused', async () => {
  const { lines } = await read({ kind: 'bad-call' })
  expect(callsIn(lines)).toEqual([])
  expect(JSON.parse(textIn(lines)).args).toEqual(expect.any(String))
  const refused = told('{"success":false,"error":"No.","code":"INVALID_ARGUMENTS"}')
  const messages = [...moving, { role: 'assistant', content: textIn(lines) }, refused]
  expect(callsIn((await read({ kind: 'bad-call', messages })).lines)).toMatchObject([
    { function: { name: 'ttt_make_move', arguments: { gameId, player: 'X', cell: 4 } } },
  ])
})

test('unknown-tool calls what nobody has, each time another', async () => {
  const [first] = callsIn((await read({ kind: 'unknown-tool' })).lines)
  const refused = told('{"success":false,"error":"No.","code":"UNKNOWN_TOOL"}')
  const messages = [...moving, asked(first.function.name, {}), refused]
  const [second] = callsIn((await read({ kind: 'unknown-tool', messages })).lines)
  expect([first.function.name, second.function.name]).toEqual(['ttt_magic_1', 'ttt_magic_2'])
})

test('every kind can be asked for by its tag', async () => {
  for (const kind of Object.keys(misbehaviours)) {
    const { statusCode, body } = await request(`${server.url}/api/show`, {
      method: 'POST',
      body: JSON.stringify({ model: `otto-scripted:${kind}` }),
      dispatcher: agent,
    })
    await body.dump()
    expect(statusCode).toBe(200)
  }
})
