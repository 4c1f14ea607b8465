/** An app that does nothing, with the packages that the service cannot do without. Prints its address as JSON. */
import nodeModule from 'node:module'

nodeModule.enableCompileCache() // as bin/otto.js does
const [{ default: fastify }, { default: swagger }, { default: swaggerUi }, { z }, noble, undici] = await Promise.all([
  import('fastify'),
  import('@fastify/swagger'),
  import('@fastify/swagger-ui'),
  import('zod'),
  import('@noble/secp256k1'),
  import('undici'),
])

const app = fastify({ logger: true })
await app.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'empty', version: '0' } } })
await app.register(swaggerUi, { routePrefix: '/docs' })
const Answer = z.object({ status: z.string() })
app.get('/health/live', async () => Answer.parse({ status: 'alive' }))
process.on('SIGTERM', () => void app.close())
const url = await app.listen({ port: 0, host: '127.0.0.1' })
console.log(JSON.stringify({ url, loaded: [typeof noble.sign, typeof undici.request] }))
