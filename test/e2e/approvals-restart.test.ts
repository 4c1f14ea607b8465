import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runOtto, serve, settingsIn } from './_process.ts'
import type { Answer } from './_service.ts'

type Process = Awaited<ReturnType<typeof serve>>

/** A folder of its own, and services that run in it one after the other. */
async function home() {
  const dir = await mkdtemp(join(tmpdir(), 'otto-'))
  const running = new Set<Process>()
  onTestFinished(async () => {
    for (const { child } of running) child.kill('SIGKILL') // the one of a test that failed
    await rm(dir, { recursive: true, force: true, maxRetries: 5 })
  })
  const start = async (more: Record<string, string> = {}) => {
    const service = await serve(dir, { OTTO_SIGNING: 'confirm', ...more })
    running.add(service)
    return service
  }
  const approve = async ({ url }: Process, id: string) =>
    expect(await runOtto(['approve', id, '--url', url], settingsIn(dir))).toMatchObject({ code: 0, err: '' })
  return { start, approve }
}

const idOf = ({ status, body }: Answer): string => {
  expect([status, body.code]).toEqual([409, 'APPROVAL_NEEDED'])
  return String(body.details['approvalId'])
}

test('a kill forgets neither what waits nor what was agreed to', { timeout: 90_000 }, async () => {
  const { start, approve } = await home()
  const first = await start()
  const id = idOf(await first.call('ttt_create_game'))
  await first.kill('SIGKILL')

  const second = await start()
  expect((await second.get('/otto/approvals')).body).toMatchObject({ approvals: [{ id, tool: 'ttt_create_game' }] })
  await approve(second, id)
  await second.kill('SIGKILL')

  const third = await start()
  expect((await third.call('ttt_create_game')).body.success).toBe(true)
  // Used: the same words are a new question.
  expect(idOf(await third.call('ttt_create_game'))).not.toBe(id)
  expect(await third.kill('SIGTERM')).toBe(0)
})

test.each([
  { place: 'after-intent', moment: 'before anything was sent' },
  { place: 'after-submit', moment: 'when it was sent' },
  { place: 'before-reply', moment: 'when it was done and not told' },
])('an approved write goes on without a question after a kill $moment', { timeout: 90_000 }, async ({ place }) => {
  const { start, approve } = await home()
  const dying = await start({ NODE_ENV: 'test', OTTO_TEST_CRASHPOINT: `${place}:1` })
  const create = (service: Process) => service.call('ttt_create_game', {}, { 'idempotency-key': 'one-game' })
  await approve(dying, idOf(await create(dying)))
  await expect(create(dying)).rejects.toThrow()

  const next = await start()
  const { body } = await create(next)
  expect(body).toMatchObject({ success: true, result: { machineState: 'setup' } })
  // Told once more as it was; a game under another key is another wish, which nobody agreed to.
  expect((await create(next)).body).toMatchObject({ success: true, replayed: true, result: body.result })
  idOf(await next.call('ttt_create_game', {}, { 'idempotency-key': 'another-game' }))
  expect(await next.kill('SIGTERM')).toBe(0)
})
