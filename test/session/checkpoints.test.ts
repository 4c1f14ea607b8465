import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { createCheckpoints } from '../../src/session/checkpoints.ts'
import { openStore, temporaryFolder } from './_kit.ts'

const clock = { nowMs: () => 1_763_700_000_000 }

async function openCheckpoints() {
  const dir = await temporaryFolder()
  return { dir, reopen: () => createCheckpoints(openStore(dir, { clock }), clock) }
}

test('a state is found again after a restart, in an envelope that says whose and when', async () => {
  const { dir, reopen } = await openCheckpoints()
  const ref = await reopen().save('helper', 'state', { step: 3 }, { taskId: 't' })
  const path = 'agents/helper/checkpoints/state.json'
  expect(ref).toMatchObject({ path, type: 'checkpoint', meta: { taskId: 't' } })
  const envelope = {
    schema: 1,
    createdAt: '2025-11-21T04:40:00.000Z',
    agentId: 'helper',
    name: 'state',
    meta: { taskId: 't' },
    data: { step: 3 },
  }
  expect(JSON.parse(await readFile(join(dir, path), 'utf8'))).toEqual(envelope)
  expect(await reopen().load('helper', 'state')).toEqual(envelope)
})

test('one is replaced, listed and deleted', async () => {
  const { reopen } = await openCheckpoints()
  const checkpoints = reopen()
  for (const [name, step] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ] as const)
    await checkpoints.save('helper', name, { step })
  expect((await checkpoints.load('helper', 'a'))?.data).toEqual({ step: 3 })
  expect((await checkpoints.list('helper')).map(({ name }) => name)).toEqual(['a.json', 'b.json'])
  expect([await checkpoints.delete('helper', 'a'), await checkpoints.delete('helper', 'a')]).toEqual([true, false])
  expect([await checkpoints.load('helper', 'a'), await checkpoints.load('other', 'a')]).toEqual([undefined, undefined])
  expect(await checkpoints.list('other')).toEqual([])
})

test.each(['', '.', '..', '\n'])('refuses %j as an agent or a name', async (name) => {
  const checkpoints = (await openCheckpoints()).reopen()
  const invalid = { code: 'INVALID_ARGUMENTS' }
  await expect(checkpoints.save(name, 'a', {})).rejects.toMatchObject(invalid)
  await expect(checkpoints.load(name, 'a')).rejects.toMatchObject(invalid)
  if (name === '' || name === '\n') await expect(checkpoints.save('a', name, {})).rejects.toMatchObject(invalid)
})

test('one that was altered is told as corrupt, again and again, and can be replaced', async () => {
  const { dir, reopen } = await openCheckpoints()
  await reopen().save('a', 'x', { n: 1 })
  await writeFile(join(dir, 'agents/a/checkpoints/x.json'), '{"n":')
  const corrupt = { code: 'CHECKPOINT_CORRUPT', details: { path: 'agents/a/checkpoints/x.json' } }
  for (const checkpoints of [reopen(), reopen()])
    await expect(checkpoints.load('a', 'x')).rejects.toMatchObject(corrupt)
  await reopen().save('a', 'x', { n: 2 })
  expect((await reopen().load('a', 'x'))?.data).toEqual({ n: 2 })
})

test.each([
  { name: 'no JSON', data: 'text' },
  { name: 'no envelope', data: '{}' },
  { name: 'another version', data: '{"schema":2}' },
  {
    name: "another agent's",
    data: '{"schema":1,"createdAt":"2025-11-21T04:40:00.000Z","agentId":"b","name":"x","meta":{},"data":{}}',
  },
])('a file that is $name is no checkpoint', async ({ data }) => {
  const { dir, reopen } = await openCheckpoints()
  await openStore(dir).save({ namespace: 'agents', id: 'a' }, { name: 'x.json', type: 'checkpoint', data })
  await expect(reopen().load('a', 'x')).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' })
})

test('law: load gives what save was given', async () => {
  const { reopen } = await openCheckpoints()
  const json = fc.dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    fc.jsonValue({ maxDepth: 3 }),
  )
  await fc.assert(
    fc.asyncProperty(json, async (value) => {
      // The cast holds: fast-check's JSON values are ours.
      const data = JSON.parse(JSON.stringify(value)) as JsonObject
      fc.pre(!/"__proto__"|e[+]|\d{16}/.test(JSON.stringify(value)))
      await reopen().save('a', 'x', data)
      expect((await reopen().load('a', 'x'))?.data).toEqual(data)
    }),
    { numRuns: 30 },
  )
})
