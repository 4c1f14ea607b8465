import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { baseTools } from '../../src/tools/base-tools.ts'
import { runOtto, settingsIn } from '../e2e/_process.ts'
import type { Service } from '../e2e/_service.ts'
import { startedGame, startService } from '../e2e/_service.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'

const six = [
  'ttt_create_game',
  'ttt_start_game',
  'ttt_make_move',
  'ttt_get_state',
  'ttt_reset_board',
  'ttt_cancel_game',
]

let service: Service
beforeAll(async () => {
  service = await startService({ OTTO_EXPOSE_SIMULATE: 'on' })
})
afterAll(() => service.close())

/** `otto tool …` against the service above. */
const tool = (...args: string[]) => runOtto(['tool', ...args, '--url', service.url], settingsIn(service.dir))

describe('otto tool ls', () => {
  test('names the tools of the running service, with their arguments', async () => {
    const { code, out } = await tool('ls')
    expect(code).toBe(0)
    expect(out.match(/^ttt_\w+$/gm)).toEqual([...six, 'ttt_simulate_move'])
    expect(out).toContain('  --player <X or O>\n  --cell <0–8>\n  --idempotencyKey <uuid>  optional\n')
  })

  test('prints them as a table', async () => {
    const { out } = await tool('ls', '--md')
    expect(out).toMatch(/^\| tool \| arguments \| what it does \|\n\| --- \| --- \| --- \|\n/)
    expect(out).toMatch(
      /^\| `ttt_make_move` \| `gameId` uuid, `player` X or O, `cell` 0–8, `idempotencyKey\?` uuid \| .+ \|$/m,
    )
  })

  test('knows those of this version when no service runs, and starts none', async () => {
    const dir = await temporaryFolder()
    const { code, out } = await runOtto(['tool', 'ls'], { ...settingsIn(dir), OTTO_PORT: '1' })
    expect(code).toBe(0)
    expect(out.match(/^ttt_\w+$/gm)).toEqual(six)
    // Those that only agents call come behind.
    const [, forAgents = ''] = out.split('for agents')
    expect(forAgents.match(/^[a-z]+(?:\.[a-z]+)?$/gm)).toEqual(baseTools.map(({ description }) => description.name))
  })
})

describe('otto tool call', () => {
  test('plays by options and by JSON, and prints the result', { timeout: 30_000 }, async () => {
    const created = await tool('call', 'ttt_create_game')
    expect(created.code).toBe(0)
    const { gameId } = JSON.parse(created.out)
    expect(JSON.parse((await tool('call', 'ttt_start_game', '--gameId', gameId)).out).machineState).toBe('playing')
    const moved = await tool('call', 'ttt_make_move', `--gameId=${gameId}`, '--player', 'X', '--cell', '4')
    expect(JSON.parse(moved.out)).toMatchObject({
      turn: 'O',
      moveCount: 1,
      board: [null, null, null, null, 'X', null, null, null, null],
    })
    const asked = { gameId, player: 'O', cell: 0 }
    expect(JSON.parse((await tool('call', 'ttt_simulate_move', JSON.stringify(asked))).out)).toMatchObject({
      valid: true,
    })
    // A text that looks like a number stays a text where the schema wants one.
    const ended = await tool('call', 'ttt_cancel_game', '--gameId', gameId, '--reason', '42')
    expect(JSON.parse(ended.out)).toMatchObject({ machineState: 'cancelled' })
  })

  test('a refusal is one line with its code and the next step, and ends with 1', async () => {
    const { gameId } = await startedGame(service, [['X', 4]])
    const { code, out, err } = await tool('call', 'ttt_make_move', '--gameId', gameId, '--player', 'O', '--cell', '4')
    expect(code).toBe(1)
    expect(out).toBe('')
    expect(err).toBe(
      "otto: INVALID_MOVE: That cell already holds a mark. It is O's turn; free cells: 0, 1, 2, 3, 5, 6, 7, 8.\n",
    )
  })

  test.each([
    { args: ['ttt_hack'], says: 'UNKNOWN_TOOL' },
    { args: ['ttt_get_state', '--gameId', 'game-1'], says: 'INVALID_ARGUMENTS' },
    { args: ['ttt_get_state'], says: 'INVALID_ARGUMENTS' },
  ])('$args ends with 1: $says', async ({ args, says }) => {
    const { code, err } = await tool('call', ...args)
    expect(code).toBe(1)
    expect(err).toMatch(new RegExp(`^otto: ${says}: .+\n$`))
  })

  test.each([
    { args: [], says: 'name one of ls and call' },
    { args: ['call'], says: 'call takes a name' },
    { args: ['call', 'ttt_get_state', '{}', '{}'], says: 'call takes a name' },
    { args: ['call', 'ttt_get_state', '{"gameId"'], says: 'one JSON object' },
    { args: ['call', 'ttt_get_state', '[1]'], says: 'one JSON object' },
    { args: ['call', 'ttt_get_state', '{}', '--gameId', 'x'], says: 'not both' },
    { args: ['call', 'ttt_get_state', '--gameId'], says: '--gameId has no value' },
    { args: ['call', 'ttt_get_state', '--gameId', 'x', '--gameId', 'y'], says: '--gameId is given twice' },
    { args: ['ls', '--json'], says: '--json' },
  ])('otto tool $args is wrong usage', async ({ args, says }) => {
    const { code, err } = await runHere(['tool', ...args], settingsIn(service.dir))
    expect(code).toBe(2)
    expect(err).toContain(says)
  })

  test('says when nobody answers', async () => {
    const { code, err } = await runOtto(['tool', 'call', 'ttt_create_game', '--url', 'http://127.0.0.1:1'], {})
    expect(code).toBe(1)
    expect(err).toBe('otto: No answer from http://127.0.0.1:1. Is the service running?\n')
  })
})

test('a service with a token is called with that of the environment, as text or as a file', {
  timeout: 30_000,
}, async () => {
  const token = 'a-token-of-at-least-thirty-two-characters'
  const dir = await temporaryFolder()
  const guarded = await startService({ OTTO_API_TOKEN: token }, dir)
  const file = join(dir, 'token')
  await writeFile(file, `${token}\n`, { mode: 0o600 })
  const call = (env: Record<string, string>) =>
    runOtto(['tool', 'call', 'ttt_create_game', '--url', guarded.url], { ...settingsIn(dir), ...env })
  const [none, text, secret, listed] = await Promise.all([
    call({}),
    call({ OTTO_API_TOKEN: token }),
    call({ OTTO_API_TOKEN_FILE: file }),
    runOtto(['tool', 'ls', '--url', guarded.url], settingsIn(dir)),
  ])
  await guarded.close()
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining('UNAUTHENTICATED') })
  expect(listed).toMatchObject({ code: 1, err: expect.stringContaining('UNAUTHENTICATED') })
  expect([text.code, secret.code]).toEqual([0, 0])
  expect(none.err + listed.err).not.toContain(token)
})
