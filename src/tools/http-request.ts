import { z } from 'zod'
import { defineTool } from './tool.ts'

/** Of a body, either way. */
const maxBodyBytes = 1024 * 1024

/** `http.request`: GET or POST to a host on the agent's list. A POST may change something, so it is a write. */
export const httpRequest = defineTool({
  name: 'http.request',
  aliases: ['HTTP', 'HTTP.Request'],
  summary: 'Send a GET or POST to a host on your list. Any status is an answer; truncated: the body was cut.',
  effect: 'write',
  origin: 'base',
  sandbox: { root: 'agent', network: true, maxBytes: 7 * maxBodyBytes },
  input: z.object({
    method: z.enum(['GET', 'POST']).default('GET'),
    url: z.string().min(1).max(8_192).describe('With http:// or https://, without a password.'),
    headers: z.record(z.string().max(100), z.string().max(4_096)).default({}),
    body: z.string().max(maxBodyBytes).optional(),
    timeoutMs: z.int().min(1).max(60_000).default(10_000).describe('For all of it, redirects included.'),
  }),
  output: z.object({
    status: z.int(),
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.string(),
    truncated: z.boolean(),
  }),
  async run(input, { sandbox, signal }) {
    const { isCut, ...answer } = await sandbox.network.request({ ...input, maxBytes: maxBodyBytes, signal })
    return { result: { ...answer, truncated: isCut } }
  },
})
