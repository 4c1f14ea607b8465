import { hash } from 'node:crypto'
import type { JsonObject } from '../core/json.ts'

/** One of the models that this server says it has. */
export type Card = {
  readonly name: string
  readonly capabilities: readonly string[]
  /** Where a call stands in a stream: on a line of its own before the last, or on the last. Ollama does both. */
  readonly callsOn: 'own' | 'last'
  /** It takes part in no list, but it can be asked. */
  readonly isListed: boolean
}

const base = 'otto-scripted'
const listed: readonly Card[] = [
  { name: `${base}:latest`, capabilities: ['completion', 'tools'], callsOn: 'own', isListed: true },
  { name: `${base}:native`, capabilities: ['completion', 'tools'], callsOn: 'last', isListed: true },
  { name: `${base}:text`, capabilities: ['completion'], callsOn: 'own', isListed: true },
  { name: `${base}:thinking`, capabilities: ['completion', 'tools', 'thinking'], callsOn: 'own', isListed: true },
]

/** The models to choose from: four that behave, one for each way not to, and other names of the first. */
export const createCards = (kinds: readonly string[], alsoNamed: readonly string[] = []): ReadonlyMap<string, Card> =>
  new Map(
    [
      ...listed,
      ...[...kinds.map((kind) => `${base}:${kind}`), ...alsoNamed.map(fullName)].map(
        (name): Card => ({
          name,
          capabilities: ['completion', 'tools'],
          callsOn: 'own',
          isListed: false,
        }),
      ),
    ].map((card) => [card.name, card]),
  )

/** A name as Ollama completes it: without a tag it means `latest`. */
export const fullName = (name: string): string => (name.includes(':') ? name : `${name}:latest`)

/** Tokens that fit, where a request names no `num_ctx`: what Ollama takes on a middling graphics card. */
export const defaultContext = 32_768
const longestContext = 131_072

const details = {
  parent_model: '',
  format: 'script',
  family: 'scripted',
  families: ['scripted'],
  parameter_size: '0',
  quantization_level: 'none',
}

/** No such file exists; the day is that of the version it imitates. */
const modifiedAt = '2026-11-01T08:00:00Z'
const digestOf = (name: string): string => hash('sha256', name, 'hex')

/** An entry of `GET /api/tags`. */
export const tagOf = ({ name, capabilities }: Card): JsonObject => ({
  name,
  model: name,
  modified_at: modifiedAt,
  size: 0,
  digest: digestOf(name),
  details,
  capabilities: [...capabilities],
})

/** An entry of `GET /api/ps`. */
export const runningOf = ({ name }: Card, expiresAt: string, context: number): JsonObject => ({
  name,
  model: name,
  size: 0,
  digest: digestOf(name),
  details,
  expires_at: expiresAt,
  size_vram: 0,
  context_length: context,
})

/** The answer of `POST /api/show`. */
export const showOf = ({ name, capabilities }: Card): JsonObject => ({
  license: 'A script of this program, not a language model: it has no weights and learned nothing.',
  modelfile: `# ${name} is scripted: it plays tic-tac-toe by a table and understands only what it was written for.`,
  parameters: '',
  template: '{{ .Prompt }}',
  details,
  model_info: {
    'general.architecture': 'scripted',
    'general.parameter_count': 0,
    'scripted.context_length': longestContext,
  },
  capabilities: [...capabilities],
  modified_at: modifiedAt,
})
