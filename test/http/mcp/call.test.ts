import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { BaseError } from '../../../src/core/errors.ts'
import type { Approval } from '../../../src/tools/approvals.ts'
import { defineTool } from '../../../src/tools/tool.ts'
import { openApprovals } from '../../tools/open-approvals.ts'
import { clock, createBoards, startBridge } from '../bridge.ts'
import { call, createGate, legacy, open } from './raw.ts'

const asking = { elicitation: { form: {} } }
const yes = { confirm: { action: 'accept', content: { yes: true } } }

/** A game to cancel, and the call that would do it. */
async function startCancel() {
  const boards = createBoards()
  const bridge = await startBridge({ tools: boards.tools })
  const gameId = boards.create()
  const cancel = async (params: object = {}, args: object = { gameId }, capabilities: object = asking) =>
    (await call(bridge.port, 'modern', 'ttt_cancel_game', args, { capabilities, params })).messages[0]
  return { bridge, boards, gameId, cancel, isOpen: () => boards.has(gameId) }
}

describe('a destructive call', () => {
  test('is asked about first, in words with the game in them', async () => {
    const { bridge, gameId, cancel, isOpen } = await startCancel()
    await using _ = bridge
    const { result } = await cancel()
    expect(result).toMatchObject({
      resultType: 'input_required',
      requestState: expect.any(String),
      inputRequests: {
        confirm: {
          method: 'elicitation/create',
          params: { mode: 'form', message: expect.stringContaining(gameId), requestedSchema: { required: ['yes'] } },
        },
      },
    })
    expect(isOpen()).toBe(true)
  })

  test('runs after a yes, once', async () => {
    const { bridge, gameId, cancel, isOpen } = await startCancel()
    await using _ = bridge
    const { requestState } = (await cancel()).result
    const done = await cancel({ requestState, inputResponses: yes })
    expect([done.result.isError, done.result.structuredContent.gameId, isOpen()]).toEqual([false, gameId, false])
    const again = await cancel({ requestState, inputResponses: yes })
    expect(again.error).toMatchObject({ code: -32602, data: { reason: 'invalid_request_state' } })
  })

  test.each([{ action: 'decline' }, { action: 'cancel' }, { action: 'accept', content: { yes: false } }])(
    'does not run after %o, and a yes that follows comes too late',
    async (confirm) => {
      const { bridge, cancel, isOpen } = await startCancel()
      await using _ = bridge
      const { requestState } = (await cancel()).result
      const { result } = await cancel({ requestState, inputResponses: { confirm } })
      expect(result.isError).toBe(true)
      expect(JSON.parse(result.content[0].text)).toMatchObject({
        code: 'APPROVAL_DECLINED',
        error: 'not done: the user declined',
        outcome: 'not_submitted',
      })
      expect((await cancel({ requestState, inputResponses: yes })).error.code).toBe(-32602)
      expect(isOpen()).toBe(true)
    },
  )

  test('is asked about anew when the client brings no answer', async () => {
    const { bridge, cancel, isOpen } = await startCancel()
    await using _ = bridge
    const first = (await cancel()).result.requestState
    const second = (await cancel({ requestState: first })).result.requestState
    expect([second === first, isOpen()]).toEqual([false, true])
    expect((await cancel({ requestState: second, inputResponses: yes })).result.isError).toBe(false)
  })

  test('does not run on a state for another game', async () => {
    const { bridge, boards, cancel, isOpen } = await startCancel()
    await using _ = bridge
    const other = boards.create()
    const { requestState } = (await cancel({}, { gameId: other })).result
    expect((await cancel({ requestState, inputResponses: yes })).error.code).toBe(-32602)
    expect([isOpen(), boards.has(other)]).toEqual([true, true])
  })

  test.each([
    { name: 'forged', requestState: `${Buffer.from('{"nonce":"x"}').toString('base64url')}.${'A'.repeat(43)}` },
    { name: 'empty', requestState: '' },
    { name: 'no text', requestState: 7 },
  ])('does not run on a state that is $name', async ({ requestState }) => {
    const { bridge, cancel, isOpen } = await startCancel()
    await using _ = bridge
    expect((await cancel({ requestState, inputResponses: yes })).error.code).toBe(-32602)
    expect(isOpen()).toBe(true)
  })

  test.each([{}, { elicitation: { url: {} } }, { sampling: {} }])(
    'runs for a client that cannot ask its user: %o',
    async (capabilities) => {
      const { bridge, gameId, cancel, isOpen } = await startCancel()
      await using _ = bridge
      expect((await cancel({}, { gameId }, capabilities)).result.isError).toBe(false)
      expect(isOpen()).toBe(false)
    },
  )

  test('runs unasked in the legacy era, whatever stands in its message', async () => {
    const { bridge, gameId, isOpen } = await startCancel()
    await using _ = bridge
    const meta = { 'io.modelcontextprotocol/clientCapabilities': asking }
    const [answer] = (await call(bridge.port, 'legacy', 'ttt_cancel_game', { gameId }, { meta })).messages
    expect([answer.result.isError, isOpen()]).toEqual([false, false])
  })

  test('a bare elicitation means forms', async () => {
    const { bridge, gameId, cancel } = await startCancel()
    await using _ = bridge
    expect((await cancel({}, { gameId }, { elicitation: {} })).result.resultType).toBe('input_required')
  })

  test('a call that destroys nothing is not asked about', async () => {
    const { bridge, gameId } = await startCancel()
    await using _ = bridge
    const args = { gameId, player: 'X', cell: 0 }
    const [answer] = (await call(bridge.port, 'modern', 'ttt_make_move', args, { capabilities: asking })).messages
    expect(answer.result.resultType).toBe('complete')
  })
})

/** A service in which a person agrees to each write. */
async function startApproved() {
  const boards = createBoards()
  const { approvals, database } = await openApprovals({ clock })
  const bridge = await startBridge({ tools: boards.tools, approvals })
  const gameId = boards.create()
  const ask = async (name: string, args: object, params: object = {}, capabilities: object = asking) =>
    (await call(bridge.port, 'modern', name, args, { capabilities, params })).messages[0].result
  return { bridge, boards, approvals, database, gameId, ask }
}

describe('a write that waits for a person', () => {
  const moveOf = (gameId: string) => ({ gameId, player: 'X', cell: 4 })

  test('is asked about, approved by the yes, and made', async () => {
    const { bridge, boards, approvals, gameId, ask } = await startApproved()
    await using _ = bridge
    const { requestState, inputRequests } = await ask('ttt_make_move', moveOf(gameId))
    expect(inputRequests.confirm.params.message).toContain('"cell":4')
    expect(await approvals.list()).toHaveLength(1)
    const done = await ask('ttt_make_move', moveOf(gameId), { requestState, inputResponses: yes })
    expect([done.isError, boards.read(gameId)[4], await approvals.list()]).toEqual([false, 'X', []])
  })

  test('stays unmade after a no', async () => {
    const { bridge, boards, gameId, ask } = await startApproved()
    await using _ = bridge
    const { requestState } = await ask('ttt_make_move', moveOf(gameId))
    const inputResponses = { confirm: { action: 'decline' } }
    const { isError } = await ask('ttt_make_move', moveOf(gameId), { requestState, inputResponses })
    expect([isError, boards.read(gameId)[4]]).toEqual([true, null])
  })

  test('one question is enough for a destructive one', async () => {
    const { bridge, boards, gameId, ask } = await startApproved()
    await using _ = bridge
    const { requestState } = await ask('ttt_cancel_game', { gameId })
    const done = await ask('ttt_cancel_game', { gameId }, { requestState, inputResponses: yes })
    expect([done.isError, boards.has(gameId)]).toEqual([false, false])
  })

  test('a yes to what waits no more is stale', async () => {
    const { bridge, boards, gameId, approvals } = await startApproved()
    await using _ = bridge
    const send = async (params: object) =>
      (await call(bridge.port, 'modern', 'ttt_make_move', moveOf(gameId), { capabilities: asking, params })).messages[0]
    const { requestState } = (await send({})).result
    vi.spyOn(approvals, 'decide').mockResolvedValue(undefined)
    expect((await send({ requestState, inputResponses: yes })).error.code).toBe(-32602)
    expect(boards.read(gameId)[4]).toBeNull()
  })

  test.each(['modern', 'legacy'] as const)('a client that cannot ask is told where, in the %s era', async (era) => {
    const { bridge, gameId, approvals } = await startApproved()
    await using _ = bridge
    const { result } = (await call(bridge.port, era, 'ttt_make_move', moveOf(gameId))).messages[0]
    const [waiting] = (await approvals.list()) as readonly [Approval]
    expect(result.isError).toBe(true)
    expect(JSON.parse(result.content[0].text)).toMatchObject({
      code: 'APPROVAL_NEEDED',
      error: `needs approval: http://127.0.0.1:${bridge.port}/otto/approvals/${waiting.id}`,
    })
  })

  test('a yes that cannot be stored makes nothing, and says so', async () => {
    const { bridge, boards, gameId, ask, database } = await startApproved()
    await using _ = bridge
    const { requestState } = await ask('ttt_make_move', moveOf(gameId))
    await database.close()
    const params = { requestState, inputResponses: yes }
    const answer = await call(bridge.port, 'modern', 'ttt_make_move', moveOf(gameId), { capabilities: asking, params })
    expect([answer.status, answer.messages[0].error.data.code]).toEqual([503, 'STORAGE_UNAVAILABLE'])
    expect(boards.read(gameId)[4]).toBeNull()
  })

  test('an approval that breaks is a fault of ours, told without its text', async () => {
    const { bridge, gameId, ask, approvals } = await startApproved()
    await using _ = bridge
    const { requestState } = await ask('ttt_make_move', moveOf(gameId))
    vi.spyOn(approvals, 'decide').mockRejectedValue(new Error('secret of the house'))
    const params = { requestState, inputResponses: yes }
    const answer = await call(bridge.port, 'modern', 'ttt_make_move', moveOf(gameId), { capabilities: asking, params })
    expect([answer.status, answer.messages[0].error.code]).toEqual([500, -32603])
    expect(answer.text).not.toContain('secret')
  })
})

class SlotTakenError extends BaseError {
  override readonly code = 'INVALID_MOVE'
  override readonly kind = 'conflict'
}

/** A write that submits one message, or is refused before. */
const sending = (refused: boolean) =>
  defineTool({
    name: 'ttt_start_game',
    origin: 'game',
    summary: 'Sends.',
    effect: 'write',
    input: z.strictObject({}),
    output: z.object({}),
    run: async (_, { onSubmitting, onAccepted }) => {
      if (refused) throw new SlotTakenError('Taken.')
      onSubmitting()
      onSubmitting()
      onAccepted()
      return { result: {} }
    },
  })

describe('progress', () => {
  test.each(['legacy', 'modern'] as const)('is told step by step to who gave a token, in the %s era', async (era) => {
    await using bridge = await startBridge({ tools: [sending(false)] })
    const answer = await call(bridge.port, era, 'ttt_start_game', {}, { meta: { progressToken: 'p1' } })
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
      'cache-control': 'no-cache, no-transform',
      'x-content-type-options': 'nosniff',
      'x-trace-id': expect.any(String),
    })
    const steps = answer.messages.slice(0, -1)
    expect(steps.map(({ method, params }) => [method, params.progressToken, params.progress, params.total])).toEqual([
      ['notifications/progress', 'p1', 1, 4],
      ['notifications/progress', 'p1', 2, 4],
      ['notifications/progress', 'p1', 3, 4],
      ['notifications/progress', 'p1', 4, 4],
    ])
    expect(answer.messages.at(-1)).toMatchObject({ id: 1, result: { isError: false } })
  })

  test('ends where a write is refused', async () => {
    await using bridge = await startBridge({ tools: [sending(true)] })
    const { messages } = await call(bridge.port, 'modern', 'ttt_start_game', {}, { meta: { progressToken: 0 } })
    expect(messages.map(({ params, result }) => params?.progress ?? result.isError)).toEqual([1, true])
  })

  test.each([
    { name: 'without a token', meta: {} },
    { name: 'with a token that is none', meta: { progressToken: null } },
  ])('is not told $name', async ({ meta }) => {
    await using bridge = await startBridge({ tools: [sending(false)] })
    const answer = await call(bridge.port, 'legacy', 'ttt_start_game', {}, { meta })
    expect(answer.headers['content-type']).toContain('application/json')
  })

  test('is not told of a read', async () => {
    const boards = createBoards()
    await using bridge = await startBridge({ tools: boards.tools })
    const args = { gameId: boards.create() }
    const answer = await call(bridge.port, 'modern', 'ttt_get_state', args, { meta: { progressToken: 'p' } })
    expect(answer.headers['content-type']).toContain('application/json')
  })
})

test('a caller who hangs up in the middle of a write disturbs nobody', async () => {
  const gate = createGate('write')
  await using bridge = await startBridge({ tools: [gate.tool] })
  const params = { name: 'wait', arguments: { key: 'x' }, _meta: { progressToken: 1 } }
  const answer = await open(bridge.port, legacy('tools/call', params)) // its first event has come
  answer.on('error', () => {}).destroy()
  await expect.poll(() => bridge.logged).toContainEqual(expect.objectContaining({ msg: 'request', hungUp: true }))
  gate.release('x')
  await expect.poll(() => bridge.logged).toContainEqual(expect.objectContaining({ msg: 'tool call' }))
  gate.release('y')
  expect((await call(bridge.port, 'legacy', 'wait', { key: 'y' })).messages[0].result.isError).toBe(false)
})
