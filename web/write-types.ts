/**
 * Writes the types of the service's HTTP surface for the page: `npm run types` after a route changed. A test compares
 * them, so that a changed route breaks the build.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { JsonValue } from '../src/core/json.ts'

export const typesPath = fileURLToPath(new URL('src/api/schema.d.ts', import.meta.url))
const generator = fileURLToPath(new URL('node_modules/openapi-typescript/bin/cli.js', import.meta.url))

/** The types of an OpenAPI document; its examples, which differ from run to run, left out. */
export async function typesOf(document: JsonValue): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'otto-types-'))
  try {
    const [from, to] = [join(folder, 'openapi.json'), join(folder, 'schema.d.ts')]
    await writeFile(from, JSON.stringify(withoutExamples(document)))
    await promisify(execFile)(process.execPath, [generator, from, '-o', to], { timeout: 60_000 })
    return await readFile(to, 'utf8')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function withoutExamples(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutExamples)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => name !== 'example' && name !== 'examples')
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutExamples(member as JsonValue)]))
}

if (import.meta.main) {
  const url = process.argv[2] ?? 'http://127.0.0.1:8080'
  const answer = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(10_000) })
  if (!answer.ok) throw new Error(`${url}/openapi.json answers ${answer.status}.`)
  await writeFile(typesPath, await typesOf((await answer.json()) as JsonValue))
}
