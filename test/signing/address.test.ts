import { expect, test } from 'vitest'
import { addressFromId, idFromPublicKey, isAddress, isId, spkiFromId } from '../../src/signing/address.ts'
import { signingVectors, upstreamVectors } from './vectors.ts'

const one = {
  id: '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8',
  address: 'DAG6rkDwd7V6uboeH9fajUnue7eSsMKt4w9GiXjy',
}

test.each(signingVectors.keys)('derives id, SPKI and address: $name', ({ publicKeyHex, id, spkiDerHex, address }) => {
  expect(idFromPublicKey(publicKeyHex)).toBe(id)
  expect(spkiFromId(id).toString('hex')).toBe(spkiDerHex)
  expect(addressFromId(id)).toBe(address)
  expect(isAddress(address)).toBe(true)
})

test.each([...signingVectors.vectors, ...upstreamVectors])('derives the address of $id', (vector) => {
  expect(idFromPublicKey(vector.publicKeyHex)).toBe(vector.id)
  expect(addressFromId(vector.id)).toBe(vector.address)
})

test('upper-case digits name the same key', () => {
  expect(addressFromId(one.id.toUpperCase())).toBe(one.address)
  expect(idFromPublicKey(`04${one.id.toUpperCase()}`)).toBe(one.id)
})

test.each([
  { name: 'an id with its 04', id: `04${one.id}` },
  { name: 'a compressed key', id: `02${one.id.slice(0, 64)}` },
  { name: 'a digit too few', id: one.id.slice(1) },
  { name: 'another character', id: `g${one.id.slice(1)}` },
  { name: 'a line break behind', id: `${one.id}\n` },
  { name: 'nothing', id: '' },
])('refuses $name as an id', ({ id }) => {
  expect(isId(id)).toBe(false)
  expect(() => addressFromId(id)).toThrow(expect.objectContaining({ code: 'PUBLIC_KEY_INVALID', kind: 'invalid' }))
})

test.each([
  { name: 'an id', key: one.id },
  { name: 'a compressed key', key: `02${one.id.slice(0, 64)}` },
  { name: 'a hybrid key', key: `06${one.id}` },
  { name: 'another character', key: `04${one.id.slice(1)}g` },
])('refuses $name as a public key', ({ key }) => {
  expect(() => idFromPublicKey(key)).toThrow(expect.objectContaining({ code: 'PUBLIC_KEY_INVALID' }))
})

test.each([
  { name: 'another check digit', text: one.address.replace('DAG6', 'DAG7') },
  { name: 'a check digit of 9, which no sum modulo 9 gives', text: one.address.replace('DAG6', 'DAG9') },
  { name: 'a changed digit', text: one.address.replace('w9', 'w8') },
  { name: 'a character that is not base58', text: one.address.replace('rkD', 'rk0') },
  { name: 'a capital I', text: one.address.replace('rkD', 'rkI') },
  { name: 'another prefix', text: one.address.replace('DAG', 'dag') },
  { name: 'a character too few', text: one.address.slice(0, -1) },
  { name: 'a character too many', text: `${one.address}y` },
  { name: 'a line break behind', text: `${one.address}\n` },
  { name: 'nothing', text: '' },
])('an address is not $name', ({ text }) => {
  expect(isAddress(text)).toBe(false)
})
