import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path/posix'
import { describe, expect, test } from 'vitest'
import { importsOf } from '../architecture.ts'

const root = new URL('../../src/', import.meta.url)

async function sources(): Promise<ReadonlyMap<string, string>> {
  const paths = (await readdir(root, { recursive: true })).filter((path) => path.endsWith('.ts'))
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await readFile(new URL(path, root), 'utf8')] as const)),
  )
}

/** Files that define a tool, or hold several of them. */
const isToolFile = (path: string, source: string): boolean =>
  path.startsWith('tools/') &&
  (path === 'tools/base-tools.ts' || /=\s*(?:\([^)]*\)[^=]*=>\s*)?defineTool\(|documentTool\(\{/.test(source))

/** What a tool gets as its sandbox, or not at all: it opens nothing by itself. */
const reaches =
  /^(?:node:)?(?:fs|child_process|net|http|https|http2|tls|dgram|dns|worker_threads|cluster)(?:\/.*)?$|^undici$/

/** Who may name a tool's own file: those that give them to the bus. */
const builders = /^(?:tools\/|cli\/|main\.ts$|otto\.ts$|open-[a-z-]+\.ts$)/

/** The files that a source names, inside `src/`. */
const targetsOf = (path: string, source: string): string[] =>
  importsOf(source).flatMap((specifier) => (specifier.startsWith('.') ? join(dirname(path), specifier) : []))

/** Where tools are named, or name, what goes past the bus. */
const bypassesIn = (files: ReadonlyMap<string, string>): string[] => {
  const tools = new Set([...files].flatMap(([path, source]) => (isToolFile(path, source) ? [path] : [])))
  return [...files].flatMap(([path, source]) => [
    ...targetsOf(path, source).flatMap((target) =>
      tools.has(target) && !builders.test(path) ? [`${path} imports ${target}`] : [],
    ),
    ...(tools.has(path) ? importsOf(source).filter((name) => reaches.test(name)) : []).map(
      (name) => `${path} imports ${name}`,
    ),
  ])
}

describe('nothing but the bus holds the function of a tool', () => {
  test('no file goes past it', async () => {
    const files = await sources()
    const tools = [...files].flatMap(([path, source]) => (isToolFile(path, source) ? [path] : []))
    expect(tools).toEqual(expect.arrayContaining(['tools/ttt-make-move.ts', 'tools/fs-write.ts', 'tools/json.ts']))
    expect(bypassesIn(files)).toEqual([])
  })

  test.each([
    { path: 'http/door.ts', source: "import { fsRead } from '../tools/fs-read.ts'", found: 1 },
    { path: 'agent/run.ts', source: "const { fsRead } = await import('../tools/fs-read.ts')", found: 1 },
    { path: 'main.ts', source: "import { fsRead } from './tools/fs-read.ts'", found: 0 },
    {
      path: 'tools/sly.ts',
      source: "import { open } from 'node:fs/promises'\nexport const sly = defineTool({",
      found: 1,
    },
    { path: 'tools/sly.ts', source: "import { request } from 'undici'\nexport const sly = defineTool({", found: 1 },
    { path: 'tools/sly.ts', source: "import { z } from 'zod'\nexport const sly = defineTool({", found: 0 },
  ])('would be found: $path', async ({ path, source, found }) => {
    expect(bypassesIn(new Map([...(await sources()), [path, source]]))).toHaveLength(found)
  })
})

test.each([
  { name: 'ToolBus', type: 'ToolBus', file: 'tools/bus.ts' },
  { name: 'UsageLedger', type: 'Usage(?:Ledger|Book)', file: 'budget/usage-ledger.ts' },
  { name: 'list of agents', type: 'Agents', file: 'agent/create-agents.ts' },
])('there is one maker of a $name', async ({ type, file }) => {
  const makes = new RegExp(`^export (?:async )?function \\w+\\([^]*?\\): (?:Promise<)?${type}>? \\{`, 'm')
  const parts = [...(await sources())].filter(([path]) => path.includes('/')) // what stands beside them builds
  const makers = parts.flatMap(([path, source]) => {
    const functions = source.split(/^(?=export )/m)
    return functions.some((one) => makes.test(one)) ? [path] : []
  })
  expect(makers).toEqual([file])
})

test('none but those that build a service make a bus, and each makes one', async () => {
  const calls = [...(await sources())].flatMap(([path, source]) =>
    [...source.matchAll(/(?<!function )createToolBus\(/g)].map(() => path),
  )
  expect(calls).toEqual([...new Set(calls)])
  expect(calls.filter((path) => !builders.test(path))).toEqual([])
  expect(calls).not.toEqual([])
})
