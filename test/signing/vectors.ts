import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { JsonValue } from '../../src/core/json.ts'

const Json = z.json() as z.ZodType<JsonValue>

const Key = z.object({
  name: z.string(),
  privateKeyHex: z.string(),
  publicKeyHex: z.string(),
  id: z.string(),
  address: z.string(),
  spkiDerHex: z.string(),
  spkiSha256Hex: z.string(),
  base58: z.string(),
})

const Positive = z.object({
  name: z.string(),
  flow: z.enum(['data-update', 'plain']),
  nulls: z.enum(['as-is', 'keep', 'drop']),
  privateKeyHex: z.string(),
  publicKeyHex: z.string(),
  id: z.string(),
  address: z.string(),
  message: Json,
  canonicalJson: z.string(),
  bytesHex: z.string(),
  hashHex: z.string(),
  digestHex: z.string(),
  signatureDerHex: z.string(),
  deterministic: z.boolean(),
})

const Negative = z.object({
  name: z.string(),
  category: z.enum(['tamper', 'control', 'id', 'der', 'hex', 'recipe', 're-encode']),
  value: Json,
  id: z.string(),
  signatureDerHex: z.string(),
  hashHex: z.string(),
  recommend: z.enum(['accept', 'reject']),
  nodeReencodesTo: Json.optional(),
})

const Upstream = z.object({
  source: z.string(),
  flow: z.enum(['data-update', 'plain']),
  message: Json,
  canonicalJson: z.string(),
  hashHex: z.string(),
  publicKeyHex: z.string(),
  id: z.string(),
  address: z.string(),
  signatureDerHex: z.string(),
  valid: z.boolean(),
  lowS: z.boolean(),
})

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'))

/** test/vectors/signing.json: keys, messages that verify, and variations with the verdict each must get. */
export const signingVectors = z
  .object({ keys: z.array(Key), vectors: z.array(Positive), negative: z.array(Negative) })
  .parse(read('signing'))

/** test/vectors/upstream-verify.json: signatures that the metakit SDK publishes. */
export const upstreamVectors = z.object({ vectors: z.array(Upstream) }).parse(read('upstream-verify')).vectors
