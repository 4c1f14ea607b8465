import { NotFoundError } from 'openai'
import { describe, expect, test } from 'vitest'
import { LlmUnavailableError } from '../../../src/llm/errors.ts'
import { json, send } from '../raw-http.ts'
import { collect, startDoor } from './_door.ts'

const models = [
  { id: 'llama3.2:latest', created: 1_793_520_000, ownedBy: 'library' },
  { id: 'hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M' },
]
const wire = [
  { id: 'llama3.2:latest', object: 'model', created: 1_793_520_000, owned_by: 'library' },
  { id: 'hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M', object: 'model', created: 0, owned_by: 'library' },
]
const door = () => startDoor({ listModels: async () => models })

describe('models', () => {
  test('are listed', async () => {
    await using opened = await door()
    expect(await collect(opened.client.models.list())).toEqual(wire)
    expect(json(await send(opened.port, { path: '/v1/models' }))).toEqual({ object: 'list', data: wire })
  })

  test.each([
    ['llama3.2:latest', 0],
    ['llama3.2', 0],
    ['hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M', 1],
  ] as const)('%s is found by its name, slashes escaped or not', async (id, index) => {
    await using opened = await door()
    expect(await opened.client.models.retrieve(id)).toEqual(wire[index])
    expect(json(await send(opened.port, { path: `/v1/models/${id}` }))).toEqual(wire[index])
  })

  test.each(['nope', 'llama3.2:1b', 'hf.co', '../../x'])('%s is not there: 404 as clients know it', async (id) => {
    await using opened = await door()
    const error = await opened.client.models.retrieve(id).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ code: 'model_not_found', type: 'not_found_error', param: 'model' })
  })

  test('are not known while the model server is away', async () => {
    await using opened = await startDoor({
      listModels: async () => {
        throw new LlmUnavailableError()
      },
    })
    const answer = await send(opened.port, { path: '/v1/models' })
    expect([answer.status, json(answer).error.code]).toEqual([502, 'llm_unavailable'])
  })
})
