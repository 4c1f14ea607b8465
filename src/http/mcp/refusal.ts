import type { FastifyReply } from 'fastify'
import type { Refusal } from '../problem.ts'
import { prepare } from '../send.ts'
import type { RpcAnswer } from './messages.ts'
import { rpcCodes, rpcError, toRpcMessage } from './messages.ts'

const codeOf: Readonly<Record<string, number>> = {
  INVALID_JSON: rpcCodes.parseError,
  INVALID_REQUEST: rpcCodes.invalidRequest,
  INTERNAL_ERROR: rpcCodes.internalError,
}

/** A refusal as a JSON-RPC error; ours in `data`. */
export const toRpcRefusal = ({ success: _, error, ...rest }: Refusal): RpcAnswer =>
  rpcError(codeOf[rest.code] ?? rpcCodes.serverError, error, rest)

/** A request that is refused before it is read as a message: a JSON-RPC error without an id, under the status of its code. */
export function sendRpcRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  prepare(reply, refusal)
  return reply.send(toRpcMessage(null, toRpcRefusal(refusal)))
}
