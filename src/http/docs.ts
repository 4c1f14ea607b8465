import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import fastify from 'fastify'
import type { JsonObject } from '../core/json.ts'
import type { ToolCatalog } from '../tools/tool.ts'
import type { ChatFacts } from './api/chat.ts'
import { createInnerServer } from './inner-server.ts'
import type { WalletAddresses } from './wallets.ts'

export type DocsDeps = {
  readonly tools: ToolCatalog
  readonly network: string
  readonly wallets: () => WalletAddresses
  readonly principalOf: (request: FastifyRequest) => string
  readonly needsToken: boolean
  readonly hasMetrics: boolean
  /** Undefined where there is no chat. */
  readonly chat: ChatFacts | undefined
  /** Do agents run? */
  readonly hasAgents: boolean
  /** Does a person have to agree to each write first? */
  readonly asksFirst: boolean
  /** A UUID of this process. */
  readonly seed: string
}

/**
 * Everything comes from here, and nothing runs that is not a file of ours. swagger-ui 6.1.3 puts one <style> of its own
 * into the page: its text, and no other, is let through; its icons are data URLs.
 * @see CSP level 3 §6
 */
const contentSecurityPolicy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='"],
  imgSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
}

/**
 * `GET /openapi.json`: the service as an OpenAPI 3.1 document, whose examples work for whoever asks. `GET /docs`: the same
 * as a page. Both are made when they are first asked for: loading the page's server costs 60 ms, a fifth of a start.
 */
export const docsRoutes = (deps: DocsDeps): FastifyPluginAsync => {
  const documentFor = createDocuments(deps)
  const page = createInnerServer(openPage)
  return async (instance) => {
    instance.get('/openapi.json', async (request) => documentFor(request))
    instance.get(documentOfPage, async (request) => documentFor(request))
    for (const path of ['/docs', '/docs/', '/docs/static/*'])
      instance.get(path, (request, reply) => page.show(request, reply))
    instance.addHook('onClose', () => page.close())
  }
}

/** Swagger UI behind a server of its own without a port. It is asked for files alone, and never for the document. */
async function openPage(): Promise<FastifyInstance> {
  const server = fastify()
  const [{ default: helmet }, { default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/helmet'),
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ])
  await server.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: contentSecurityPolicy },
    frameguard: { action: 'deny' },
    strictTransportSecurity: false, // whoever ends TLS before us says that
  })
  await server.register(swagger, { mode: 'static', specification: { document: { openapi: '3.1.0', info, paths: {} } } })
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'Otto' },
    uiConfig: { displayRequestDuration: true, tryItOutEnabled: true },
  })
  return server
}

/** Where the page looks for it; it cannot be told otherwise. */
const documentOfPage = '/docs/json'

const info = { title: 'Otto', version: '1' }

/** One document for each caller's name; with a token or on loopback there are one or two of them. */
function createDocuments({ tools, network, wallets, principalOf, seed, asksFirst, ...facts }: DocsDeps) {
  let latest: { readonly principal: string; readonly document: JsonObject } | undefined
  return async (request: FastifyRequest): Promise<JsonObject> => {
    const principal = principalOf(request)
    if (latest?.principal !== principal) {
      const { createApiDocument } = await import('./api/document.ts')
      const world = { network, principal, seed, wallets: wallets(), asksFirst }
      const document = createApiDocument({ ...facts, tools: tools.list(), world })
      latest = { principal, document }
    }
    return latest.document
  }
}
