import { BaseError } from '../core/errors.ts'

/** The model server cannot be reached, or says that it is too busy. The message never holds its address. */
export class LlmUnavailableError extends BaseError {
  override readonly code = 'LLM_UNAVAILABLE'
  override readonly kind = 'unavailable'
  /** The connection broke before a byte of the answer: nothing was said, so the same may be asked again. */
  readonly wasReset: boolean
  constructor(
    fact = 'The model server is unreachable.',
    { cause, wasReset = false }: { cause?: unknown; wasReset?: boolean } = {},
  ) {
    super(fact, { cause })
    this.wasReset = wasReset
  }
}

/** It is there and wants fewer questions: 429 or 529 to each of several tries, or a longer pause than anybody waits. */
export class LlmRateLimitError extends BaseError {
  override readonly code = 'LLM_RATE_LIMIT'
  override readonly kind = 'unavailable'
  /** `retryAfterSeconds`: what the server asked for; 10 where it did not say. */
  constructor(retryAfterSeconds = 10) {
    super('The model server wants fewer questions.', { details: { retryAfterSeconds } })
  }
}

/** It is there and refuses the key of this service, or wants one: 401 or 403. Never quotes the key. */
export class LlmAuthError extends BaseError {
  override readonly code = 'LLM_AUTH'
  override readonly kind = 'unavailable'
  constructor({ hasKey = true }: { hasKey?: boolean } = {}) {
    super(
      hasKey
        ? 'The model server refuses the key of this service.'
        : 'The model server wants a key, and this service has none.',
      { hint: 'An operator must look: set OPENAI_API_KEY or ANTHROPIC_API_KEY to a key that is valid.' },
    )
  }
}

/** The question is longer than what the model takes. In the server's own words where it has some, at most 200 characters. */
export class LlmContextOverflowError extends BaseError {
  override readonly code = 'LLM_CONTEXT_OVERFLOW'
  override readonly kind = 'invalid'
  constructor(words = '') {
    super(words.slice(0, 200) || 'The question is longer than the context of the model.')
  }
}

/** The model server failed too often just now, so it was not asked at all. */
export class LlmCircuitOpenError extends BaseError {
  override readonly code = 'CIRCUIT_OPEN'
  override readonly kind = 'unavailable'
  constructor(retryAfterSeconds: number) {
    super('The model server failed too often just now.', {
      details: { upstream: 'model', retryAfterSeconds },
      hint: `Ask again in ${retryAfterSeconds} s. The tools go on without it.`,
    })
  }
}

/** The model server took the question and then said nothing for too long. */
export class LlmTimeoutError extends BaseError {
  override readonly code = 'LLM_TIMEOUT'
  override readonly kind = 'timeout'
  constructor(waitedMs: number) {
    super('The model did not answer in time.', { details: { waitedMs } })
  }
}

/** What came back is not an answer in the protocol: junk, an endless line, a call that is not JSON, an error of its own. */
export class LlmBadResponseError extends BaseError {
  override readonly code = 'LLM_BAD_RESPONSE'
  override readonly kind = 'unavailable'
  /** `isCall`: the model wrote a call that its server could not read; asking again may help. */
  readonly isCall: boolean
  constructor(fact: string, { isCall = false }: { isCall?: boolean } = {}) {
    super(fact)
    this.isCall = isCall
  }
}

/** The answer broke off in the middle. What had come until then stands; a call that was not complete is dropped. */
export class LlmStreamCutError extends BaseError {
  override readonly code = 'LLM_STREAM_CUT'
  override readonly kind = 'unavailable'
  constructor(fact = "The model's answer broke off.", cause?: unknown) {
    super(fact, { cause })
  }
}

/** The model server refuses this request: 4xx, in its own words, at most 200 characters of them. */
export class LlmRefusedError extends BaseError {
  override readonly code = 'LLM_REFUSED'
  override readonly kind = 'invalid'
  constructor(status: number, words: string) {
    super(words.slice(0, 200), { details: { status } })
  }
}

/** The model server has no such model. */
export class ModelNotFoundError extends BaseError {
  override readonly code = 'MODEL_NOT_FOUND'
  override readonly kind = 'not_found'
  constructor(model: string) {
    super(`model '${model.slice(0, 100)}' not found`, {
      hint: 'Name a model that the server has; with Ollama, pull it first.',
    })
  }
}

/** The model's server says that this model takes no tools. The loop then tells it of them in the prompt. */
export class ToolsUnsupportedError extends BaseError {
  override readonly code = 'LLM_REFUSED'
  override readonly kind = 'invalid'
  constructor(model: string) {
    super(`${model.slice(0, 100)} does not support tools`, { details: { status: 400 } })
  }
}
