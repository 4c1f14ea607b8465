import { expect, test } from 'vitest'
import { encodeCheckpoint, parseCheckpoint } from '../../src/devnet/checkpoint.ts'
import type { LedgerImage } from '../../src/devnet/image.ts'
import { createLedger, genesisOf } from '../../src/devnet/ledger.ts'
import { decodeUpdate, withAddresses } from '../../src/devnet/update.ts'
import { createEngine } from '../../src/fiber/engine.ts'
import { createCounter, sign, uuid, workchain } from './fixtures.ts'

async function twoCounters(): Promise<LedgerImage> {
  const ledger = createLedger({ engine: createEngine(), image: genesisOf('any') })
  for (const number of [1, 2]) {
    const { envelope } = await sign(workchain, createCounter(number, workchain))
    const update = { ...decodeUpdate(workchain, envelope.value), proofs: withAddresses(envelope.proofs) }
    ledger.execute([update], { dedupe: false, allowEmpty: false })
  }
  return ledger.image()
}

const readBack = (image: LedgerImage) =>
  parseCheckpoint(Buffer.from([...encodeCheckpoint(image, 'workchain')].join(''), 'utf8'), 'checkpoint', 'workchain')

test('a checkpoint gives back what it was made of, the newest snapshot included', async () => {
  const image = await twoCounters()
  expect(image.newest?.updates).toHaveLength(1)
  expect(readBack(image)).toEqual(image)
  // As the first version wrote it.
  expect(readBack({ ...image, newest: null })).toEqual({ ...image, newest: null })
})

test('what the records of a checkpoint have in common is one object again', async () => {
  const { view } = createLedger({ engine: createEngine(), image: readBack(await twoCounters()) })
  const [one, other] = [1, 2].map((number) => view.fibers.get(uuid(number)))
  if (one?.kind !== 'machine' || other?.kind !== 'machine') throw new Error('Both are machines.')
  expect(one.definition.states).toBe(other.definition.states)
  expect(one.definition.transitions[0]).toBe(other.definition.transitions[0])
})
