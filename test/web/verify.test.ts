import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { isJsonObject } from '../../src/core/json.ts'
import { canonicalize } from '../../src/signing/canonical.ts'
import { addressFromId } from '../../web/src/ledger/address.ts'
import type { LedgerMessage, Nulls } from '../../web/src/ledger/message.ts'
import { canonicalText, hashOf, isSignedBy, verifyMessage } from '../../web/src/ledger/verify.ts'
import type { Service } from '../e2e/_service.ts'
import { startedGame, startService } from '../e2e/_service.ts'
import { signingVectors, upstreamVectors } from '../signing/vectors.ts'

describe('vectors from outside', () => {
  test.each(signingVectors.keys)('gives the address of $name', ({ id, address }) => {
    expect(addressFromId(id)).toBe(address)
    expect(addressFromId(`04${id}`)).toBeUndefined()
  })

  const updates = signingVectors.vectors.filter(({ flow }) => flow === 'data-update')
  test.each(updates)(
    'hashes and verifies: $name',
    ({ message, nulls, canonicalJson, hashHex, id, signatureDerHex }) => {
      expect(canonicalText(message, nulls === 'drop' ? 'drop' : 'keep')).toBe(canonicalJson)
      expect(hashOf(canonicalJson)).toBe(hashHex)
      expect(isSignedBy(hashHex, { id, signature: signatureDerHex })).toBe(true)
    },
  )

  test.each(upstreamVectors)('agrees with: $source', ({ canonicalJson, flow, hashHex, id, signatureDerHex, valid }) => {
    if (flow === 'data-update') expect(hashOf(canonicalJson)).toBe(hashHex)
    expect(isSignedBy(hashHex, { id, signature: signatureDerHex })).toBe(valid)
  })

  const judged = signingVectors.negative.filter(({ category }) => category !== 're-encode')
  test.each(judged)('$category, $recommend: $name', ({ value, id, signatureDerHex, recommend }) => {
    const isTaken = isSignedBy(hashOf(canonicalize(value)), { id, signature: signatureDerHex })
    expect(isTaken).toBe(recommend === 'accept')
  })
})

describe('a message of the embedded ledger', () => {
  let service: Service
  let message: LedgerMessage
  let all: readonly LedgerMessage[]
  let nulls: Nulls
  let wallets: readonly string[]
  beforeAll(async () => {
    service = await startService()
    const view = await startedGame(service, [['X', 4]])
    wallets = [view.playerX, view.playerO]
    const { status, body } = await service.get(`/otto/games/${view.gameId}/messages`)
    expect(status).toBe(200)
    const { messages, nulls: found } = body as { messages: LedgerMessage[]; nulls: Nulls }
    const move = messages.find(({ hash }) => hash === view.moveHistory[0]?.hash)
    if (move === undefined) throw new Error('The move is not among the messages.')
    message = move
    nulls = found
    all = messages
  })
  afterAll(() => service.close())

  const wrongSteps = (changed: Partial<LedgerMessage>, expected: Partial<{ wallets: string[]; player: string }> = {}) =>
    verifyMessage({ ...message, ...changed }, nulls, { wallets, player: wallets[0] ?? '', ...expected })
      .filter(({ isRight }) => !isRight)
      .map(({ step }) => step)

  test('is right in every step', () => {
    const checks = verifyMessage(message, nulls, { wallets, player: wallets[0] ?? '' })
    expect(checks.map(({ step }) => step)).toEqual(['canonical', 'hash', 'signature', 'address', 'wallet', 'signer'])
    expect(checks.filter(({ isRight }) => !isRight)).toEqual([])
  })

  test('so is every other message of the game', () => {
    expect(all.map(({ eventName }) => eventName)).toEqual(expect.arrayContaining(['start_game', 'make_move']))
    for (const one of all) {
      const checks = verifyMessage(one, nulls, { wallets, player: null })
      expect(checks.filter(({ isRight }) => !isRight)).toEqual([])
    }
  })

  test('the order of members never matters', () => {
    expect(wrongSteps({ value: reversed(objectOf(message)) })).toEqual([])
  })

  test('another value is not what was signed', () => {
    expect(wrongSteps({ value: { ...objectOf(message), more: 1 } })).toEqual(['hash', 'signature'])
  })

  test('another hash beside it is found out', () => {
    expect(wrongSteps({ hash: message.hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) })).toEqual(['hash'])
  })

  test('another key did not sign it', () => {
    const [key] = signingVectors.keys
    const proofs = message.proofs.map((proof) => ({ ...proof, id: key?.id ?? '' }))
    expect(wrongSteps({ proofs })).toEqual(['signature', 'address', 'wallet', 'signer'])
  })

  test.each([
    { name: 'a cut signature', change: (signature: string) => signature.slice(0, -2) },
    { name: 'no hex', change: () => 'xyz' },
    { name: 'an empty one', change: () => '' },
    { name: 'another digit in s', change: (text: string) => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0') },
  ])('$name verifies nothing', ({ change }) => {
    const proofs = message.proofs.map(({ id, signature }) => ({ id, signature: change(signature) }))
    expect(wrongSteps({ proofs })).toEqual(['signature'])
  })

  test('nobody signed a message without proofs', () => {
    expect(wrongSteps({ proofs: [] })).toEqual(['signature', 'signer'])
  })

  test('wallets of another service, and the other player', () => {
    expect(wrongSteps({}, { wallets: ['DAG0'] })).toEqual(['wallet'])
    expect(wrongSteps({}, { player: wallets[1] ?? '' })).toEqual(['signer'])
  })

  test('what has no canonical text is told so', () => {
    expect(wrongSteps({ value: { half: '\ud800' } })).toEqual(['canonical'])
  })
})

function objectOf({ value }: LedgerMessage): JsonObject {
  if (!isJsonObject(value)) throw new Error('The value is no object.')
  return value
}

const reversed = (object: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(object)
      .toReversed()
      .map(([name, member]) => [name, isJsonObject(member) ? reversed(member) : member]),
  )
