import type { Pool } from 'undici'
import type { z } from 'zod'
import { decodeJson } from '../core/decode-json.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { SignerNoAnswerError } from './errors.ts'

/** The way to one signer. */
export type SignerLine = {
  readonly pool: Pool
  readonly pathPrefix: string
  readonly token: string | undefined
  readonly timeoutMs: number
}

/**
 * One question, from the first byte to the last of its answer within the deadline; nothing is asked twice.
 * @throws SignerNoAnswerError
 */
export async function askSigner<T>(
  { pool, pathPrefix, token, timeoutMs }: SignerLine,
  { path, body, schema }: { path: string; body?: JsonObject; schema: z.ZodType<T> },
): Promise<T> {
  const signal = AbortSignal.timeout(timeoutMs)
  const headers = {
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const sent = body === undefined ? { method: 'GET' as const } : { method: 'POST' as const, body: JSON.stringify(body) }
  try {
    const answer = await pool.request({ ...sent, path: pathPrefix + path, headers, signal })
    if (answer.statusCode !== 200) {
      // Whatever it says is not for us. A body that is left unread fails, and that must not end the process.
      answer.body.on('error', () => undefined).destroy()
      throw new SignerNoAnswerError('status', `The signer answered ${answer.statusCode}.`)
    }
    return parse(new Uint8Array(await answer.body.arrayBuffer()), schema)
  } catch (error) {
    if (error instanceof SignerNoAnswerError) throw error
    if (signal.aborted) throw new SignerNoAnswerError('no_answer', `The signer gave no answer within ${timeoutMs} ms.`)
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code'
    if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') throw new SignerNoAnswerError('answer', 'The answer is too large.')
    // Only the code goes on: texts and fields of socket errors hold addresses.
    throw new SignerNoAnswerError('unreachable', `The exchange with the signer failed: ${code}.`)
  }
}

function parse<T>(bytes: Uint8Array, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(jsonOf(bytes))
  if (!parsed.success) throw new SignerNoAnswerError('answer', 'The answer of the signer is not one of its protocol.')
  return parsed.data
}

function jsonOf(bytes: Uint8Array): JsonValue | undefined {
  try {
    return decodeJson(bytes)
  } catch {
    return undefined
  }
}
