import type { FastifyRequest } from 'fastify'

/** The address a request comes from. A dual-stack socket shows an IPv4 peer in IPv6 clothes; it is the same caller. */
export const addressOf = ({ raw: { socket } }: Pick<FastifyRequest, 'raw'>): string =>
  (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=[0-9.]+$)/, '')
