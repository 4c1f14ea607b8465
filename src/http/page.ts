import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fastify from 'fastify'
import { BaseError } from '../core/errors.ts'
import { NotFoundError } from './errors.ts'
import { createInnerServer } from './inner-server.ts'

export type PageDeps = {
  /** The folder that the page was built into; undefined where none is served. */
  readonly folder: string | undefined
  /** Is this an Ollama to clients that ask `GET /` in no browser? */
  readonly isOllama: boolean
}

/** There is no page in its folder. */
class PageNotBuiltError extends BaseError {
  override readonly code = 'NOT_FOUND'
  override readonly kind = 'not_found'
  constructor() {
    super('The page was not built.', { hint: 'Run npm run build -w web, or npm ci without --ignore-scripts.' })
  }
}

/**
 * Everything comes from here, and nothing runs that is not a file of ours. Styles of single elements are set through the
 * CSSOM, which no policy touches.
 * @see CSP level 3 §6
 */
const contentSecurityPolicy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
}

/** Their names change with what is in them. */
const assets = '/ui/assets/'
const forEver = 'public, max-age=31536000, immutable'

/**
 * The page: `GET /` for browsers, `/ui` and every path below it that is no file, since the page finds its own way. It
 * holds nothing that a token guards; what it shows, it asks for.
 */
export const pageRoutes = ({ folder, isOllama }: PageDeps): FastifyPluginAsync => {
  const files = createInnerServer(() => openFiles(folder))
  const index = (request: FastifyRequest, reply: FastifyReply) => files.show(request, reply, '/ui/index.html')
  return async (instance) => {
    instance.get('/', async (request, reply) => {
      reply.header('vary', 'accept')
      if (wantsPage(request)) return index(request, reply)
      if (!isOllama) throw new NotFoundError()
      return reply.type('text/plain; charset=utf-8').send('Ollama is running')
    })
    instance.get('/ui', index)
    instance.get('/ui/*', async (request, reply) => {
      const path = request.url.split('?', 1)[0] ?? ''
      return path.startsWith(assets) ? files.show(request, reply, path) : index(request, reply)
    })
    instance.addHook('onClose', () => files.close())
  }
}

const wantsPage = ({ headers }: FastifyRequest): boolean => headers.accept?.includes('text/html') === true

async function openFiles(folder: string | undefined): Promise<FastifyInstance> {
  if (folder === undefined || !existsSync(join(folder, 'index.html'))) throw new PageNotBuiltError()
  const server = fastify()
  const [{ default: helmet }, { default: files }] = await Promise.all([
    import('@fastify/helmet'),
    import('@fastify/static'),
  ])
  await server.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: contentSecurityPolicy },
    frameguard: { action: 'deny' },
    strictTransportSecurity: false, // whoever ends TLS before us says that
  })
  await server.register(files, {
    root: folder,
    prefix: '/ui/',
    preCompressed: true,
    index: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('cache-control', path.includes('/assets/') ? forEver : 'no-cache')
    },
  })
  return server
}
