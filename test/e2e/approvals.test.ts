import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { winningMoves } from '../games.ts'
import type { Answer, Service } from './_service.ts'
import { startService } from './_service.ts'

let service: Service
const agent = new Agent()
beforeAll(async () => {
  service = await startService({ OTTO_SIGNING: 'confirm', OTTO_EXPOSE_SIMULATE: 'on' })
})
afterAll(async () => {
  await service.close()
  await agent.close()
})

async function post(path: string, body: unknown) {
  const answer = await request(`${service.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    dispatcher: agent,
  })
  return { status: answer.statusCode, body: (await answer.body.json()) as Answer['body'] & { status: string } }
}

const idOf = ({ body }: Pick<Answer, 'body'>): string => {
  expect(body.code).toBe('APPROVAL_NEEDED')
  return String(body.details['approvalId'])
}

/** Asks, lets a person agree, and asks again. */
async function approved(tool: string, args: object = {}): Promise<Answer> {
  const asked = await service.call(tool, args)
  expect(asked.status).toBe(409)
  const decided = await post(`/otto/approvals/${idOf(asked)}`, { approve: true })
  expect([decided.status, decided.body.status]).toEqual([200, 'approved'])
  return service.call(tool, args)
}

async function game(): Promise<string> {
  const { body } = await approved('ttt_create_game')
  const { gameId } = body.result
  await approved('ttt_start_game', { gameId })
  return gameId
}

type Waiting = { readonly id: string; readonly args: { readonly gameId?: string } }

/** What waits for a person about one game: other tests may leave questions of their own. */
async function waiting(gameId: string): Promise<Waiting[]> {
  const { approvals } = (await service.get('/otto/approvals')).body as { approvals: Waiting[] }
  return approvals.filter(({ args }) => args.gameId === gameId)
}

const movesOf = async (gameId: string) => (await service.result('ttt_get_state', { gameId })).moveCount

describe('with OTTO_SIGNING=confirm', () => {
  test('a whole game is played, each write approved over HTTP', async () => {
    const gameId = await game()
    for (const [player, cell] of winningMoves) {
      const before = await movesOf(gameId)
      const asked = await service.call('ttt_make_move', { gameId, player, cell })
      expect(await movesOf(gameId), 'nothing is signed before the answer').toBe(before)
      expect(await waiting(gameId)).toMatchObject([{ id: idOf(asked), args: { gameId, player, cell } }])
      await post(`/otto/approvals/${idOf(asked)}`, { approve: true })
      const { body } = await service.call('ttt_make_move', { gameId, player, cell })
      expect(body).toMatchObject({ success: true, result: { moveCount: before + 1 } })
    }
    expect(await service.result('ttt_get_state', { gameId })).toMatchObject({ status: 'Won', winner: 'X' })
    expect(await waiting(gameId)).toEqual([])
  })

  test('two same calls make one record, by whichever door', async () => {
    const gameId = await game()
    const move = { gameId, player: 'X', cell: 4 }
    const [one, other, flat] = await Promise.all([
      service.call('ttt_make_move', move),
      service.call('ttt_make_move', { ...move, gameId: gameId.toUpperCase() }),
      post('/otto/tools/ttt_make_move', move),
    ])
    expect(new Set([one, other, flat].map(idOf)).size).toBe(1)
    expect(await waiting(gameId)).toHaveLength(1)
    await post(`/otto/approvals/${idOf(one)}`, { approve: false })
    expect((await post('/otto/tools/ttt_make_move', move)).status).toBe(403)
    expect(await movesOf(gameId)).toBe(0)
  })

  test('of two same calls at once, one approval lets one through', async () => {
    const gameId = await game()
    const move = { gameId, player: 'X', cell: 4 }
    await post(`/otto/approvals/${idOf(await service.call('ttt_make_move', move))}`, { approve: true })
    const answers = await Promise.all([1, 2, 3, 4].map(() => service.call('ttt_make_move', move)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409])
    expect(await movesOf(gameId)).toBe(1)
    // The one that was asked about meanwhile is refused by the ledger's own rules, though a person agrees.
    expect((await approved('ttt_make_move', move)).body).toMatchObject({
      code: 'INVALID_MOVE',
      details: { reason: 'already_applied' },
    })
    expect(await movesOf(gameId)).toBe(1)
  })

  test('an approval for one cell lets no other through, and a declined one none', async () => {
    const gameId = await game()
    const move = (cell: number) => service.call('ttt_make_move', { gameId, player: 'X', cell })
    await post(`/otto/approvals/${idOf(await move(4))}`, { approve: true })
    const other = idOf(await move(5))
    await post(`/otto/approvals/${other}`, { approve: false })
    const { status, body } = await move(5)
    expect([status, body.code, body.outcome]).toEqual([403, 'APPROVAL_DECLINED', 'not_submitted'])
    expect(await movesOf(gameId)).toBe(0)
  })

  test('done under a key, a repeat is told the same and asks nobody', async () => {
    const gameId = await game()
    const move = { gameId, player: 'X', cell: 4, idempotencyKey: crypto.randomUUID() }
    const first = await approved('ttt_make_move', move)
    const again = await service.call('ttt_make_move', move)
    expect(again.body).toMatchObject({ success: true, replayed: true, result: first.body.result })
  })

  test('reads and refused arguments ask nobody', async () => {
    const gameId = await game()
    const before = await waiting(gameId)
    await service.result('ttt_get_state', { gameId })
    await service.result('ttt_simulate_move', { gameId, player: 'X', cell: 0 })
    expect((await service.call('ttt_make_move', { gameId, player: 'X', cell: '4' })).status).toBe(400)
    expect((await service.call('ttt_hack')).status).toBe(404)
    expect(await waiting(gameId)).toEqual(before)
  })

  test('the document claims for its examples what they get', async () => {
    type Example = { value: unknown; 'x-status': number }
    type Operation = { post?: { requestBody: { content: Record<string, { examples: Record<string, Example> }> } } }
    const { paths } = (await service.get('/openapi.json')).body as { paths: Record<string, Operation> }
    const tried: number[] = []
    for (const [path, { post: operation }] of Object.entries(paths)) {
      if (operation === undefined || !/^\/otto\/tool/.test(path)) continue
      for (const { value, 'x-status': claimed } of Object.values(
        operation.requestBody.content['application/json']?.examples ?? {},
      )) {
        expect((await post(path, value)).status, `${path} ${JSON.stringify(value)}`).toBe(claimed)
        tried.push(claimed)
      }
    }
    expect(new Set(tried)).toEqual(new Set([400, 404, 409]))
  })
})
