import { dag4 } from '@stardust-collective/dag4'
import canonicalize from 'canonicalize'
import { Agent, request } from 'undici'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { drawnMoves, winningMoves } from '../games.ts'
import scenario from '../vectors/fibers/08-tictactoe-upstream-guards.json' with { type: 'json' }

/** A key as clients of the network hold it: dag4 makes id, address and signatures of it. */
export type Key = { readonly privateKey: string; readonly id: string; readonly address: string }

export function keyOf(number: number): Key {
  const privateKey = number.toString(16).padStart(64, '0')
  return {
    privateKey,
    id: dag4.keyStore.getPublicKeyFromPrivate(privateKey).slice(2), // without the leading 04
    address: dag4.keyStore.getDagAddressFromPrivateKey(privateKey),
  }
}

/** The envelope of a message: a proof of each key over the text given, canonical by RFC 8785. */
export async function envelopeOf(message: JsonObject, keys: readonly Key[], signedText: JsonValue = message) {
  const base64 = Buffer.from(canonicalize(signedText) ?? '', 'utf8').toString('base64')
  const proofs = keys.map(async ({ id, privateKey }) => ({
    id,
    signature: await dag4.keyStore.dataSign(privateKey, base64),
  }))
  return { value: message, proofs: await Promise.all(proofs) }
}

const agent = new Agent({ keepAliveTimeout: 1_000 })

/** Loosely: a test looks at what it needs. */
// biome-ignore lint/suspicious/noExplicitAny: what a node answers has no type here on purpose, a client just reads it
export type Loose = any

export async function call(url: string, body?: unknown): Promise<{ status: number; json: Loose }> {
  const sent = body === undefined ? {} : { method: 'POST' as const, body: JSON.stringify(body) }
  const answer = await request(url, { ...sent, dispatcher: agent })
  return { status: answer.statusCode, json: await answer.body.json() }
}

const [creation, machine] = scenario.steps

/** Upstream's own arrangement of the game, in today's words; `oracle` stands in it for the oracle's id. */
export const upstream = {
  oracle: machine?.payload.initialData?.oracleFiberId ?? '',
  scriptProgram: creation?.payload.scriptProgram as unknown as JsonValue,
  initialState: creation?.payload.initialState as unknown as JsonObject,
  definition: machine?.payload.definition as unknown as {
    readonly states: { readonly [id: string]: { readonly id: string; readonly isFinal: boolean } }
    readonly initialState: string
    readonly transitions: readonly {
      readonly from: string
      readonly to: string
      readonly eventName: string
      readonly guard: JsonValue
      readonly effect: JsonValue
      readonly dependencies: readonly string[]
    }[]
  },
}

/** A copy with texts replaced, by the JSON text: keys and paths alike. */
export const reworded = (json: unknown, words: readonly (readonly [from: string, to: string])[]): JsonValue =>
  JSON.parse(words.reduce((text, [from, to]) => text.replaceAll(from, to), JSON.stringify(json)))

/** The rounds that a client plays: X wins with the top row; then nobody. */
export const rounds = { won: winningMoves, drawn: drawnMoves } as const
