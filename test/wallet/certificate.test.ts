import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { createCertificate, publicKeyOfCertificate } from '../../src/wallet/certificate.ts'
import { vectors } from './_keystores.ts'

const [vector] = vectors
const keyPair = {
  privateKey: Uint8Array.from(Buffer.from(vector?.privateKeyHex ?? '', 'hex')),
  publicKeyHex: vector?.publicKeyHex ?? '',
}
const nowMs = Date.parse('2026-11-21T12:00:00Z')

test.each([0x00, 0x7f, 0xff])(
  'a certificate with serial bytes %i names, dates and signs as the keytool does',
  (byte) => {
    const der = createCertificate({ keyPair, nowMs, randomBytes: (size) => new Uint8Array(size).fill(byte) })
    const certificate = new X509Certificate(der)
    expect(certificate.subject).toBe('CN=constellationnetwork.io\nO=Constellation Labs')
    expect(certificate.issuer).toBe(certificate.subject)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.signatureAlgorithm).toBe('ecdsa-with-SHA512')
    expect(certificate.validFromDate.getTime()).toBe(nowMs)
    expect(certificate.validToDate.getTime()).toBe(nowMs + 365_000 * 86_400_000)
    expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{15}$/)
    expect(publicKeyOfCertificate(der)).toBe(keyPair.publicKeyHex)
  },
)
