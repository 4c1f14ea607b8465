import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** @see IANA IPv4 Special-Purpose Address Registry; RFC 5771 (multicast), RFC 1112 §4 (reserved) */
const privateV4 = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // shared, behind a carrier's NAT
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local; where clouds serve credentials
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays, withdrawn
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, and broadcast
] as const

/** All of IPv6 that is routed. What wraps an IPv4 address by a prefix of its own (mapped, NAT64) lies outside. @see RFC 4291 §2.4 */
const globalV6 = ['2000::', 3] as const

/** Parts of it that are not. @see IANA IPv6 Special-Purpose Address Registry */
const privateV6 = [
  ['2001::', 23], // protocol assignments, with Teredo, which wraps an IPv4 address
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4, which wraps an IPv4 address
  ['3fff::', 20], // documentation
] as const

const listOf = (family: 'ipv4' | 'ipv6', ranges: readonly (readonly [string, number])[]): BlockList => {
  const list = new BlockList()
  for (const [address, bits] of ranges) list.addSubnet(address, bits, family)
  return list
}

const notPublicV4 = listOf('ipv4', privateV4)
const routedV6 = listOf('ipv6', [globalV6])
const notPublicV6 = listOf('ipv6', privateV6)
const loopbackV4 = listOf('ipv4', [['127.0.0.0', 8]])

/** Is it the address of a host on the public internet? Nothing else is: no name, no address with a zone. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !notPublicV4.check(address, 'ipv4')
  // A zone (fe80::1%eth0) is only ever given to addresses of one link.
  if (!isIPv6(address) || address.includes('%')) return false
  return routedV6.check(address, 'ipv6') && !notPublicV6.check(address, 'ipv6')
}

/** Is it this machine, by 127.0.0.0/8 or ::1? */
export const isLoopbackAddress = (address: string): boolean =>
  isIPv4(address) ? loopbackV4.check(address, 'ipv4') : address === '::1'
