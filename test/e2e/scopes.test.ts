import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runOtto, settingsIn } from './_process.ts'
import type { Service } from './_service.ts'
import { client, startService } from './_service.ts'

const tokens = {
  owner: 'owner-0123456789abcdef0123456789abcdef',
  watcher: 'watcher-0123456789abcdef0123456789abcdef',
  player: 'player-0123456789abcdef0123456789abcdef',
  decider: 'decider-0123456789abcdef0123456789abcdef',
}
const lines = `# who may\nwatch read ${tokens.watcher}\nplays read,play ${tokens.player}\nboss admin ${tokens.decider}\n`

let dir: string
let file: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'otto-scopes-'))
  file = join(dir, 'tokens')
  await writeFile(file, lines, { mode: 0o600 })
})
afterAll(() => rm(dir, { recursive: true, force: true }))

describe('a service with several tokens', () => {
  let service: Service
  beforeAll(async () => {
    service = await startService({
      OTTO_API_TOKEN: tokens.owner,
      OTTO_API_TOKENS_FILE: file,
      OTTO_SIGNING: 'confirm',
    })
  })
  afterAll(() => service.close())
  const as = (who: keyof typeof tokens) => client(service.url, { authorization: `Bearer ${tokens[who]}` })

  test('lets each do what it may, and nothing else', async () => {
    expect((await as('watcher').get('/otto/games')).status).toBe(200)
    expect((await as('watcher').call('ttt_create_game')).body).toMatchObject({
      success: false,
      code: 'FORBIDDEN',
      outcome: 'not_submitted',
      details: { scope: 'play' },
    })
    expect((await as('decider').get('/otto/games')).status).toBe(403)
    expect((await as('owner').get('/otto/games')).status).toBe(200)
    expect((await service.get('/otto/games')).status).toBe(401)
  })

  test('who plays may not decide; who decides need not play; both are told apart by name', async () => {
    const asked = (await as('player').call('ttt_create_game')).body
    expect(asked.code).toBe('APPROVAL_NEEDED')
    const { approvals } = (await as('watcher').get('/otto/approvals')).body as { approvals: { principal: string }[] }
    expect(approvals[0]?.principal).toMatch(/^token:[0-9a-f]{16}$/)
    const env = (token: string) => ({ ...settingsIn(dir), OTTO_API_TOKEN: token })
    const approve = (token: string) =>
      runOtto(['approve', String(asked.details['approvalId']), '--url', service.url], env(token))
    const refused = await approve(tokens.player)
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('FORBIDDEN')])
    expect((await as('player').call('ttt_create_game')).body.code).toBe('APPROVAL_NEEDED')
    expect((await approve(tokens.decider)).code).toBe(0)
    expect((await as('player').call('ttt_create_game')).body.success).toBe(true)
  })

  test('no token stands in its log', () => {
    const log = service.logs.join('')
    for (const token of Object.values(tokens)) expect(log).not.toContain(token)
  })
})

describe('the file with the tokens', () => {
  const serveWith = (path: string, more: Record<string, string> = {}) =>
    runOtto(['serve'], { ...settingsIn(dir), OTTO_API_TOKENS_FILE: path, ...more })

  test.each([
    { name: 'wrong', text: `${lines}more write ${'x'.repeat(32)}\n`, mode: 0o600, says: 'line 5 has scopes' },
    { name: 'open', text: lines, mode: 0o644, says: 'chmod 600' },
    {
      name: 'large',
      text: `# ${'x'.repeat(65_536)}\n${lines}`,
      mode: 0o600,
      says: 'is larger than any file of its kind',
    },
    { name: 'empty', text: '', mode: 0o600, says: 'it holds no token' },
  ])('$name: the start ends with one line that shows none', async ({ name, text, mode, says }) => {
    const path = join(dir, name)
    await writeFile(path, text)
    await chmod(path, mode)
    const { code, out, err } = await serveWith(path)
    expect(code).toBe(78)
    expect(`${out}${err}`).toContain(says)
    expect(`${out}${err}`).not.toMatch(/0123456789abcdef|xxxx/)
  })

  test('a token that is in it twice, once as a setting of its own', async () => {
    const { code, out, err } = await serveWith(file, { OTTO_API_TOKEN: tokens.player })
    expect([code, `${out}${err}`]).toEqual([78, expect.stringContaining('line 3 has a token that is in use already')])
  })
})
