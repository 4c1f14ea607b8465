import { expect, test } from 'vitest'
import type { JsonArray, JsonObject } from '../../src/core/json.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import type { Message } from '../../src/fiber/messages.ts'
import { alice, sign, uuid, workchain } from './fixtures.ts'
import { ask, post, startDevnet, temporaryFolder, until } from './kit.ts'

const createScript: Message = {
  type: 'CreateScript',
  fiberId: uuid(1),
  vocabulary: 'current',
  scriptProgram: { _state: { last: { var: 'args' } }, _result: { var: 'args' } },
  initialState: { last: null },
  accessControl: { type: 'Public' },
}

const invoke = (args: number): Message => ({
  type: 'InvokeScript',
  fiberId: uuid(1),
  method: 'any',
  args,
  targetSequenceNumber: null,
})

async function record(devnet: Devnet): Promise<JsonObject> {
  return (await ask(devnet, 'l0', `/data-application/oracles/${uuid(1)}`)).json as JsonObject
}

const logOf = (script: JsonObject) => script['invocationLog'] as JsonArray

async function runs(devnet: Devnet, count: number): Promise<void> {
  await post(devnet, (await sign(workchain, createScript)).envelope)
  await until(
    devnet,
    () => record(devnet),
    (seen) => seen !== null,
  )
  for (let args = 1; args <= count; args++) await post(devnet, (await sign(workchain, invoke(args))).envelope)
  await until(
    devnet,
    () => record(devnet),
    (seen) => seen['invocationCount'] === count,
  )
}

test('a workchain oracle tells its last hundred runs, newest first, wherever it is shown', async () => {
  const dataDir = temporaryFolder()
  const devnet = await startDevnet({ dataDir })
  await runs(devnet, 103)
  const script = await record(devnet)
  expect(logOf(script).map((run) => (run as JsonObject)['args'])).toEqual([...Array(100).keys()].map((at) => 103 - at))
  expect(logOf(script)[0]).toEqual({
    method: 'any',
    args: 103,
    result: 103,
    gasUsed: expect.any(Number),
    invokedAt: script['latestUpdateOrdinal'],
    invokedBy: alice.address,
  })
  const everywhere = async (node: Devnet) => [
    ((await ask(node, 'l0', '/data-application/oracles')).json as JsonObject)[uuid(1)],
    workchain.findFiber(
      ((await ask(node, 'l0', '/data-application/checkpoint')).json as JsonObject)['state'] ?? null,
      'script',
      uuid(1),
    ),
  ]
  expect(await everywhere(devnet)).toEqual([script, script])
  expect(logOf(script)).toEqual((await ask(devnet, 'l0', `/data-application/oracles/${uuid(1)}/invocations`)).json)
  await devnet.close()
  expect(await record(await startDevnet({ dataDir }))).toEqual(script)
})

test('one and the same record is handed out until the oracle runs again', async () => {
  const devnet = await startDevnet()
  await runs(devnet, 2)
  const before = await record(devnet)
  expect(await record(devnet)).toBe(before)
  await post(devnet, (await sign(workchain, invoke(3))).envelope)
  const after = await until(
    devnet,
    () => record(devnet),
    (seen) => seen['invocationCount'] === 3,
  )
  expect(logOf(after)).toHaveLength(3)
  expect(logOf(before)).toHaveLength(2)
})
