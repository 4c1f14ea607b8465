import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, onTestFinished, test } from 'vitest'
import { post, startChat } from './_chat.ts'

type Schema = { readonly properties?: object; readonly required?: readonly string[] }

/** What a caller has to know of a tool; the request key is told where a program reads it, and not to models. */
const formOf = (name: string, { properties = {}, required = [] }: Schema) => ({
  name,
  keys: Object.keys(properties)
    .filter((key) => key !== 'idempotencyKey')
    .toSorted(),
  required: [...required].toSorted(),
})

test('the catalogue, the model behind each chat door, OpenAPI and MCP are told of the same tools', async () => {
  const chat = await startChat()
  onTestFinished(() => chat.close())
  const listed = (await chat.get('/otto/tools')).body as { tools: { name: string; inputSchema: Schema }[] }
  const forms = listed.tools.map(({ name, inputSchema }) => formOf(name, inputSchema))
  expect(forms).toHaveLength(6)

  const messages = [{ role: 'user', content: 'Hello.' }]
  for (const path of ['/api/chat', '/v1/chat/completions', '/generate']) {
    expect((await post(chat, path, { model: 'otto-scripted', stream: false, messages })).status).toBe(200)
    const asked = chat.model.requests.findLast((one) => one.path === '/api/chat')?.body ?? ''
    const upstream: { tools: { function: { name: string; parameters: Schema } }[] } = JSON.parse(asked)
    expect(
      upstream.tools.map(({ function: { name, parameters } }) => formOf(name, parameters)),
      path,
    ).toEqual(forms)
  }

  const { paths } = (await chat.get('/tools/openapi.json')).body as {
    paths: Record<
      string,
      { post: { operationId: string; requestBody: { content: Record<string, { schema: Schema }> } } }
    >
  }
  const told = Object.values(paths).map(({ post }) =>
    formOf(post.operationId, post.requestBody.content['application/json']?.schema ?? {}),
  )
  expect(told).toEqual(forms)

  const client = new Client({ name: 'parity', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${chat.url}/mcp`)))
  const { tools } = await client.listTools()
  await client.close()
  expect(tools.map(({ name, inputSchema }) => formOf(name, inputSchema as Schema))).toEqual(forms)
})
