import type { AnswerOptions, Asked } from './answer.ts'
import { answer, notFound } from './answer.ts'
import { fullName, showOf, tagOf } from './cards.ts'
import { tokensOf } from './lines.ts'
import type { Reply } from './reply.ts'
import { json, refuse, words } from './reply.ts'
import type { State } from './state.ts'
import { createState } from './state.ts'
import type { WireMessage } from './wire.ts'
import { BadRequest, ChatBody, GenerateBody, readBody, ShowBody } from './wire.ts'

/** Answers requests of Ollama's API. It remembers which models are loaded, and how often it was busy. */
export type Responder = (method: string, path: string, body: Buffer) => Reply

/** @see Ollama's server/routes.go */
export function createResponder(options: AnswerOptions): Responder {
  const state = createState(options.clock, options.alsoNamed)
  const routes: Readonly<Record<string, Readonly<Record<string, (body: Buffer) => Reply>>>> = {
    '/': { GET: () => words(200, 'Ollama is running') },
    '/api/version': { GET: () => json({ version: '0.33.0' }) },
    '/api/tags': { GET: () => json({ models: [...state.cards.values()].filter((card) => card.isListed).map(tagOf) }) },
    '/api/ps': { GET: () => json({ models: state.running() }) },
    '/api/show': { POST: (body) => show(body, state) },
    '/api/chat': { POST: (body) => chat(body, state, options) },
    '/api/generate': { POST: (body) => generate(body, state, options) },
  }
  return (method, path, body) => {
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (route === undefined) return words(404, '404 page not found')
    const handler = method === 'HEAD' ? route['GET'] : Object.hasOwn(route, method) ? route[method] : undefined
    return handler?.(body) ?? words(405, '405 method not allowed')
  }
}

function show(bytes: Buffer, { cards }: State): Reply {
  const body = readBody(ShowBody, bytes, 'ShowRequest')
  if (body instanceof BadRequest) return refuse(400, body.words)
  const name = body.model || body.name
  if (name === '') return refuse(400, 'model is required')
  const card = cards.get(fullName(name))
  return card ? json(showOf(card)) : notFound(name)
}

function chat(bytes: Buffer, state: State, options: AnswerOptions): Reply {
  const body = readBody(ChatBody, bytes, 'ChatRequest')
  if (body instanceof BadRequest) return refuse(400, body.words)
  const { messages, tools } = body
  const isEmpty = messages.length === 0
  const asked: Asked = { ...body, tools: tools.map((tool) => tool.function.name), isEmpty }
  return answer(asked, state, options, {
    shape: 'chat',
    isRaw: false,
    size: tokensOf(JSON.stringify([messages, tools])),
  })
}

function generate(bytes: Buffer, state: State, options: AnswerOptions): Reply {
  const body = readBody(GenerateBody, bytes, 'GenerateRequest')
  if (body instanceof BadRequest) return refuse(400, body.words)
  const { prompt, system, raw } = body
  const said = [system === '' ? [] : message('system', system), message('user', prompt)].flat()
  return answer({ ...body, messages: said, tools: [], isEmpty: prompt === '' }, state, options, {
    shape: 'generate',
    isRaw: raw ?? false,
    size: tokensOf(system + prompt),
  })
}

const message = (role: string, content: string): WireMessage => ({
  role,
  content,
  thinking: '',
  images: [],
  tool_calls: [],
  tool_name: '',
  tool_call_id: '',
})
