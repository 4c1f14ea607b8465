import type { JsonValue } from '../core/json.ts'

/** Data L1 takes messages, the metagraph's L0 shows state. Names as in the chain's transport. */
export type Layer = 'l1' | 'l0'

/** A node's answer: a JSON body, or a text where `json` is undefined. Names as in the chain's transport. */
export type Answer = {
  readonly status: number
  readonly json: JsonValue | undefined
  readonly text: string | undefined
  readonly retryAfterSeconds: number | undefined
}

export type RouteRequest = {
  /** The `:name` segments of the path, unescaped. */
  readonly params: ReadonlyMap<string, string>
  readonly query: URLSearchParams
  /** @throws InvalidJsonError when the body is not strict JSON */
  readBody(): JsonValue
}

export type Route = {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Segments, of which `:name` takes any one. */
  readonly path: string
  handle(request: RouteRequest): Answer | Promise<Answer>
}

export const json = (value: JsonValue, status = 200, retryAfterSeconds?: number): Answer => ({
  status,
  json: value,
  text: undefined,
  retryAfterSeconds,
})

export const text = (body: string, status = 200): Answer => ({
  status,
  json: undefined,
  text: body,
  retryAfterSeconds: undefined,
})

/** What a node says to an unknown route, and to an id or word that is none. @see http4s `orNotFound` */
export const notFound: Answer = text('Not found', 404)

export type Router = (method: string, pathAndQuery: string, readBody: () => JsonValue) => Promise<Answer>

/** Finds the route of a method and path among a layer's; the first that fits answers, or `Not found`. */
export function createRouter(routes: readonly Route[]): Router {
  const table = routes.map((route) => ({ route, pattern: route.path.split('/') }))
  return async (method, pathAndQuery, readBody) => {
    const [path = '', query = ''] = splitOnce(pathAndQuery, '?')
    const segments = path.split('/')
    for (const { route, pattern } of table) {
      const params = route.method === method ? match(pattern, segments) : undefined
      if (params !== undefined) return route.handle({ params, query: new URLSearchParams(query), readBody })
    }
    return notFound
  }
}

function splitOnce(whole: string, mark: string): readonly string[] {
  const at = whole.indexOf(mark)
  return at < 0 ? [whole] : [whole.slice(0, at), whole.slice(at + mark.length)]
}

function match(pattern: readonly string[], segments: readonly string[]): Map<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined
  const params = new Map<string, string>()
  for (const [index, expected] of pattern.entries()) {
    const given = unescapeSegment(segments[index] ?? '')
    if (expected.startsWith(':')) params.set(expected.slice(1), given ?? '')
    else if (given !== expected) return undefined
  }
  return params
}

/** Undefined for an escape that is none: it fits no pattern. */
function unescapeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
