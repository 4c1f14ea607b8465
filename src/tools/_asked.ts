import { hash } from 'node:crypto'
import type { JsonObject } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import { ArgumentsTooLargeError, ContradictionError, RequestKeyInvalidError } from './errors.ts'
import type { Tool, ToolCallContext } from './tool.ts'

/** What the arguments of any tool may have. */
const MAX_ARGUMENT_BYTES = 16 * 1024

/** Length of a value's JSON text, in UTF-8. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '')

/** @throws ArgumentsTooLargeError */
export function assertSmall(args: unknown, { sandbox }: Tool): void {
  const maxBytes = Math.max(MAX_ARGUMENT_BYTES, sandbox.maxBytes)
  if (jsonBytes(args) > maxBytes) throw new ArgumentsTooLargeError(maxBytes)
}

/**
 * A game may be named by its machine or its oracle, wherever it is named at all.
 * @throws ContradictionError
 */
export function withGameId(args: unknown): unknown {
  if (!isObject(args)) return args
  const { machineId, oracleId, ...rest } = args
  const given = Object.entries({ gameId: rest['gameId'], machineId, oracleId }).filter(([name]) =>
    Object.hasOwn(args, name),
  )
  const [first, second] = given
  if (first === undefined || (first[0] === 'gameId' && second === undefined)) return args
  if (second !== undefined && second[1] !== first[1]) throw new ContradictionError(first[0], second[0])
  return { ...rest, gameId: first[1] }
}

const isObject = (value: unknown): value is Record<string, unknown> => isJsonObject(value as JsonObject)

/**
 * Header and argument name the same thing; a UUID in the arguments was checked by the schema.
 * @throws RequestKeyInvalidError, ContradictionError
 */
export function requestKeyOf({ idempotencyKey: header }: ToolCallContext, args: JsonObject): string | undefined {
  const { idempotencyKey: argument } = args
  if (header !== undefined && !/^[\x21-\x7e]{1,128}$/.test(header)) throw new RequestKeyInvalidError()
  if (typeof argument !== 'string') return header
  if (header !== undefined && header !== argument) throw new ContradictionError('Idempotency-Key', 'idempotencyKey')
  return argument
}

export const withoutKey = ({ idempotencyKey: _, ...args }: JsonObject): JsonObject => args

/** SHA-256, hex. Parsed arguments come in the schema's order, so equal requests have one text. */
export const hashOf = (value: unknown): string => hash('sha256', JSON.stringify(value), 'hex')
