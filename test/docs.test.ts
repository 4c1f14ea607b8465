import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commands } from '../src/cli/cli.ts'
import { errorTable } from '../src/core/error-table.ts'
import { gameTools } from '../src/open-games.ts'
import { settingNames } from '../src/settings.ts'
import type { Games } from '../src/tictactoe/tictactoe.ts'

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

/** The rows of the README's table under a heading, as the texts of their cells. */
function rowsOf(heading: string): string[][] {
  const [, section = ''] = read('README.md').match(new RegExp(`^## ${heading}\\n([^]*?)^## `, 'm')) ?? []
  const rows = [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split(/ ?(?<!\\)\| ?/))
  return rows.slice(2).map((row) => row.map((cell) => cell.replaceAll('`', '').replaceAll('\\|', '|').trim()))
}

test("the README's table of settings is that of .env.example, defaults included", () => {
  const defaults = [...read('.env.example').matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(([, ...pair]) => pair)
  const listed = rowsOf('Configuration').map(([name, value]) => [name, value])
  expect(listed.toSorted()).toEqual(defaults.toSorted())
})

test("the README's table of commands has every line of their help, and no other", () => {
  const synopses = commands.flatMap(({ usage }) =>
    usage.split('\n').flatMap((line) => (line.startsWith('otto ') ? [line.split(/ {2,}/)[0]] : [])),
  )
  expect(synopses.length).toBeGreaterThan(commands.length)
  const listed = rowsOf('Command line').map(([command]) => command)
  expect(listed.toSorted()).toEqual(synopses.toSorted())
})

test("the README's table of tools names every tool, in order, with the arguments it needs", () => {
  const tools = gameTools.map((tool) => tool({} as Games).description) // a description asks no game
  const listed = rowsOf('Tools')
  expect(listed.map(([name]) => name)).toEqual([...tools.map(({ name }) => name), 'ttt_simulate_move'])
  for (const [index, { inputSchema }] of tools.entries()) {
    const names = Object.keys(inputSchema['properties'] ?? {}).filter((name) => name !== 'idempotencyKey')
    expect(listed[index]?.[1]?.split(', ').flatMap((text) => text.split(' ')[0] || [])).toEqual(names)
  }
})

test('docs/dependencies.md has a row for every dependency, and each is pinned exactly', () => {
  const all: [string, string][] = ['package.json', 'web/package.json'].flatMap((file) => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read(file))
    return Object.entries<string>({ ...dependencies, ...devDependencies, ...optionalDependencies })
  })
  for (const [name, version] of all) {
    expect(read('docs/dependencies.md')).toContain(`\`${name}\``)
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  }
})
