import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorTable } from '../../src/core/error-table.ts'
import { statusByCode } from '../../src/http/problem.ts'
import type { ScriptedServer } from '../../src/scripted/server.ts'
import { startScripted } from '../scripted/_scripted.ts'
import type { Document, Json, Method, Operation } from './_api-document.ts'
import { check, issuesOf, resolve } from './_api-document.ts'
import type { Service } from './_service.ts'
import { startService } from './_service.ts'

let model: ScriptedServer
let service: Service
/** What Fastify was told to serve, as `GET /path`. */
const served: string[] = []
let document: Document
let whole: Document
const agent = new Agent()

beforeAll(async () => {
  model = await startScripted()
  subscribe('fastify.initialization', noteRoutes)
  service = await startService({
    OTTO_EXPOSE_SIMULATE: 'on',
    OLLAMA_URL: model.url,
    OTTO_MODEL: 'otto-scripted',
    OTTO_ENABLED: 'true',
  })
  unsubscribe('fastify.initialization', noteRoutes)
  document = (await service.get('/openapi.json')).body as Document
  whole = resolve(document, document) as Document
})
afterAll(async () => {
  await service.close()
  await model.close()
  await agent.close()
})

/** Listens while the one server of the service is made; the page's own, which has no port, comes later. */
function noteRoutes(message: unknown): void {
  const { fastify } = message as { fastify: FastifyInstance } // Fastify documents it so, under Hooks
  fastify.addHook('onRoute', ({ method, url }) => {
    served.push(...[method].flat().map((one) => `${one} ${url}`))
  })
}

/** Served and not told, each for a reason. */
const untold: Readonly<Record<string, string>> = {
  'POST /mcp': 'a protocol of its own, and programs make a tool of every operation that they find',
  'HEAD /api/blobs/:digest': 'always refused',
  'POST /api/blobs/:digest': 'always refused',
  'GET /ui/*': 'the page again, and its files',
  'GET /docs/': 'the page under its other name',
  'GET /docs/static/*': 'files of the page',
  'GET /docs/json': 'the document where the page looks for it',
}

/** It answers as GET does, without the body. */
const isHeadOfGet = (route: string): boolean => route.startsWith('HEAD ') && served.includes(`GET${route.slice(4)}`)

/** What tools of agents answer to a model, and what stands in the result of a task: no route is refused with them. */
const toldToAgents = ['FILE_NOT_FOUND', 'TOOL_FAILED', 'SCHEMA_ERROR']

type Told = { readonly path: string; readonly method: Method; readonly operation: Operation }

const operations = (): Told[] =>
  Object.entries(whole.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method as Method, operation })),
  )

/** Every place with a schema and examples. */
const media = () =>
  operations().flatMap(({ path, operation }) => [
    ...Object.values(operation.requestBody?.content ?? {}).map((one) => [`${path} request`, one] as const),
    ...Object.entries(operation.responses).flatMap(([status, { content }]) =>
      Object.entries(content).map(([type, one]) => [`${path} ${status} ${type}`, one] as const),
    ),
  ])

describe('the document', () => {
  test('is OpenAPI 3.1, the same for the page and for programs', async () => {
    expect(document.openapi).toBe('3.1.0')
    expect((await service.get('/docs/json')).body).toEqual(document)
  })

  test('tells every route of the service, and no other', () => {
    const told = operations().map(({ path, method }) => `${method.toUpperCase()} ${path}`)
    const tools = told.filter((route) => route.startsWith('POST /otto/tools/'))
    const expected = served
      .filter((route) => !(route in untold) && !isHeadOfGet(route))
      .flatMap((route) => (route === 'POST /otto/tools/:name' ? tools : inTheDocumentsWords(route)))
    expect(served).toEqual(expect.arrayContaining(Object.keys(untold)))
    expect(tools).toHaveLength(7)
    expect(told.toSorted()).toEqual(expected.toSorted())
  })

  test('has a README beside it that names every path too', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    const section = readme.split('\n## ').find((text) => text.startsWith('HTTP\n')) ?? ''
    const named = new Set([...section.matchAll(/`(?:[A-Z]+ )?(\/[^` ]*)`/g)].map(([, path]) => path))
    const pageFiles = ['/docs/', '/docs/static/*', '/docs/json']
    const paths = served.map((route) => route.split(' ')[1]).filter((path) => !pageFiles.includes(path ?? ''))
    expect([...new Set(paths)].filter((path) => !named.has(path))).toEqual([])
  })

  test('gives every tool of the catalogue a path, a text and an example', async () => {
    const { tools } = (await service.get('/otto/tools')).body as { tools: { name: string; summary: string }[] }
    expect(tools).toHaveLength(7)
    for (const { name, summary } of tools) {
      const operation = whole.paths[`/otto/tools/${name}`]?.post
      expect(operation?.summary).toBe(summary)
      const examples = operation?.requestBody?.content['application/json']?.examples ?? {}
      expect(Object.keys(examples).length, name).toBeGreaterThan(0)
    }
  })

  test('names each operation once, and only tags and parameters that it declares', () => {
    const ids = operations().map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const tags = document.tags.map(({ name }) => name)
    for (const { path, operation } of operations()) {
      expect(operation.summary).toMatch(/\S/)
      for (const tag of operation.tags) expect(tags).toContain(tag)
      const inPath = operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name)
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
      for (const response of Object.values(operation.responses)) expect(response.description).toMatch(/\S/)
    }
  })

  test('tells every code under its status, but for that of unknown methods', () => {
    const told = new Map<string, Set<string>>()
    for (const { operation } of operations())
      for (const [status, { content }] of Object.entries(operation.responses))
        for (const { examples = {} } of Object.values(content))
          for (const { value } of Object.values(examples)) {
            const code = (value as Json)?.['code']
            if (typeof code === 'string') told.set(code, (told.get(code) ?? new Set()).add(status))
          }
    const { METHOD_NOT_ALLOWED: _, ...rest } = errorTable
    const atDoors = Object.keys(rest).filter((code) => !toldToAgents.includes(code))
    expect([...told.keys()].toSorted()).toEqual(atDoors.toSorted())
    for (const [code, statuses] of told)
      expect([...statuses], code).toContain(String(statusByCode[code as keyof typeof statusByCode]))
  })

  test('tells how long to wait, and how to log in', () => {
    for (const { operation } of operations()) {
      if (operation.operationId === 'isAlive' || operation.operationId === 'isReady') continue
      expect(operation.responses['401']?.headers).toHaveProperty('WWW-Authenticate')
      expect(operation.responses['429']?.headers).toHaveProperty('Retry-After')
      expect(operation.responses['503']?.headers).toHaveProperty('Retry-After')
    }
    expect(document.components['securitySchemes']).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } })
  })
})

describe('the examples', () => {
  test('fit their schemas', () => {
    let count = 0
    for (const [place, told] of media())
      for (const [name, { value }] of Object.entries(told.examples ?? {})) {
        expect(issuesOf(told, value), `${place}: ${name}`).toEqual([])
        count += 1
      }
    expect(count).toBeGreaterThan(300)
  })

  test('would be refused by their schemas with any member of another type', () => {
    const schema = whole.paths['/otto/tools/ttt_make_move']?.post.requestBody?.content['application/json']
    expect(check(schema?.schema ?? {}, { gameId: 'x', player: 'X', cell: 4 }).success).toBe(false)
    const problem = whole.paths['/wallets']?.get.responses['401']?.content['application/problem+json']
    const value = problem?.examples?.['UNAUTHENTICATED']?.value as Json
    expect(check(problem?.schema ?? {}, { ...value, code: 'RATE_LIMITED' }).success).toBe(false)
    expect(check(problem?.schema ?? {}, { ...value, status: '401' }).success).toBe(false)
    const lines = whole.paths['/api/chat']?.post.responses['200']?.content['application/x-ndjson'] ?? { schema: {} }
    const text = String(lines.examples?.['stream']?.value)
    expect(issuesOf(lines, text)).toEqual([])
    expect(issuesOf(lines, text.replace('"done":true', '"done":"yes"'))).not.toEqual([])
    expect(issuesOf(lines, text.replace('"message"', '"response"'))).not.toEqual([])
  })

  test('get the status that they claim when they are sent in order, and answers as the document tells', async () => {
    let sent = 0
    const types = new Set<string>()
    for (const { path, method, operation } of operations()) {
      const bodies = Object.values(operation.requestBody?.content['application/json']?.examples ?? {})
      for (const { value, 'x-status': claimed = 200 } of method === 'get' ? [{ value: undefined }] : bodies) {
        const { status, contentType, body } = await send(method, fill(path, operation), value)
        expect(status, `${method} ${path} ${JSON.stringify(value)} → ${body}`).toBe(claimed)
        const told = operation.responses[status]?.content[contentType]
        if (told === undefined) throw new Error(`${path} ${status} ${contentType} is not told.`)
        const answer = /^application\/(?:.*\+)?json$/.test(contentType) ? JSON.parse(body) : body
        expect(issuesOf(told, answer), `${path} ${status} ${body}`).toEqual([])
        types.add(contentType)
        sent += 1
      }
    }
    expect(types).toContain('application/x-ndjson')
    expect(types).toContain('text/event-stream')
    expect(sent).toBeGreaterThan(50)
  })

  test('get the same answers when they are sent again under their keys', async () => {
    const create = whole.paths['/otto/tools/ttt_create_game']?.post.requestBody?.content['application/json']
    const value = create?.examples?.['create']?.value
    const first = await send('post', '/otto/tools/ttt_create_game', value)
    expect(await send('post', '/otto/tools/ttt_create_game', value)).toEqual(first)
  })
})

function fill(path: string, { parameters }: Operation): string {
  const needed = parameters.filter((one) => one.in === 'query' && one.required)
  const query = new URLSearchParams(Object.fromEntries(needed.map(({ name, example = '' }) => [name, example])))
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => parameters.find((one) => one.name === name)?.example ?? '')
  return needed.length > 0 ? `${filled}?${query}` : filled
}

const methods = { get: 'GET', post: 'POST', delete: 'DELETE' } as const

/** In the words of OpenAPI: parameters in braces, and a name for what a star stands for. */
const inTheDocumentsWords = (route: string): string => route.replaceAll(/:(\w+)/g, '{$1}').replace(/\*$/, '{id}')

async function send(method: Method, path: string, value: unknown) {
  const { statusCode, headers, body } = await request(`${service.url}${path}`, {
    method: methods[method],
    // A stream tells something at once to who comes back.
    headers: { 'last-event-id': 'unknown', ...(value === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(value === undefined ? {} : { body: JSON.stringify(value) }),
    dispatcher: agent,
  })
  const contentType = String(headers['content-type']).split(';', 1)[0] ?? ''
  if (path.endsWith('/events')) return { status: statusCode, contentType, body: await beginningOf(body) }
  return { status: statusCode, contentType, body: await body.text() }
}

/** Some streams never end: all until the first event is complete. */
async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const piece of body) {
    text += piece
    if (/^data: .*\n\n/m.test(text)) break
  }
  return text
}

describe('the page', () => {
  test('fetches everything it shows from the service itself, and runs no script that is not a file', async () => {
    const page = await send('get', '/docs', undefined)
    expect([page.status, page.contentType]).toEqual([200, 'text/html'])
    const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url)
    expect(assets.length).toBeGreaterThanOrEqual(6)
    expect(page.body).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>|<style|\son\w+=|https?:\/\//)
    for (const asset of assets) {
      expect(asset).toMatch(/^\/docs\/static\//)
      const file = await send('get', asset, undefined)
      expect(file.status, asset).toBe(200)
      if (/\.css$|initializer\.js$/.test(asset)) {
        expect(file.body.length).toBeGreaterThan(100)
        expect(file.body.replaceAll(/https?:\/\/(?:stackoverflow\.com|www\.w3\.org)\S*/g, '')).not.toMatch(
          /url\(["']?(?:https?:)?\/\/|@import|["']https?:\/\//,
        )
      }
    }
  })

  test('may run no inline script, and talk to nobody else', async () => {
    const { headers, body } = await request(`${service.url}/docs`, { dispatcher: agent })
    await body.dump()
    const policy = String(headers['content-security-policy'])
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("connect-src 'self'")
  })

  test.each([
    ['/docs/static/nothing.js', 404],
    ['/docs/nothing', 404],
    ['/docs/static/%2e%2e/package.json', 404],
  ])('has nothing at %s', async (path, status) => {
    const answer = await send('get', path, undefined)
    expect([answer.status, answer.contentType]).toEqual([status, 'application/problem+json'])
  })
})
