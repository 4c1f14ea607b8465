import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { settingNames } from '../src/config.ts'
import { errorTable } from '../src/core/error-table.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const sources = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => read(`src/${path}`))

test('docs/errors.md explains every code that reaches a caller, every code thrown, and no other', () => {
  const thrown = sources.flatMap((text) =>
    [...text.matchAll(/readonly code = '([A-Z0-9_]+)'/g)].map(([, code]) => code),
  )
  const explained = [...read('docs/errors.md').matchAll(/^\| <a id="[a-z0-9_]+"><\/a>`([A-Z0-9_]+)` \|/gm)].map(
    ([, code]) => code,
  )
  expect(explained.toSorted()).toEqual([...new Set([...thrown, ...Object.keys(errorTable)])].toSorted())
})

test('.env.example lists every setting, and no other', () => {
  const listed = [...read('.env.example').matchAll(/^([A-Z0-9_]+)=/gm)].map(([, name]) => name)
  expect(listed.toSorted()).toEqual([...settingNames].toSorted())
})

test('the README names every route of the bridge', () => {
  const routes = sources.flatMap((text) => [...text.matchAll(/instance\.(get|post)(?:<[^(]*>)?\('(\/[^']*)'/g)])
  expect(routes.length).toBeGreaterThan(5)
  for (const [, , path] of routes) expect(read('README.md')).toContain(path)
})

test('docs/dependencies.md has a row for every dependency, and each is pinned exactly', () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json'))
  const all: [string, string][] = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
  for (const [name, version] of all) {
    expect(read('docs/dependencies.md')).toContain(`\`${name}\``)
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  }
})
