import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { isJsonArray, isJsonObject } from '../../src/core/json.ts'
import { gameTools } from '../../src/open-games.ts'
import { toModelTools } from '../../src/tools/for-models.ts'
import { tttSimulateMove } from '../../src/tools/ttt-simulate-move.ts'
import { createWorld } from '../tictactoe/_world.ts'
import { convertedTools } from './_tool-server-client.ts'
import { startBridge } from './bridge.ts'
import { json, send } from './raw-http.ts'

type Form = { readonly name: string; readonly keys: readonly string[]; readonly required: readonly JsonValue[] }

const formOf = (name: string, { properties, required }: JsonObject): Form => ({
  name,
  keys: isJsonObject(properties) ? Object.keys(properties).toSorted() : [],
  required: isJsonArray(required) ? required.toSorted() : [],
})

/** Models are not told of the key. */
const forModels = ({ keys, ...form }: Form): Form => ({ ...form, keys: keys.filter((key) => key !== 'idempotencyKey') })

test('every door tells of the same tools, with the same arguments', async () => {
  const world = await createWorld()
  const tools = [...gameTools, tttSimulateMove].map((tool) => tool(world.games))
  const catalogue = tools.map(({ description }) => description)
  await using bridge = await startBridge({ tools })
  const read = async (path: string) => json(await send(bridge.port, { path }))

  const forms = catalogue.map(({ name, inputSchema }) => formOf(name, inputSchema))
  expect(forms).toHaveLength(7)
  expect(forms.filter(({ keys }) => keys.includes('idempotencyKey'))).toHaveLength(5)
  expect(forms.filter(({ required }) => required.includes('idempotencyKey'))).toEqual([])

  const listed: { tools: { name: string; inputSchema: JsonObject }[] } = await read('/otto/tools')
  expect(listed.tools.map(({ name, inputSchema }) => formOf(name, inputSchema))).toEqual(forms)

  const modelForms = forms.map(forModels)
  expect(toModelTools(catalogue).map(({ name, parameters }) => formOf(name, parameters))).toEqual(modelForms)
  const converted = convertedTools(await read('/tools/openapi.json'))
  expect(
    converted.map(({ name, properties, required }) => formOf(name, { properties: { ...keyed(properties) }, required })),
  ).toEqual(modelForms)
  await world.close()
})

const keyed = (properties: object): JsonObject => Object.fromEntries(Object.keys(properties).map((key) => [key, true]))
