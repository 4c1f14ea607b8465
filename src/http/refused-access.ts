import type { FastifyRequest } from 'fastify'
import type { ErrorCode } from '../core/error-table.ts'

/** A request, or a call of a tool in one, that was refused for who sent it, where from or how often. */
export type RefusedAccess = {
  readonly traceId: string
  /** Who it was, or the address where nobody knew yet. */
  readonly principal: string
  readonly code: string
  /** Method and pattern (`POST /otto/tool`), `tool` and its name, or the method alone where no route has the path. */
  readonly route: string
}

/** Told of each refusal of access, at every door. Called on the hot path: returns at once, never throws. */
export type OnRefused = (refused: RefusedAccess) => void

const accessCodes: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'ORIGIN_NOT_ALLOWED',
  'HOST_NOT_ALLOWED',
  'RATE_LIMITED',
] satisfies ErrorCode[])

/** Passes on refusals of access, and no other. */
export const onlyAccess =
  (onRefused: OnRefused = () => {}): OnRefused =>
  (refused) => {
    if (accessCodes.has(refused.code)) onRefused(refused)
  }

/** Where a request went, as far as a route has it: a path may carry anything. */
export const routeOf = ({ method, routeOptions: { url } }: FastifyRequest): string =>
  url === undefined ? method : `${method} ${url}`
