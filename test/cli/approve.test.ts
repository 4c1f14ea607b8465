import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runOtto, settingsIn } from '../e2e/_process.ts'
import type { Service } from '../e2e/_service.ts'
import { startService } from '../e2e/_service.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'

let service: Service
beforeAll(async () => {
  service = await startService({ OTTO_SIGNING: 'confirm' })
})
afterAll(() => service.close())

/** `otto approve …` against the service above. */
const approve = (...args: string[]) => runOtto(['approve', ...args, '--url', service.url], settingsIn(service.dir))

const gameId = '7f0c6f4e-3a52-4d0e-9a51-0d4c2b6a9e11'

/** The id that a write is told to ask a person for. */
async function asked(tool: string, args: object): Promise<string> {
  return String((await service.call(tool, args)).body.details['approvalId'])
}

describe('otto approve', () => {
  test('lists what waits, agrees to it, and then it is gone', { timeout: 30_000 }, async () => {
    expect(await approve()).toMatchObject({ code: 0, out: 'Nothing waits for approval.\n' })
    const id = await asked('ttt_create_game', {})
    const listed = await approve()
    expect(listed.out).toMatch(
      new RegExp(`^${id}\n  ttt_create_game \\{\\}\n  asked by 127\\.0\\.0\\.1 at \\S+Z, waits until \\S+Z\n$`),
    )
    const agreed = await approve(id)
    expect(agreed).toMatchObject({ code: 0, err: '' })
    expect(agreed.out).toMatch(/^ttt_create_game \{\}\napproved until \S+Z: the same call, sent again, runs once\n$/)
    expect((await service.call('ttt_create_game')).body.success).toBe(true)
    expect(await approve(id)).toEqual({
      code: 1,
      out: '',
      err: 'otto: NOT_FOUND: No write with this id waits for approval. It may have expired, or begun. GET /otto/approvals lists those that wait.\n',
    })
  })

  test('says no with --decline', async () => {
    const move = { gameId, player: 'X', cell: 4 }
    const { code, out } = await approve(await asked('ttt_make_move', move), '--decline')
    expect([code, out]).toEqual([0, `ttt_make_move ${JSON.stringify(move)}\ndeclined: the same call is refused\n`])
    expect((await service.call('ttt_make_move', move)).body.code).toBe('APPROVAL_DECLINED')
  })

  test('shows what a terminal would hide or turn around', async () => {
    const id = await asked('ttt_cancel_game', { gameId, reason: 'a\u202eb\u{e0041}c' })
    const { out } = await approve(id, '--decline')
    expect(out).toContain('"reason":"a\\u202eb\\udb40\\udc41c"')
  })

  test.each([
    { args: ['one', 'two'], says: 'one id at a time' },
    { args: ['--decline'], says: '--decline needs an id' },
    { args: ['--yes'], says: '--yes' },
  ])('otto approve $args is wrong usage', async ({ args, says }) => {
    const { code, err } = await runHere(['approve', ...args], settingsIn(service.dir))
    expect(code).toBe(2)
    expect(err).toContain(says)
  })

  test('says when nobody answers', async () => {
    const { code, err } = await runOtto(['approve', '--url', 'http://127.0.0.1:1'], {})
    expect([code, err]).toEqual([1, 'otto: No answer from http://127.0.0.1:1. Is the service running?\n'])
  })
})

test('a service with a token is asked with that of the environment', { timeout: 30_000 }, async () => {
  const token = 'a-token-of-at-least-thirty-two-characters'
  const dir = await temporaryFolder()
  const guarded = await startService({ OTTO_API_TOKEN: token, OTTO_SIGNING: 'confirm' }, dir)
  const ask = (env: Record<string, string>) =>
    runOtto(['approve', '--url', guarded.url], { ...settingsIn(dir), ...env })
  const [none, shown] = await Promise.all([ask({}), ask({ OTTO_API_TOKEN: token })])
  await guarded.close()
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining('UNAUTHENTICATED') })
  expect(shown).toMatchObject({ code: 0, out: 'Nothing waits for approval.\n' })
})
