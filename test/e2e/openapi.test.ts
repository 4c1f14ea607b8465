import { readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { errorTable } from '../../src/core/error-table.ts'
import { statusByCode } from '../../src/http/problem.ts'
import type { Service } from './_service.ts'
import { startService } from './_service.ts'

type Json = Record<string, unknown>
type Media = { readonly schema: Json; readonly examples?: Readonly<Record<string, Example>> }
type Example = { readonly value: unknown; readonly 'x-status'?: number }
type Response = {
  readonly description: string
  readonly headers: Json
  readonly content: Readonly<Record<string, Media>>
}
type Parameter = { readonly name: string; readonly in: string; readonly required?: boolean; readonly example?: string }
type Operation = {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, Response>>
}
type Document = {
  readonly openapi: string
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<'get' | 'post', Operation>>>>
  readonly components: Readonly<Record<string, Json>>
}

let service: Service
let document: Document
let whole: Document
const agent = new Agent()

beforeAll(async () => {
  service = await startService({ OTTO_EXPOSE_SIMULATE: 'on' })
  document = (await service.get('/openapi.json')).body as Document
  whole = resolve(document, document) as Document
})
afterAll(async () => {
  await service.close()
  await agent.close()
})

/** The document with every reference replaced by what it names; there are no circles. */
function resolve(value: unknown, root: Document): unknown {
  if (Array.isArray(value)) return value.map((one) => resolve(one, root))
  if (typeof value !== 'object' || value === null) return value
  if ('$ref' in value && typeof value.$ref === 'string') return resolve(at(root, value.$ref), root)
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolve(one, root)]))
}

function at(root: Document, ref: string): unknown {
  expect(ref).toMatch(/^#\/components\//)
  const found = ref
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => (value as Json)[key], root)
  expect(found, `${ref} names nothing`).toBeDefined()
  return found
}

/** The routes that the plugins of src/http register. */
function routesInSource(): (readonly [method: string, path: string])[] {
  const folder = new URL('../../src/http/', import.meta.url)
  return readdirSync(folder).flatMap((file) => {
    const routes = readFileSync(new URL(file, folder), 'utf8').matchAll(
      /instance\.(get|post)(?:<[^(]*>)?\('(\/[^']*)'/g,
    )
    return [...routes].map(([, method = '', path = '']) => [method, path] as const)
  })
}

type Told = { readonly path: string; readonly method: 'get' | 'post'; readonly operation: Operation }

const operations = (): Told[] =>
  Object.entries(whole.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method as 'get' | 'post', operation })),
  )

/** Every place with a schema and examples. */
const media = () =>
  operations().flatMap(({ path, operation }) => [
    ...Object.values(operation.requestBody?.content ?? {}).map((one) => [`${path} request`, one] as const),
    ...Object.entries(operation.responses).flatMap(([status, { content }]) =>
      Object.entries(content).map(([type, one]) => [`${path} ${status} ${type}`, one] as const),
    ),
  ])

const check = (schema: Json, value: unknown) =>
  z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema).safeParse(value)

describe('the document', () => {
  test('is OpenAPI 3.1, the same for the page and for programs', async () => {
    expect(document.openapi).toBe('3.1.0')
    expect((await service.get('/docs/json')).body).toEqual(document)
  })

  test('tells every route of the service, and no other', () => {
    const told = operations().map(({ path, method }) => `${method} ${path}`)
    const expected = [['get', '/docs'] as const, ...routesInSource()].flatMap(([method, path]) => {
      if (path !== '/otto/tools/:name') return [`${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`]
      return told.filter((one) => one.startsWith('post /otto/tools/'))
    })
    expect(told.toSorted()).toEqual(expected.toSorted())
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
    expect([...told.keys()].toSorted()).toEqual(Object.keys(rest).toSorted())
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
    for (const [place, { schema, examples = {} }] of media())
      for (const [name, { value }] of Object.entries(examples)) {
        expect(check(schema, value).error?.issues, `${place}: ${name}`).toBeUndefined()
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
  })

  test('get the status that they claim when they are sent in order, and answers as the document tells', async () => {
    let sent = 0
    for (const { path, method, operation } of operations()) {
      const bodies = Object.values(operation.requestBody?.content['application/json']?.examples ?? {})
      for (const { value, 'x-status': claimed = 200 } of method === 'post' ? bodies : [{ value: undefined }]) {
        const { status, contentType, body } = await send(method, fill(path, operation), value)
        expect(status, `${method} ${path} ${JSON.stringify(value)} → ${body}`).toBe(claimed)
        const told = operation.responses[status]?.content[contentType]
        expect(told, `${path} ${status} ${contentType}`).toBeDefined()
        const answer = contentType.endsWith('json') ? JSON.parse(body) : body
        expect(check(told?.schema ?? {}, answer).error?.issues, `${path} ${status}`).toBeUndefined()
        sent += 1
      }
    }
    expect(sent).toBeGreaterThan(25)
  })

  test('get the same answers when they are sent again under their keys', async () => {
    const create = whole.paths['/otto/tools/ttt_create_game']?.post.requestBody?.content['application/json']
    const value = create?.examples?.['create']?.value
    const first = await send('post', '/otto/tools/ttt_create_game', value)
    expect(await send('post', '/otto/tools/ttt_create_game', value)).toEqual(first)
  })
})

const fill = (path: string, { parameters }: Operation): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name) => parameters.find((one) => one.name === name)?.example ?? '')

async function send(method: 'get' | 'post', path: string, value: unknown) {
  const { statusCode, headers, body } = await request(`${service.url}${path}`, {
    method: method === 'get' ? 'GET' : 'POST',
    ...(value === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }),
    dispatcher: agent,
  })
  const contentType = String(headers['content-type']).split(';', 1)[0] ?? ''
  return { status: statusCode, contentType, body: await body.text() }
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
