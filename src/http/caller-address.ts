import { BlockList, isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** The address that a request comes from. */
export type AddressOf = (request: Pick<FastifyRequest, 'raw'>) => string

/** More hops than that are no chain of ours. */
const maxHops = 32

/**
 * The socket's address; or, where that is a trusted proxy's, what it wrote down last in `X-Forwarded-For`, and so on from
 * the right to the first address that is nobody's we trust. What stands before that, anybody can write.
 * @param trustedProxies addresses and networks (`10.0.0.0/8`)
 */
export function createAddressOf(trustedProxies: readonly string[] = []): AddressOf {
  const ofSocket: AddressOf = ({ raw: { socket } }) => plain(socket.remoteAddress ?? 'unknown')
  if (trustedProxies.length === 0) return ofSocket
  const trusted = toBlockList(trustedProxies)
  const isTrusted = (address: string) => isIP(address) !== 0 && trusted.check(address, familyOf(address))
  return (request) => {
    const told = String(request.raw.headers['x-forwarded-for'] ?? '')
      .split(',')
      .slice(-maxHops)
    let address = ofSocket(request)
    while (isTrusted(address)) {
      const next = plain(told.pop()?.trim() ?? '')
      if (isIP(next) === 0) break
      address = next
    }
    return address
  }
}

/** A dual-stack socket shows an IPv4 peer in IPv6 clothes; it is the same caller. */
const plain = (address: string): string => address.replace(/^::ffff:(?=[0-9.]+$)/i, '')

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

function toBlockList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    if (bits === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, Number(bits), familyOf(address))
  }
  return list
}
