import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { isJsonArray, isJsonObject } from '../../../src/core/json.ts'
import type { ChatFacts } from '../../../src/http/api/chat.ts'
import { createApiDocument } from '../../../src/http/api/document.ts'

const ollama: ChatFacts = { defaultModel: 'llama3.2', isOllama: true, allowAdmin: false }

type Operation = {
  readonly requestBody?: { readonly content: Record<string, { readonly examples?: JsonObject }> }
  readonly responses: JsonObject
}
type Document = {
  readonly paths: Record<string, Record<string, Operation>>
  readonly tags: readonly { readonly name: string }[]
  readonly components: { readonly schemas: JsonObject }
}

const wallet = { address: 'DAG7' }
const world = {
  network: 'test',
  principal: 'somebody',
  seed: '0b0b8f0e-6c1d-5f43-9a52-7d1f0c2b3a4d',
  wallets: { playerX: wallet, playerO: wallet },
  asksFirst: false,
}

const documentOf = (chat: ChatFacts | undefined): Document =>
  // The cast holds as far as the tests look: they read what they find.
  createApiDocument({
    tools: [],
    needsToken: false,
    hasMetrics: false,
    hasAgents: false,
    chat,
    world,
  }) as unknown as Document

/** The names of all schemas that something refers to. */
const namedIn = (value: JsonValue): string[] => {
  if (isJsonArray(value)) return value.flatMap(namedIn)
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([key, one]) =>
    key === '$ref' && typeof one === 'string' ? (/^#\/components\/schemas\/(.*)$/.exec(one)?.[1] ?? []) : namedIn(one),
  )
}

const chatPaths = ['/', '/api/chat', '/api/show', '/api/tags', '/api/version', '/generate', '/v1/chat/completions']
const none: string[] = []
const passedPaths = ['/api/embed', '/api/generate', '/api/ps', '/api/pull', '/v1/completions', '/v1/messages']

test.each([
  { name: 'an Ollama', chat: ollama, told: [...chatPaths, ...passedPaths], untold: none },
  { name: 'another model server', chat: { ...ollama, isOllama: false }, told: chatPaths, untold: passedPaths },
  { name: 'no chat', chat: undefined, told: none, untold: [...chatPaths, ...passedPaths] },
])('with $name the document tells what is served, and names no schema that is not there', ({ chat, told, untold }) => {
  const document = documentOf(chat)
  const paths = Object.keys(document.paths)
  expect(paths).toEqual(expect.arrayContaining(told))
  expect(paths.filter((path) => untold.includes(path))).toEqual([])
  expect(document.tags.some(({ name }) => name === 'chat')).toBe(chat !== undefined)
  const names = new Set(namedIn(document as unknown as JsonObject))
  expect([...names].filter((name) => !(name in document.components.schemas))).toEqual([])
})

test('only an Ollama may answer in its own words', () => {
  const hasDefault = (chat: ChatFacts, path: string) =>
    Object.values(documentOf(chat).paths[path] ?? {}).map(({ responses }) => 'default' in responses)
  expect(hasDefault(ollama, '/api/chat')).toEqual([true])
  expect(hasDefault({ ...ollama, isOllama: false }, '/api/chat')).toEqual([false])
  expect(hasDefault({ ...ollama, isOllama: false }, '/api/tags')).toEqual([false])
})

test.each([
  ['/api/pull', 'post'],
  ['/api/delete', 'delete'],
])('%s is told as refused with an example, or as passed on with none that would do harm', (path, method) => {
  const operationOf = (allowAdmin: boolean) => documentOf({ ...ollama, allowAdmin }).paths[path]?.[method]
  const examplesOf = (operation: Operation | undefined) =>
    Object.values(operation?.requestBody?.content['application/json']?.examples ?? {})
  const refused = operationOf(false)
  expect(examplesOf(refused)).toMatchObject([{ 'x-status': 403 }])
  expect(JSON.stringify(refused?.responses['403'])).toContain('"code":"FORBIDDEN"')
  const passed = operationOf(true)
  expect(passed?.responses).toHaveProperty('200')
  expect(examplesOf(passed)).toEqual([])
  expect(JSON.stringify(passed)).not.toContain('Refused, whatever')
})
