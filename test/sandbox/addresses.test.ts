import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLoopbackAddress, isPublicAddress } from '../../src/sandbox/addresses.ts'

test.each([
  { address: '0.0.0.0', isPublic: false },
  { address: '9.255.255.255', isPublic: true },
  { address: '10.0.0.1', isPublic: false },
  { address: '11.0.0.0', isPublic: true },
  { address: '100.63.255.255', isPublic: true },
  { address: '100.64.0.1', isPublic: false },
  { address: '100.128.0.0', isPublic: true },
  { address: '127.0.0.1', isPublic: false },
  { address: '127.255.255.254', isPublic: false },
  { address: '169.254.169.254', isPublic: false },
  { address: '172.15.255.255', isPublic: true },
  { address: '172.16.0.1', isPublic: false },
  { address: '172.31.255.255', isPublic: false },
  { address: '172.32.0.0', isPublic: true },
  { address: '192.168.1.1', isPublic: false },
  { address: '198.18.0.1', isPublic: false },
  { address: '224.0.0.1', isPublic: false },
  { address: '255.255.255.255', isPublic: false },
  { address: '8.8.8.8', isPublic: true },
  { address: '::', isPublic: false },
  { address: '::1', isPublic: false },
  { address: '::ffff:8.8.8.8', isPublic: false },
  { address: '::ffff:7f00:1', isPublic: false },
  { address: '64:ff9b::a00:1', isPublic: false },
  { address: '64:ff9b:1::1', isPublic: false },
  { address: '100::1', isPublic: false },
  { address: '2001::1', isPublic: false },
  { address: '2001:db8::1', isPublic: false },
  { address: '2002:7f00:1::', isPublic: false },
  { address: '2606:4700::1111', isPublic: true },
  { address: '3fff::1', isPublic: false },
  { address: 'fc00::1', isPublic: false },
  { address: 'fe80::1', isPublic: false },
  { address: 'fe80::1%eth0', isPublic: false },
  { address: '2606:4700::1111%eth0', isPublic: false },
  { address: 'ff02::1', isPublic: false },
  { address: 'example.org', isPublic: false },
  { address: '127.1', isPublic: false },
  { address: '', isPublic: false },
])('$address is public: $isPublic', ({ address, isPublic }) => {
  expect(isPublicAddress(address)).toBe(isPublic)
})

test('law: no private IPv4 address is public in any of the ways in which IPv6 says it', () => {
  const octet = fc.nat(255)
  const privateV4 = fc.oneof(
    fc.tuple(fc.constantFrom(0, 10, 127), octet, octet, octet),
    fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
    fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
    fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet),
    fc.tuple(fc.integer({ min: 224, max: 255 }), octet, octet, octet),
  )
  fc.assert(
    fc.property(privateV4, (octets) => {
      const v4 = octets.join('.')
      const [a, b, c, d] = octets.map((one) => one.toString(16).padStart(2, '0'))
      const words = `${a}${b}:${c}${d}`
      for (const address of [v4, `::ffff:${v4}`, `::ffff:${words}`, `::${v4}`, `64:ff9b::${words}`, `2002:${words}::1`])
        expect({ address, isPublic: isPublicAddress(address) }).toEqual({ address, isPublic: false })
    }),
  )
})

test('law: no address of this machine is public', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV6(), (v4, v6) => {
      expect(isLoopbackAddress(v4) && isPublicAddress(v4)).toBe(false)
      expect(isLoopbackAddress(v6) && isPublicAddress(v6)).toBe(false)
    }),
  )
})
