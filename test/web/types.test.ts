import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { typesOf, typesPath } from '../../web/write-types.ts'
import { startService } from '../e2e/_service.ts'

test("the page's types are those of the service's document; npm run types writes them", async () => {
  const service = await startService()
  onTestFinished(() => service.close())
  const { body } = await service.get('/openapi.json')
  expect(await typesOf(body as JsonValue)).toBe(await readFile(typesPath, 'utf8'))
})
