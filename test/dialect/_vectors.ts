import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'

const Json = z.custom<JsonValue>()
const Members = z.custom<JsonObject>()

/** A file of test/vectors/, parsed. */
const readVectors = (path: string): JsonValue =>
  JSON.parse(readFileSync(new URL(`../vectors/${path}`, import.meta.url), 'utf8'))

/** A file of the repository, parsed. */
export const readRepositoryFile = (path: string): JsonValue =>
  JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'))

/** Messages that peers signed, and those whose value a node re-encodes before it hashes. */
export const signingVectors = z
  .object({
    vectors: z.array(
      z.object({
        name: z.string(),
        dialect: z.string(),
        nulls: z.enum(['as-is', 'keep', 'drop']),
        message: Members,
        canonicalJson: z.string(),
        hashHex: z.string(),
      }),
    ),
    negative: z.array(
      z.object({ name: z.string(), category: z.string(), value: Json, nodeReencodesTo: Members.optional() }),
    ),
  })
  .parse(readVectors('signing.json'))
