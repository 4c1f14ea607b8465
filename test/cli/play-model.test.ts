import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ScriptedServer } from '../../src/scripted/server.ts'
import { runOtto, settingsIn } from '../e2e/_process.ts'
import type { Service } from '../e2e/_service.ts'
import { startService } from '../e2e/_service.ts'
import { startScripted } from '../scripted/_scripted.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'

const play = ['play', '--brain', 'model']
const movesIn = (out: string): number =>
  out.match(/^[XO] takes cell \d, signed by DAG\w+\nhash [0-9a-f]{64}, ordinal \d+$/gm)?.length ?? 0
const gamesIn = (out: string): string[] => out.match(/(?<=^game )\S+/gm) ?? []

test('without a model server a scripted one plays, and it says so first', { timeout: 30_000 }, async () => {
  const dir = await temporaryFolder()
  const env = { ...settingsIn(dir), OLLAMA_URL: 'http://127.0.0.1:1' }
  const { code, out, err } = await runOtto([...play, '--rounds', '2'], env)
  expect(err).toBe('')
  expect(code).toBe(0)
  expect(out.split('\n')[0]).toBe(
    'no model server at http://127.0.0.1:1: a scripted one plays; it is no language model',
  )
  expect(movesIn(out)).toBe(18)
  expect(gamesIn(out)).toHaveLength(1)
  expect(out.match(/^round \d on machine/gm)).toEqual(['round 1 on machine', 'round 2 on machine'])
  expect(out.match(/^draw; the machine is finished, the oracle says Draw$/gm)).toHaveLength(2)
  expect(out).toMatch(/^the model says: A draw\./m)
})

test('a model server that answers is asked, and nothing is said of a script', { timeout: 30_000 }, async () => {
  const model = await startScripted()
  onTestFinished(() => model.close())
  const dir = await temporaryFolder()
  const { code, out } = await runOtto(play, { ...settingsIn(dir), OLLAMA_URL: model.url, OTTO_MODEL: 'otto-scripted' })
  expect(code).toBe(0)
  expect(out).toMatch(/^game /)
  expect(model.requests.some(({ path }) => path === '/api/chat')).toBe(true)
})

describe('on a service that runs', () => {
  let model: ScriptedServer
  let service: Service
  beforeAll(async () => {
    model = await startScripted()
    service = await startService({ OLLAMA_URL: model.url, OTTO_MODEL: 'otto-scripted' })
  })
  afterAll(async () => {
    await service.close()
    await model.close()
  })

  test('its model plays, and twice the same command is two games', { timeout: 30_000 }, async () => {
    const first = await runHere([...play, '--url', service.url])
    const second = await runHere([...play, '--url', `${service.url}/`])
    for (const { code, out, err } of [first, second]) {
      expect([code, err]).toEqual([0, ''])
      expect(movesIn(out)).toBe(9)
    }
    expect(gamesIn(first.out)).not.toEqual(gamesIn(second.out))
    const { body } = await service.get(`/otto/games/${gamesIn(second.out)[0]}/state`)
    expect(body).toMatchObject({ machineState: 'finished', moveCount: 9 })
  })
})

test.each([
  { name: 'never plays', kind: 'liar', where: 'it began no game' },
  { name: 'runs in circles', kind: 'loop', where: 'the game is setup' },
] as const)(
  'a model that $name is asked to go on five times, then it is said who stopped',
  {
    timeout: 30_000,
  },
  async ({ kind, where }) => {
    const model = await startScripted({ misbehave: kind })
    const service = await startService({ OLLAMA_URL: model.url, OTTO_MODEL: 'otto-scripted' })
    onTestFinished(async () => {
      await service.close()
      await model.close()
    })
    const { code, out, err } = await runHere([...play, '--url', service.url])
    expect(code).toBe(1)
    expect(err).toMatch(/^otto: The model stopped before the round was over, though asked 5 times to go on: /)
    expect(err).toContain(where)
    expect(out.match(/^the model says: /gm)?.length).toBe(6)
  },
)

test('a service without a model is a failure in its own words', async () => {
  const service = await startService({ OLLAMA_URL: 'http://127.0.0.1:1' })
  onTestFinished(() => service.close())
  const { code, out, err } = await runHere([...play, '--url', service.url])
  expect(code).toBe(1)
  expect(out).toBe('')
  expect(err).toMatch(/^otto: LLM_UNAVAILABLE: .*otto doctor says/)

  const model = await startScripted()
  const other = await startService({ OLLAMA_URL: model.url, OTTO_MODEL: 'nobody-has-this' })
  onTestFinished(async () => {
    await other.close()
    await model.close()
  })
  const missing = await runHere([...play, '--url', other.url])
  expect(missing.code).toBe(1)
  expect(missing.err).toMatch(/^otto: MODEL_NOT_FOUND: .*nobody-has-this/)
})

test('an address where no Otto is, and a brain that nobody has', async () => {
  expect(await runHere([...play, '--url', 'http://127.0.0.1:1'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('No answer from http://127.0.0.1:1.'),
  })
  const wrong = await runHere(['play', '--brain', 'otter'])
  expect(wrong.code).toBe(2)
  expect(wrong.err).toContain('must be perfect, random or model')
})

test('a service that asks a person first is not played on, and it is said why', { timeout: 30_000 }, async () => {
  const model = await startScripted()
  const service = await startService({ OLLAMA_URL: model.url, OTTO_MODEL: 'otto-scripted', OTTO_SIGNING: 'confirm' })
  onTestFinished(async () => {
    await service.close()
    await model.close()
  })
  const { code, err } = await runHere([...play, '--url', service.url])
  expect(code).toBe(1)
  expect(err).toContain('OTTO_SIGNING=confirm')
  expect(err).toContain('answer yes')
})
