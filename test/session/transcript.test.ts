import { expect, test } from 'vitest'
import type { ArtifactStream } from '../../src/session/artifact.ts'
import { createRedactor } from '../../src/session/redact.ts'
import type { SaidMessage } from '../../src/session/transcript.ts'
import { createTranscript } from '../../src/session/transcript.ts'
import { fullAfter } from './_faulty-files.ts'
import { faultsOf, openStore, session, temporaryFolder, textOf } from './_kit.ts'

const redactor = createRedactor({ secrets: ['hush-hush-secret'], patterns: [] })
const clock = { nowMs: () => 1_763_700_000_000 }
const at = '2025-11-21T04:40:00.000Z'
const user = (content: string): SaidMessage => ({ role: 'user', content })
const openStream = (store: ReturnType<typeof openStore>) => store.open(session, { name: 't.jsonl', type: 'transcript' })

test('the last messages stay in memory, all of them are in the file', async () => {
  const store = openStore(await temporaryFolder())
  const transcript = createTranscript({ keep: 200, redactor, clock, stream: await openStream(store) })
  for (let n = 1; n <= 201; n++) transcript.add(user(`message ${n}`))
  expect([transcript.count, transcript.messages().length, transcript.messages()[0]]).toEqual([
    201,
    200,
    { n: 2, at, role: 'user', content: 'message 2' },
  ])
  const ref = await transcript.close()
  const lines = (await textOf(store, 't.jsonl')).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    Array.from({ length: 201 }, (_, index) => ({ n: index + 1, at, role: 'user', content: `message ${index + 1}` })),
  )
  expect([ref?.bytes, await faultsOf(store)]).toEqual([lines.join('\n').length + 1, []])
})

test('no secret reaches memory or the disk', async () => {
  const store = openStore(await temporaryFolder())
  const transcript = createTranscript({ keep: 10, redactor, clock, stream: await openStream(store) })
  const call = { id: 'c1', name: 'http.request', arguments: { headers: { a: 'hush-hush-secret' } } }
  transcript.add({ role: 'assistant', content: 'I send hush-hush-secret', toolCalls: [call] })
  transcript.add({ role: 'tool', content: '{"echo":"hush-hush-secret"}', toolName: 'http.request', toolCallId: 'c1' })
  await transcript.close()
  const expected = [
    {
      n: 1,
      at,
      role: 'assistant',
      content: 'I send [redacted]',
      toolCalls: [{ ...call, arguments: { headers: { a: '[redacted]' } } }],
    },
    { n: 2, at, role: 'tool', content: '{"echo":"[redacted]"}', toolName: 'http.request', toolCallId: 'c1' },
  ]
  expect(transcript.messages()).toEqual(expected)
  expect(
    (await textOf(store, 't.jsonl'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(expected)
})

test('works without a file', async () => {
  const transcript = createTranscript({ keep: 1, redactor, clock, stream: undefined })
  transcript.add(user('a'))
  expect([await transcript.close(), transcript.count]).toEqual([undefined, 1])
})

test('a disk that fails stops no message, and is told at the end', async () => {
  const store = openStore(await temporaryFolder(), { files: fullAfter(600) })
  const transcript = createTranscript({ keep: 3, redactor, clock, stream: await openStream(store) })
  for (let n = 1; n <= 50; n++) transcript.add(user(`message ${n}`))
  expect(transcript.messages().map(({ n }) => n)).toEqual([48, 49, 50])
  await expect(transcript.close()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
})

test('a disk that takes nothing for long costs lines, not memory, and that is told', async () => {
  const taken = Promise.withResolvers<void>()
  let lines = 0
  const ref = { path: 'p', name: 'n', type: 'transcript', bytes: 0, checksum: '', createdAt: at, meta: {} } as const
  const stream: ArtifactStream = {
    append() {
      lines += 1
      return taken.promise
    },
    close: async () => ref,
  }
  const transcript = createTranscript({ keep: 1, redactor, clock, stream })
  for (let n = 0; n < 40; n++) transcript.add(user('-'.repeat(1024 * 1024)))
  expect(lines).toBeLessThan(20)
  taken.resolve()
  await expect(transcript.close()).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    cause: { message: `${40 - lines} lines came faster than the disk takes them.` },
  })
})
