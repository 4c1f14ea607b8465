import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { arrows, importsOf, violationsOf } from './architecture.ts'

const root = fileURLToPath(new URL('../src', import.meta.url))
const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts'))
const sources = new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]))

test('the sources keep to the layout', () => {
  expect(sources.size).toBeGreaterThan(0)
  expect(violationsOf(sources)).toEqual([])
})

test('docs/layout.md shows the same arrows', () => {
  const page = readFileSync(new URL('../docs/layout.md', import.meta.url), 'utf8')
  const [, table = ''] = page.split('| folder | may import |')
  const words = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)
  const rows = [...table.matchAll(/^\| (`.*) \| (.*) \|$/gm)].flatMap(([, folders, allowed]) =>
    words(folders).map((folder) => [folder, words(allowed)] as const),
  )
  const roots = [
    'main.ts',
    'open-chain.ts',
    'open-access.ts',
    'open-agents.ts',
    'open-audit.ts',
    'open-chat.ts',
    'open-devnet.ts',
    'open-events.ts',
    'open-games.ts',
    'open-kill-switch.ts',
    'open-live.ts',
    'open-model.ts',
    'open-models.ts',
    'open-records.ts',
    'open-spending.ts',
    'open-tracing.ts',
    'open-wallets.ts',
    'otto.ts',
    'cli',
  ]
  expect(Object.fromEntries(rows.filter(([folder]) => !roots.includes(folder)))).toEqual(arrows)
  expect(rows.map(([folder]) => folder)).toEqual(expect.arrayContaining(roots))
})

test('the arrows between folders make no circle', () => {
  const reaches = (from: string, to: string): boolean =>
    (arrows[from] ?? []).some((next) => next === to || reaches(next, to))
  expect(Object.keys(arrows).filter((folder) => reaches(folder, folder))).toEqual([])
})

describe('the check finds', () => {
  test.each([
    {
      name: 'an arrow against the table',
      files: { 'core/a.ts': "import { b } from '../wallet/b.ts'", 'wallet/b.ts': '' },
      found: 'core/a.ts: core may not import wallet (wallet/b.ts)',
    },
    {
      name: 'a type that crosses',
      files: { 'chain/a.ts': "import type { B } from '../tools/b.ts'", 'tools/b.ts': '' },
      found: 'chain/a.ts: chain may not import tools (tools/b.ts)',
    },
    {
      name: 'an import over several lines',
      files: { 'chain/a.ts': "import {\n  b,\n  c,\n} from '../http/b.ts'", 'http/b.ts': '' },
      found: 'chain/a.ts: chain may not import http (http/b.ts)',
    },
    {
      name: 'a dynamic import',
      files: { 'chain/a.ts': "const b = await import('../wallet/b.ts')", 'wallet/b.ts': '' },
      found: 'chain/a.ts: chain may not import wallet (wallet/b.ts)',
    },
    {
      name: 'an import for its effect',
      files: { 'jlvm/a.ts': "import '../fiber/b.ts'", 'fiber/b.ts': '' },
      found: 'jlvm/a.ts: jlvm may not import fiber (fiber/b.ts)',
    },
    {
      name: 'someone who imports main',
      files: { 'http/a.ts': "import { serve } from '../main.ts'", 'main.ts': '' },
      found: 'http/a.ts: http may not import main.ts (main.ts)',
    },
    {
      name: 'someone who imports a command',
      files: { 'tools/a.ts': "import { play } from '../cli/play.ts'", 'cli/play.ts': '' },
      found: 'tools/a.ts: tools may not import cli (cli/play.ts)',
    },
    {
      name: 'config reaching for a part',
      files: { 'config.ts': "import { a } from './wallet/a.ts'", 'wallet/a.ts': '' },
      found: 'config.ts: config.ts may not import wallet (wallet/a.ts)',
    },
    {
      name: 'a private file of another folder',
      files: { 'main.ts': "import { poll } from './chain/_poll.ts'", 'chain/_poll.ts': '' },
      found: 'main.ts: chain/_poll.ts is private to chain',
    },
    {
      name: 'a folder without a row',
      files: { 'utils/a.ts': '' },
      found: 'utils/a.ts: utils has no row in the table of arrows',
    },
    { name: 'a barrel', files: { 'core/index.ts': '' }, found: 'core/index.ts: a barrel' },
    {
      name: 'a re-export',
      files: { 'core/a.ts': "export { b } from './b.ts'", 'core/b.ts': '' },
      found: 'core/a.ts: re-exports',
    },
    {
      name: 'a re-export of all',
      files: { 'core/a.ts': "export * from './b.ts'", 'core/b.ts': '' },
      found: 'core/a.ts: re-exports',
    },
    { name: 'a long file', files: { 'core/a.ts': 'line\n'.repeat(301) }, found: 'core/a.ts: 301 lines' },
    {
      name: 'the environment read elsewhere',
      files: { 'http/a.ts': 'const port = process.env.PORT' },
      found: 'http/a.ts: reads the environment',
    },
    {
      name: 'Fastify outside the edge',
      files: { 'tools/a.ts': "import type { FastifyReply } from 'fastify'" },
      found: 'tools/a.ts: may not import fastify',
    },
    {
      name: 'a circle of types',
      files: { 'core/a.ts': "import type { B } from './b.ts'", 'core/b.ts': "import type { A } from './a.ts'" },
      found: 'cycle: core/a.ts → core/b.ts → core/a.ts',
    },
    {
      name: 'a circle over three files, off the path that leads to it',
      files: {
        'core/a.ts': "import { b } from './b.ts'",
        'core/b.ts': "import { c } from './c.ts'",
        'core/c.ts': "import { d } from './d.ts'",
        'core/d.ts': "import { b } from './b.ts'",
      },
      found: 'cycle: core/b.ts → core/c.ts → core/d.ts → core/b.ts',
    },
    {
      name: 'a file that imports itself',
      files: { 'core/a.ts': "import { a } from './a.ts'" },
      found: 'cycle: core/a.ts → core/a.ts',
    },
  ])('$name', ({ files, found }) => {
    expect(violationsOf(new Map(Object.entries(files)))).toEqual([found])
  })
})

describe('the check lets through', () => {
  test.each([
    { name: 'an arrow of the table', files: { 'fiber/a.ts': "import { b } from '../jlvm/b.ts'", 'jlvm/b.ts': '' } },
    {
      name: 'a private file of its own folder',
      files: { 'chain/a.ts': "import { p } from './_p.ts'", 'chain/_p.ts': '' },
    },
    { name: 'main building everything', files: { 'main.ts': "import { w } from './wallet/w.ts'", 'wallet/w.ts': '' } },
    { name: 'a command that starts main', files: { 'cli/a.ts': "import { m } from '../main.ts'", 'main.ts': '' } },
    { name: 'the environment in main', files: { 'main.ts': 'start(process.env)' } },
    { name: 'a data file beside src', files: { 'tictactoe/a.ts': "import o from '../../oracle/o.json' with {}" } },
    { name: 'an import in a comment', files: { 'core/a.ts': "// import { b } from '../http/b.ts'" } },
    { name: '300 lines', files: { 'core/a.ts': 'line\n'.repeat(300) } },
    {
      name: 'two ways to one file',
      files: {
        'core/a.ts': "import { b } from './b.ts'\nimport { c } from './c.ts'",
        'core/b.ts': "import { c } from './c.ts'",
        'core/c.ts': '',
      },
    },
  ])('$name', ({ files }) => {
    expect(violationsOf(new Map(Object.entries(files) as [string, string][]))).toEqual([])
  })
})

test('imports are read off the source', () => {
  const source = `import a from 'a'
import type { B } from "./b.ts"
import * as c from './c.ts'
import './d.ts'
export const text = 'from'
const quoted = "import x from 'x'"
`
  expect(importsOf(source)).toEqual(['a', './b.ts', './c.ts', './d.ts'])
})
