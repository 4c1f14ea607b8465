import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/system.ts'
import { createProjectTools } from '../../src/tools/project-tools.ts'
import { busOf, said } from './_bus-world.ts'

/** A file of a tool that runs `body`, which finds `args`, `signal` and `log`. */
const fileOf = (body: string, { name = 'work', effect = 'read', input = '{ type: "object" }', before = '' } = {}) => `
${before}
export const tool = {
  name: ${JSON.stringify(name)},
  summary: 'Works.',
  effect: ${JSON.stringify(effect)},
  input: ${input},
  async run(args, { signal, log }) { ${body} },
}
`

type Line = { readonly fields: Record<string, unknown>; readonly message: string }

/** A folder, the tools in it, and a bus. Nothing looks at the folder but `reload`, unless told how often. */
async function projectWith(files: Readonly<Record<string, string>>, { pollMs = 3_600_000 } = {}) {
  const root = await mkdtemp(join(tmpdir(), 'otto-tools-'))
  const dir = join(root, 'tools')
  const lines: Line[] = []
  const at = (fields: object, message: string) => void lines.push({ fields: { ...fields }, message })
  const log = { info: at, warn: at, error: at }
  const write = async (name: string, text: string) => {
    await mkdir(dir, { recursive: true })
    await writeFile(join(dir, `_${name}.new`), text)
    await rename(join(dir, `_${name}.new`), join(dir, name)) // never seen half written
  }
  for (const [name, text] of Object.entries(files)) await write(name, text)
  const world = busOf([], { log })
  const tools = await createProjectTools({ dir, bus: world.bus, log, clock: systemClock, pollMs })
  onTestFinished(async () => {
    await tools.close()
    await rm(root, { recursive: true })
  })
  return { ...world, ...tools, lines, write, remove: (name: string) => rm(join(dir, name)) }
}

const text = { input: '{ type: "object", properties: { text: { type: "string" } }, additionalProperties: false }' }

describe('a tool of the project', () => {
  test.each([
    { file: 'work.js', body: 'return { said: args.text.toUpperCase() }' },
    { file: 'work.mjs', body: 'return { said: args.text.toUpperCase() }' },
    { file: 'work.ts', body: 'return { said: (args.text as string).toUpperCase() }' },
  ])('is called as any other: $file', async ({ file, body }) => {
    const { bus, call } = await projectWith({ [file]: fileOf(body, text) })
    expect(bus.find('work')).toMatchObject({
      origin: 'project',
      permission: 'read',
      description: { summary: 'Works.' },
    })
    expect(bus.list()).toEqual([])
    expect(await call({ text: 'yes' })).toMatchObject({ success: true, result: { said: 'YES' } })
  })

  test('gets no argument that its schema does not take', async () => {
    const { call } = await projectWith({ 'work.js': fileOf('throw new Error("ran")', text) })
    expect(await call({ text: 1 })).toMatchObject({ code: 'INVALID_ARGUMENTS', details: { path: 'text' } })
    expect(await call({ other: 1 })).toMatchObject({ code: 'INVALID_ARGUMENTS', details: { path: 'other' } })
    expect(await call(null)).toMatchObject({ code: 'INVALID_ARGUMENTS' })
    expect(await call([])).toMatchObject({ code: 'INVALID_ARGUMENTS' })
  })

  test('finds nothing of the service’s environment, and writes nothing to its output', async () => {
    process.env['OTTO_TEST_SECRET'] = 'secret'
    onTestFinished(() => void delete process.env['OTTO_TEST_SECRET'])
    const body = 'console.log("noise"); return { env: Object.keys(process.env), args: process.execArgv.length }'
    const { call } = await projectWith({ 'work.js': fileOf(body) })
    expect(await call()).toMatchObject({ result: { env: [], args: 0 } })
  })

  test('logs through the service, 100 lines a call', async () => {
    const { call, lines } = await projectWith({
      'work.js': fileOf('for (let i = 0; i < 200; i++) log("line " + i); return {}'),
    })
    await call()
    const told = lines.filter(({ message }) => message === 'a tool says')
    expect(told).toHaveLength(100)
    expect(told[0]?.fields).toEqual({ tool: 'work', text: 'line 0' })
  })
})

describe('one that goes wrong harms nobody', () => {
  const other = { 'other.js': fileOf('return { fine: true }', { name: 'other' }) }

  test.each([
    { name: 'throws', body: 'throw new Error("no such city")', says: 'TOOL_FAILED' },
    { name: 'gives no object', body: 'return 7', says: 'TOOL_FAILED' },
    { name: 'gives nothing', body: '', says: 'TOOL_FAILED' },
    { name: 'gives what JSON cannot say', body: 'const a = {}; a.a = a; return a', says: 'TOOL_FAILED' },
    { name: 'gives too much', body: 'return { much: "x".repeat(70_000) }', says: 'PAYLOAD_TOO_LARGE' },
    { name: 'exits', body: 'process.exit(3)', says: 'PROCESS_ERROR' },
    {
      name: 'throws where nobody waits',
      body: 'setTimeout(() => { throw new Error("late") }); await new Promise(() => {})',
      says: 'PROCESS_ERROR',
    },
    {
      name: 'leaks',
      body: 'const all = []; for (;;) all.push(new Array(1e5).fill(all.length))',
      says: 'PROCESS_ERROR',
    },
  ])('it $name', async ({ body, says }) => {
    const bad = fileOf(`if (args.ok) return { ok: true }; ${body}`)
    const { call } = await projectWith({ 'work.js': bad, ...other })
    expect(said(await call())).toBe(says)
    expect(await call({}, {}, 'other')).toMatchObject({ result: { fine: true } })
    expect(await call({ ok: true })).toMatchObject({ result: { ok: true } }) // in a new thread, where it lost its own
  })

  test('what it throws is told in its own words', async () => {
    const { call } = await projectWith({ 'work.js': fileOf('throw new Error("no such city")') })
    expect(await call()).toMatchObject({ code: 'TOOL_FAILED', error: 'no such city', retryable: true })
  })

  test('one that loops is answered at its deadline, and its thread ends a second later with what else runs in it', async () => {
    const waits = 'if (args.wait) await new Promise(() => {})'
    const { call } = await projectWith({
      'work.js': fileOf(`if (args.ok) return { ok: true }; ${waits}; for (;;);`),
      ...other,
    })
    const besides = call({ wait: true })
    expect(said(await call({}, { deadlineMs: 100 }))).toBe('DEADLINE_EXCEEDED')
    expect(await call({}, {}, 'other')).toMatchObject({ result: { fine: true } })
    expect(await besides).toMatchObject({ code: 'PROCESS_ERROR', retryable: true })
    expect(await call({ ok: true })).toMatchObject({ result: { ok: true } })
  })

  test('one that listens stops at its deadline, and keeps its thread', async () => {
    const listens = 'await new Promise((resolve) => signal.addEventListener("abort", resolve)); stopped++; return {}'
    const { call } = await projectWith({
      'work.js': fileOf(`if (args.ask) return { stopped }; ${listens}`, { before: 'let stopped = 0' }),
    })
    expect(said(await call({}, { deadlineMs: 100 }))).toBe('DEADLINE_EXCEEDED')
    expect(await call({ ask: true })).toMatchObject({ result: { stopped: 1 } })
  })

  test('no more than 64 calls of one run at once', async () => {
    const { call } = await projectWith({
      'work.js': fileOf('if (args.go) { go(); return {} } await gate; return {}', {
        before: 'let go; const gate = new Promise((resolve) => { go = resolve })',
      }),
    })
    const calls = Array.from({ length: 63 }, () => call())
    const last = [call({ go: true }), call()]
    expect(await last[1]).toMatchObject({ code: 'OVERLOADED', details: { tool: 'work' } })
    expect((await Promise.all([...calls, ...last.slice(0, 1)])).map(said)).toEqual(Array(64).fill('OK'))
  })
})

describe('files that change', () => {
  test('closing ends what runs, of tools that were replaced as well', async () => {
    const waits = fileOf('await new Promise(() => {})')
    const { bus, call, write, reload, close } = await projectWith({ 'work.js': waits })
    const running = [call()]
    await write('work.js', `${waits}//`)
    await reload()
    running.push(call())
    await close()
    expect((await Promise.all(running)).map(said)).toEqual(['PROCESS_ERROR', 'PROCESS_ERROR'])
    expect(bus.stats()).toMatchObject([{ tool: 'work', calls: 2, running: 0 }])
  })

  test('a call that runs while its file changes gives what the old one gives', async () => {
    // The old version waits for a file, which is there once the new one stands.
    const folder = await mkdtemp(join(tmpdir(), 'otto-flag-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const flag = join(folder, 'flag')
    const waits = `while (!existsSync(${JSON.stringify(flag)})) await sleep(5); return { version: 1 }`
    const before = 'import { existsSync } from "node:fs"; import { setTimeout as sleep } from "node:timers/promises"'
    const { call, write, remove, reload, bus } = await projectWith({ 'work.js': fileOf(waits, { before }) })
    const running = call()
    await write('work.js', fileOf('return { version: 2 }'))
    await reload()
    expect(await call()).toMatchObject({ result: { version: 2 } })
    await remove('work.js')
    await reload()
    expect(bus.find('work')).toBeUndefined()
    await writeFile(flag, '')
    expect(await running).toMatchObject({ success: true, result: { version: 1 } })
  })

  test('a broken file leaves what there was, and the log says which and why', async () => {
    const { call, write, reload, faults, lines } = await projectWith({ 'work.js': fileOf('return { version: 1 }') })
    await write('work.js', 'export const tool = {')
    await reload()
    expect(await call()).toMatchObject({ result: { version: 1 } })
    expect(faults()).toEqual([{ file: 'work.js', fact: expect.stringContaining('Unexpected') }])
    expect(lines).toContainEqual({
      fields: { file: 'work.js', fault: expect.stringContaining('Unexpected') },
      message: 'a tool is not loaded; what there was of it stays',
    })
    await write('work.js', fileOf('return { version: 3 }'))
    await reload()
    expect(faults()).toEqual([])
    expect(await call()).toMatchObject({ result: { version: 3 } })
  })

  test('a tool that changes its name leaves the old one', async () => {
    const { bus, write, reload } = await projectWith({ 'work.js': fileOf('return {}') })
    await write('work.js', fileOf('return {}', { name: 'job' }))
    await reload()
    expect(bus.all().map(({ description }) => description.name)).toEqual(['job'])
  })

  test('a name is the first file’s, until that goes', async () => {
    const { call, remove, reload, faults } = await projectWith({
      'a.js': fileOf('return { from: "a" }'),
      'b.js': fileOf('return { from: "b" }'),
    })
    expect(faults()).toMatchObject([{ file: 'b.js' }])
    await remove('a.js')
    await reload()
    expect(faults()).toEqual([])
    expect(await call()).toMatchObject({ result: { from: 'b' } })
  })

  test('the folder is looked at by itself, also when it comes later', async () => {
    const { bus, write, remove } = await projectWith({}, { pollMs: 20 })
    const until = async (isThere: boolean) => {
      const end = AbortSignal.timeout(15_000)
      while ((bus.find('work') !== undefined) !== isThere) await systemClock.sleep(5, end)
    }
    await write('work.js', fileOf('return {}'))
    await until(true)
    await remove('work.js')
    await until(false)
  })

  test('what the system tells of the folder is enough', async () => {
    const { bus, write } = await projectWith({ 'other.js': fileOf('return {}', { name: 'other' }) }) // an hour to the poll
    const end = AbortSignal.timeout(15_000)
    await write('work.js', fileOf('return {}'))
    while (bus.find('work') === undefined) await systemClock.sleep(5, end)
  })
})

describe('what is no tool', () => {
  test.each([
    { name: 'no export', text: 'export const other = 1', fact: 'It exports no tool.' },
    { name: 'no run', text: 'export const tool = { name: "a" }', fact: 'tool.run: must be a function.' },
    { name: 'a wrong name', text: fileOf('', { name: 'a b' }), fact: 'tool.name: must be 1 to 64' },
    { name: 'a wrong effect', text: fileOf('', { effect: 'maybe' }), fact: 'tool.effect: ' },
    {
      name: 'a schema of something else',
      text: fileOf('', { input: '{ type: "string" }' }),
      fact: 'tool.input.type: ',
    },
    { name: 'a word misspelt', text: fileOf('', { input: '{ type: "object", requried: [] }' }), fact: 'tool.input: ' },
    {
      name: 'a pattern that is none',
      text: fileOf('', { input: '{ type: "object", patternProperties: { "(": {} } }' }),
      fact: 'tool.input: ',
    },
    { name: 'a throw', text: 'throw new Error("not today")', fact: 'not today' },
    { name: 'an exit', text: 'process.exit(1)', fact: 'It ended its thread: ' },
  ])('is told with its file: $name', async ({ text: file, fact }) => {
    const { bus, faults } = await projectWith({ 'bad.js': file, 'good.js': fileOf('return {}') })
    expect(faults()).toEqual([{ file: 'bad.js', fact: expect.stringContaining(fact) }])
    expect(bus.all().map(({ description }) => description.name)).toEqual(['work'])
  })

  test('one that never ends loading', async () => {
    const { faults } = await projectWith({ 'bad.js': 'for (;;);' })
    expect(faults()).toEqual([{ file: 'bad.js', fact: 'It took longer than 5000 ms to load.' }])
  })

  test('files of another kind are left alone', async () => {
    const { bus, faults } = await projectWith({ '_lib.js': '(', 'notes.md': '(', 'x.d.ts': '(', '.hidden.js': '(' })
    expect([bus.all(), faults()]).toEqual([[], []])
  })
})
