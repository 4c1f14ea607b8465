import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { collectBytes } from '../../src/core/collect-bytes.ts'

test('law: all bytes in order, or none when there are too many', async () => {
  const chunk = fc.uint8Array({ maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 8 }), fc.nat(100), async (chunks, maxBytes) => {
      const all = Buffer.concat(chunks)
      const collected = await collectBytes(Readable.from(chunks), maxBytes)
      expect(collected).toEqual(all.length <= maxBytes ? all : undefined)
    }),
  )
})

test('a stream that is left early goes on when it was asked not to be destroyed', async () => {
  const stream = Readable.from([Buffer.from('too'), Buffer.from('much'), Buffer.from('rest')])
  expect(await collectBytes(stream.iterator({ destroyOnReturn: false }), 4)).toBeUndefined()
  expect(stream.destroyed).toBe(false)
})
