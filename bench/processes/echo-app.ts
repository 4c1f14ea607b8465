/** An empty Fastify app that checks what comes with zod and gives it back. Prints its address as a line of JSON. */
import fastify from 'fastify'
import { z } from 'zod'

const Id = z.object({ id: z.uuid() })
const Body = z.strictObject({ tool: z.string(), args: z.object({ gameId: z.uuid() }) })

const app = fastify()
app.get('/health/live', async () => ({ status: 'alive' }))
app.get('/echo/:id/state', async (request) => Id.parse(request.params))
app.post('/echo', async (request) => Body.parse(request.body))
process.on('SIGTERM', () => void app.close())
console.log(JSON.stringify({ url: await app.listen({ port: 0, host: '127.0.0.1' }) }))
