import type { LookupAddress } from 'node:dns'
import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { refused } from './paths.ts'

/** All addresses of a host name. */
export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>

/** Known to the system, as every program on this machine knows it. */
const lookupHere: Lookup = (hostname) => {
  const { promise, resolve, reject } = Promise.withResolvers<readonly LookupAddress[]>()
  systemLookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)))
  return promise
}

/**
 * For a connection that is about to be made: gives it the addresses of its host once all of them have been checked, so
 * that none is asked for a second time. One that is not allowed refuses the whole host.
 */
export function checkedLookup(isAllowed: (address: string) => boolean, lookup: Lookup = lookupHere): LookupFunction {
  const addressesOf = async (hostname: string): Promise<LookupAddress[]> => {
    const addresses = await lookup(hostname)
    const bad = addresses.find(({ address }) => !isAllowed(address))
    if (bad !== undefined) throw refused(`${hostname} has an address that is not public.`)
    if (addresses.length === 0) throw Object.assign(new Error('No address.'), { code: 'ENOTFOUND' })
    return [...addresses]
  }
  return (hostname, { all }, callback) => {
    addressesOf(hostname).then(
      (addresses) =>
        all ? callback(null, addresses) : callback(null, addresses[0]?.address ?? '', addresses[0]?.family),
      (error: Error) => callback(error, []),
    )
  }
}
