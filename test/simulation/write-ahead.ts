import type { JsonValue } from '../../src/core/json.ts'
import type { LoggedIntent } from '../../src/intent/intent.ts'
import type { World } from './world.ts'

/** Watches that nothing leaves a process whose exact bytes are not stored, in an intent that is still open. */
export function watchWriteAhead({ network, database, faults, trace }: World): void {
  network.onPost = (body) => {
    const text = signatureOf(body)
    const isStored = ({ state, messages }: LoggedIntent) =>
      (state === 'submitting' || state === 'accepted') &&
      messages.some(({ envelope }) => signatureOf(envelope) === text)
    if (database.intents().some(isStored)) return
    trace('what is sent was not written down')
    faults.push('a message was sent that was not written down before')
  }
}

/** A signature names the signer and every byte that was signed. */
const signatureOf = (envelope: JsonValue | LoggedIntent['messages'][number]['envelope']): string =>
  JSON.stringify((envelope as { readonly proofs?: unknown }).proofs)
