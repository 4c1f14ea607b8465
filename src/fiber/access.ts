import type { FiberLookup } from './lookup.ts'
import type { AccessControl } from './messages.ts'

/**
 * May this address invoke a script with that policy? `FiberOwned` asks for an owner of the named fiber, machine or
 * script; a fiber that does not exist lets nobody in.
 * @see OttoChain `AccessControlPolicy`
 */
export function mayInvoke(policy: AccessControl, address: string, fibers: FiberLookup): boolean {
  switch (policy.type) {
    case 'Public':
      return true
    case 'Whitelist':
      return policy.addresses.includes(address)
    case 'FiberOwned':
      return fibers.get(policy.fiberId)?.owners.includes(address) ?? false
  }
}
