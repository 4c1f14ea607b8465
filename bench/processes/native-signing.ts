/**
 * Loaded before the service (`--import`): lets libsecp256k1 sign and verify in the place of noble and node:crypto. Only
 * for the bench: the service itself has no such switch. The addon is the npm package secp256k1 with its prebuilt binary,
 * which stands in node_modules as a dependency of dag4.
 */
import { registerHooks } from 'node:module'

const replaced = new Map([
  ['/signing/ecdsa.ts', new URL('./_native-ecdsa.ts', import.meta.url).href],
  ['/signing/verify.ts', new URL('./_native-verify.ts', import.meta.url).href],
])

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    const isOurs = context.parentURL?.includes('/bench/') === true
    for (const [end, url] of replaced)
      if (!isOurs && resolved.url.endsWith(`/src${end}`)) return { ...resolved, url, format: 'module-typescript' }
    return resolved
  },
})
