import { describe, expect, test } from 'vitest'
import type { Permission } from '../../src/policy/authorize.ts'
import { OutcomeUnknownError } from '../../src/tictactoe/errors.ts'
import type { ToolContext } from '../../src/tools/tool.ts'
import { agentWith, busOf, emptySandbox, said, toolThat } from './_bus-world.ts'

describe('who may call', () => {
  test('grant, call, revoke: the bus’s own grants count, not the word of the agent', async () => {
    let runs = 0
    const { bus, call } = busOf([toolThat(async () => void runs++, { aliases: ['Work.It'] })])
    const agent = agentWith()
    expect(said(await call({}, { agent }))).toBe('PERMISSION_DENIED grant')
    bus.grant('ada', 'Work.It')
    expect(bus.grants('ada')).toEqual(['work'])
    expect(said(await call({}, { agent }))).toBe('OK')
    expect(said(await call({}, { agent }, 'Work.It'))).toBe('OK')
    expect(said(await call({}, { agent: { ...agent, agentId: 'bob' } }))).toBe('PERMISSION_DENIED grant')
    bus.revoke('ada', 'Work.It')
    expect(said(await call({}, { agent }))).toBe('PERMISSION_DENIED grant')
    expect(bus.grants('ada')).toEqual([])
    expect(runs).toBe(2)
  })

  test('an ungranted call is refused before its arguments are read', async () => {
    const tool = toolThat(() => expect.unreachable())
    const { call } = busOf([{ ...tool, parse: () => expect.unreachable() }])
    expect(said(await call({ wrong: true }, { agent: agentWith() }))).toBe('PERMISSION_DENIED grant')
  })

  test.each<{ may: readonly Permission[]; does: Permission; says: string }>([
    { may: ['read'], does: 'read', says: 'OK' },
    { may: ['read'], does: 'write', says: 'PERMISSION_DENIED permission' },
    { may: ['read', 'write'], does: 'write', says: 'OK' },
    { may: ['read', 'write'], does: 'exec', says: 'PERMISSION_DENIED permission' },
    { may: ['exec'], does: 'exec', says: 'OK' },
    { may: [], does: 'read', says: 'PERMISSION_DENIED permission' },
  ])('who may $may calls what does $does: $says', async ({ may, does, says }) => {
    const { bus, call } = busOf([toolThat(async () => {}, { permission: does })])
    bus.grant('ada', 'work')
    expect(said(await call({}, { agent: agentWith(may) }))).toBe(says)
  })

  test('a capability is asked for after the arguments, and named', async () => {
    const { bus, call } = busOf([toolThat(async () => {}, { scopes: ['mail.send'] })])
    bus.grant('ada', 'work')
    expect(said(await call({ wrong: 1 }, { agent: agentWith() }))).toBe('INVALID_ARGUMENTS')
    expect(await call({}, { agent: agentWith() })).toMatchObject({ details: { rule: 'scope', missing: 'mail.send' } })
    expect(said(await call({}, { agent: agentWith(['read'], ['mail.*', 'mail.send']) }))).toBe('OK')
  })

  test.each([{ root: 'agent' as const }, { network: true }, { shell: true }])(
    'a person is refused what needs the sandbox of an agent: %o',
    async (sandbox) => {
      const { bus, call } = busOf([toolThat(async () => {}, { sandbox })])
      bus.grant('ada', 'work')
      expect(said(await call())).toBe('PERMISSION_DENIED agent_only')
      expect(said(await call({}, { agent: agentWith() }))).toBe('OK')
    },
  )

  test('an unknown name is told as such, with what the agent may call', async () => {
    const { bus, call } = busOf([toolThat(async () => {}), toolThat(async () => {}, { name: 'other' })])
    bus.grant('ada', 'other')
    expect(await call({}, { agent: agentWith() }, 'nothing')).toMatchObject({
      code: 'UNKNOWN_TOOL',
      details: { availableTools: ['other'] },
    })
    expect(await call({}, {}, 'nothing')).toMatchObject({ details: { availableTools: ['work', 'other'] } })
  })
})

describe('the kill switch', () => {
  test('stops writes and programs of everybody, and no read', async () => {
    const kill = { on: true, isOn: () => kill.on }
    const { bus, call } = busOf(
      [
        toolThat(async () => {}, { name: 'look' }),
        toolThat(async () => {}, { name: 'change', effect: 'write' }),
        toolThat(async () => {}, { name: 'start', effect: 'write', permission: 'exec' }),
      ],
      { kill },
    )
    for (const name of ['look', 'change', 'start']) bus.grant('ada', name)
    const agent = agentWith(['read', 'write', 'exec'])
    const all = async () =>
      Promise.all(['look', 'change', 'start'].flatMap((name) => [call({}, {}, name), call({}, { agent }, name)]))
    const stopped = ['KILL_SWITCH', 'KILL_SWITCH']
    expect((await all()).map(said)).toEqual(['OK', 'OK', ...stopped, ...stopped])
    kill.on = false
    expect((await all()).map(said)).toEqual(Array(6).fill('OK'))
  })

  test('tells what was answered under a key again, and never says that something sent was not', async () => {
    const kill = { on: false, isOn: () => kill.on }
    const sends = toolThat(
      async ({ text }, { onSubmitting }) => {
        onSubmitting()
        if (text === 'lost') throw new OutcomeUnknownError({})
      },
      { origin: 'game', effect: 'write' },
    )
    const { call } = busOf([sends], { kill })
    const ask = (text: string) => call({ text }, { idempotencyKey: text })
    expect([said(await ask('lost')), said(await ask('found'))]).toEqual(['OUTCOME_UNKNOWN', 'OK'])
    kill.on = true
    expect(await ask('lost')).toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown' })
    expect(await ask('found')).toMatchObject({ success: true, replayed: true })
    expect(await ask('new')).toMatchObject({ code: 'KILL_SWITCH', outcome: 'not_submitted' })
  })
})

describe('audit mode', () => {
  test('a denial is told and let through; once each call', async () => {
    const tool = toolThat(async () => {}, { scopes: ['mail.send'] })
    const { call, denials, events } = busOf([tool], { isAuditMode: true })
    expect(said(await call({}, { agent: agentWith([]) }))).toBe('OK')
    expect(denials).toMatchObject([{ tool: 'work', rule: 'grant', isEnforced: false, ids: { taskId: 'task' } }])
    expect(events.filter(({ type }) => type === 'audit.denied')).toMatchObject([
      { data: { tool: 'work', rule: 'grant', isEnforced: false } },
    ])
  })

  test('nobody signs without the capability, and nobody leaves the sandbox', async () => {
    const signs = toolThat(() => expect.unreachable(), { name: 'sign', scopes: ['ledger.sign:playerX'] })
    const leaves = toolThat(async (_, { sandbox }) => sandbox.files, { name: 'leave' })
    const { call, denials } = busOf([signs, leaves], { isAuditMode: true })
    const agent = agentWith()
    expect(said(await call({}, { agent }, 'sign'))).toBe('PERMISSION_DENIED scope')
    expect(said(await call({}, { agent }, 'leave'))).toBe('PERMISSION_DENIED sandbox')
    expect(denials).toMatchObject([
      { tool: 'sign', rule: 'grant', isEnforced: false },
      { tool: 'sign', rule: 'scope', isEnforced: true },
      { tool: 'leave', rule: 'grant', isEnforced: false },
      { tool: 'leave', rule: 'sandbox', isEnforced: true },
    ])
  })
})

describe('what a tool is handed', () => {
  const members = ['root', 'files', 'network', 'processes'] as const

  /** Which members of the sandbox a tool reached, by both ways that it has. */
  const reached = ({ sandbox, agent }: ToolContext) =>
    members.filter((member) =>
      [sandbox, agent?.sandbox].some((given) => {
        try {
          return given?.[member] === emptySandbox[member]
        } catch {
          return false
        }
      }),
    )

  test.each([
    { sandbox: {}, gets: [] },
    { sandbox: { root: 'agent' as const }, gets: ['root', 'files'] },
    { sandbox: { network: true }, gets: ['network'] },
    { sandbox: { shell: true }, gets: ['processes'] },
    { sandbox: { root: 'agent' as const, network: true, shell: true }, gets: [...members] },
  ])('no more of the sandbox than it declares: $sandbox', async ({ sandbox, gets }) => {
    const { bus, call } = busOf([toolThat(async (_, context) => reached(context), { sandbox })])
    bus.grant('ada', 'work')
    expect(await call({}, { agent: agentWith() })).toMatchObject({ result: { done: gets } })
  })

  test('the agent, a signal, and a log that names the call', async () => {
    const lines: unknown[] = []
    const log = { info: (fields: object) => void lines.push(fields), warn: () => {}, error: () => {} }
    const tool = toolThat(async (_, { agent, signal, log: told }) => {
      told.info({ count: 1 }, 'working')
      return [agent?.agentId, signal.aborted]
    })
    const { bus, call } = busOf([tool], { log })
    bus.grant('ada', 'work')
    expect(await call({}, { agent: agentWith() })).toMatchObject({ result: { done: ['ada', false] } })
    expect(lines[0]).toEqual({
      agentId: 'ada',
      taskId: 'task',
      sessionId: 'session',
      traceId: 'trace',
      tool: 'work',
      count: 1,
    })
  })
})
