import { describe, expect, test } from 'vitest'
import { ToolExistsError, UnknownToolError } from '../../src/tools/errors.ts'
import type { ToolContext } from '../../src/tools/tool.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'
import { agentWith, busOf, said, toolThat } from './_bus-world.ts'

const never = () => new Promise<never>(() => {})

describe('the list of tools', () => {
  test('what is registered later is found and called, by its name and its aliases, and not offered', async () => {
    const { bus, call } = busOf([], { tools: [toolThat(async () => {}, { name: 'first' })] })
    bus.register(toolThat(async () => 'yes', { aliases: ['Work.It'] }))
    expect(bus.list().map(({ name }) => name)).toEqual(['first'])
    expect(bus.all().map(({ description }) => description.name)).toEqual(['first', 'work'])
    expect(bus.find('Work.It')).toBe(bus.find('work'))
    expect(bus.find('work')).not.toHaveProperty('parse')
    expect(await call({}, {}, 'Work.It')).toMatchObject({ result: { done: 'yes' } })
    expect([bus.unregister('work'), bus.unregister('work')]).toEqual([true, false])
    expect(bus.find('Work.It')).toBeUndefined()
    expect(said(await call())).toBe('UNKNOWN_TOOL')
  })

  test.each([
    { name: 'its name', tool: { name: 'work' } },
    { name: 'an alias as its name', tool: { name: 'Work.It' } },
    { name: 'its name as an alias', tool: { name: 'new', aliases: ['work'] } },
    { name: 'an alias of both', tool: { name: 'new', aliases: ['Work.It'] } },
  ])('a name is taken once: $name', ({ tool }) => {
    const { bus } = busOf([toolThat(async () => {}, { aliases: ['Work.It'] })])
    const before = bus.all()
    expect(() => bus.register(toolThat(async () => {}, tool))).toThrow(ToolExistsError)
    expect(bus.all()).toEqual(before)
    expect(bus.find('new')).toBeUndefined()
  })

  test('what replaces a tool takes its aliases and no other tool’s', () => {
    const { bus } = busOf([toolThat(never, { aliases: ['a'] }), toolThat(never, { name: 'other', aliases: ['b'] })])
    expect(() => bus.register(toolThat(never, { aliases: ['b'] }), { replace: true })).toThrow(ToolExistsError)
    bus.register(toolThat(never, { aliases: ['c'] }), { replace: true })
    expect([bus.find('a'), bus.find('c')]).toEqual([undefined, bus.find('work')])
  })

  test('nothing is granted of what is not there', () => {
    expect(() => busOf([]).bus.grant('ada', 'work')).toThrow(UnknownToolError)
  })

  test('a call that runs ends as it began, whatever takes the tool’s place', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const { bus, call } = busOf([toolThat(() => gate.then(() => 'old'))])
    const running = call()
    bus.register(
      toolThat(async () => 'new'),
      { replace: true },
    )
    expect(await call()).toMatchObject({ result: { done: 'new' } })
    bus.unregister('work')
    open()
    expect(await running).toMatchObject({ success: true, result: { done: 'old' } })
  })
})

describe('a tool that is not the game’s', () => {
  test.each([
    { name: 'of all tools', sandbox: {}, more: {}, atMs: 9_500 },
    { name: 'of its own', sandbox: { timeoutMs: 60_000 }, more: {}, atMs: 60_000 },
    { name: 'of its caller', sandbox: { timeoutMs: 60_000 }, more: { deadlineMs: 3_000 }, atMs: 3_000 },
  ])('that hangs holds nobody longer than the deadline $name', async ({ sandbox, more, atMs }) => {
    const clock = createVirtualClock()
    const seen: ToolContext[] = []
    const tool = toolThat(
      (_, context) => {
        seen.push(context)
        return never()
      },
      { sandbox },
    )
    const { call } = busOf([tool], { clock, deadlineMs: 10_000 })
    expect(await clock.run(call({}, more))).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'not_submitted' })
    expect(clock.monotonicMs()).toBe(atMs)
    expect(seen.map(({ signal }) => signal.aborted)).toEqual([true])
  })

  test('that hangs lets go when its caller does', async () => {
    const gone = new AbortController()
    const tool = toolThat(() => {
      gone.abort()
      return never()
    })
    const { call } = busOf([tool])
    expect(said(await call({}, { signal: gone.signal }))).toBe('DEADLINE_EXCEEDED')
  })

  test('that changes something and hangs may have done it', async () => {
    const clock = createVirtualClock()
    const { call } = busOf([toolThat(never, { effect: 'write' })], { clock })
    expect(await clock.run(call())).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'unknown' })
  })

  test('takes and gives no more than it says', async () => {
    const { bus, call } = busOf([toolThat(async ({ text }) => `${text}${text}`)])
    expect(said(await call({ text: 'x'.repeat(8_100) }))).toBe('OK')
    expect(said(await call({ text: 'x'.repeat(8_200) }))).toBe('PAYLOAD_TOO_LARGE') // its result
    expect(said(await call({ text: 'x'.repeat(17_000) }))).toBe('PAYLOAD_TOO_LARGE')
    bus.register(
      toolThat(async ({ text }) => text?.length, { sandbox: { maxBytes: 40_000 } }),
      { replace: true },
    )
    expect(said(await call({ text: 'x'.repeat(39_000) }))).toBe('OK')
    expect(said(await call({ text: 'x'.repeat(40_000) }))).toBe('PAYLOAD_TOO_LARGE')
  })

  test('that throws a bug fails alone, and is logged once under its trace', async () => {
    const errors: object[] = []
    const log = { info: () => {}, warn: () => {}, error: (fields: object) => void errors.push(fields) }
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const broken = toolThat(
      async () => {
        throw new TypeError('secret detail')
      },
      { name: 'broken' },
    )
    const { call } = busOf([toolThat(() => gate), broken], { log })
    const others = [call(), call()]
    const failed = await call({}, { traceId: 'bad' }, 'broken')
    open()
    expect(said(failed)).toBe('INTERNAL_ERROR')
    expect(JSON.stringify(failed)).not.toContain('secret')
    expect((await Promise.all(others)).map(said)).toEqual(['OK', 'OK'])
    expect(errors).toEqual([{ err: expect.any(TypeError), traceId: 'bad' }])
  })

  test('no game’s other names are read into its arguments', async () => {
    const { call } = busOf([toolThat(async () => {})])
    expect(await call({ machineId: 'm' })).toMatchObject({ code: 'INVALID_ARGUMENTS', details: { path: 'machineId' } })
  })
})

describe('what is told of calls', () => {
  test('each begins and ends with an event, whoever calls and however it ends', async () => {
    const fails = toolThat(() => Promise.reject(new Error('bug')), { name: 'fails', effect: 'write' })
    const { bus, call, events, finished } = busOf([toolThat(async () => 'ok'), fails])
    bus.grant('ada', 'work')
    await call({}, { agent: agentWith() })
    await call({}, {}, 'fails')
    await call({}, {}, 'nothing')
    const ids = { agentId: 'ada', taskId: 'task', sessionId: 'session', traceId: 'trace' }
    const at = { ms: expect.any(Number) }
    expect(events).toEqual([
      { type: 'tool.started', data: { tool: 'work', permission: 'read' }, ids },
      { type: 'tool.finished', data: { tool: 'work', permission: 'read', code: 'OK', bytes: 13, ...at }, ids },
      { type: 'tool.started', data: { tool: 'fails', permission: 'write' }, ids: { traceId: 'trace' } },
      {
        type: 'tool.failed',
        data: { tool: 'fails', permission: 'write', code: 'INTERNAL_ERROR', bytes: 0, ...at },
        ids: { traceId: 'trace' },
      },
      { type: 'tool.started', data: { tool: 'unknown', permission: null }, ids: { traceId: 'trace' } },
      {
        type: 'tool.failed',
        data: { tool: 'unknown', permission: null, code: 'UNKNOWN_TOOL', bytes: 0, ...at },
        ids: { traceId: 'trace' },
      },
    ])
    expect(finished).toEqual([
      { tool: 'work', ids, agentId: 'ada', code: 'OK', bytes: 13, replayed: false, ...at },
      expect.objectContaining({ tool: 'fails', agentId: undefined, code: 'INTERNAL_ERROR' }),
      expect.objectContaining({ tool: 'unknown', code: 'UNKNOWN_TOOL' }),
    ])
  })

  test('a tool that is registered is told', () => {
    const { bus, events } = busOf([])
    bus.register(toolThat(never, { origin: 'project' }))
    expect(events).toEqual([{ type: 'tool.registered', data: { tool: 'work', origin: 'project' }, ids: undefined }])
  })

  test('a repeat under its key is told as one', async () => {
    const { call, finished } = busOf([toolThat(async () => {}, { effect: 'write' })])
    await call({}, { idempotencyKey: 'k' })
    await call({}, { idempotencyKey: 'k' })
    expect(finished).toMatchObject([{ replayed: false }, { replayed: true }])
  })

  test('calls, failures, denials and what runs are counted', async () => {
    const clock = createVirtualClock()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const tool = toolThat(async ({ text }) => {
      if (text === 'wait') await gate
      else await clock.sleep(100)
    })
    const { bus, call } = busOf([tool], { clock })
    await clock.run(call())
    await call({ text: 1 })
    await call({}, { agent: agentWith() })
    const waiting = call({ text: 'wait' })
    const counted = { tool: 'work', calls: 3, failures: 2, denials: 1, totalMs: 100, maxMs: 100 }
    expect(bus.stats()).toEqual([{ ...counted, running: 1 }])
    open()
    await waiting
    expect(bus.stats()).toEqual([{ ...counted, calls: 4, running: 0 }])
    bus.unregister('work')
    expect(bus.stats()).toEqual([])
  })
})
