import nock from 'nock'
import { afterAll, beforeAll } from 'vitest'
import type { LanguageModel } from '../../src/llm/language-model.ts'
import type { Script, UpstreamHandler, UpstreamServer } from './upstream.ts'
import { startUpstream } from './upstream.ts'

/** For a test file: real sockets only. Under nock a refused connection looks like one that stood. */
export function useRealSockets(): void {
  beforeAll(() => nock.restore())
  afterAll(() => nock.activate())
}

/** An adapter and the server that it talks to. */
export type Started<Model extends LanguageModel> = AsyncDisposable & {
  readonly upstream: UpstreamServer
  readonly model: Model
}

/** Starts a server and opens an adapter on its address; disposing closes both. */
export async function startWith<Model extends LanguageModel>(
  answer: Script | readonly Script[] | UpstreamHandler,
  open: (url: string) => Model,
): Promise<Started<Model>> {
  const upstream = await startUpstream(answer)
  const model = open(upstream.url)
  const close = async () => {
    await model.close()
    await upstream.close()
  }
  return { upstream, model, [Symbol.asyncDispose]: close }
}
