import { expect, test } from 'vitest'
import { z } from 'zod'
import { baseTools } from '../../src/tools/base-tools.ts'
import { defineTool } from '../../src/tools/tool.ts'
import { openSandbox, temporaryWorld } from '../sandbox/_sandbox.ts'
import { callTool } from './_context.ts'

test('are these, under these names', () => {
  expect(baseTools.map(({ description, aliases }) => [description.name, ...aliases])).toEqual([
    ['fs.read', 'FS.Read', 'filesystem.read_file'],
    ['fs.write', 'FS.Write', 'filesystem.write_file'],
    ['grep', 'Grep', 'filesystem.grep'],
    ['http.request', 'HTTP', 'HTTP.Request'],
    ['json', 'JSON'],
    ['yaml', 'YAML'],
    ['test.run', 'TestRunner', 'TestRunner.Run'],
  ])
  const names = baseTools.flatMap(({ description, aliases }) => [description.name, ...aliases])
  expect(new Set(names).size).toBe(names.length)
})

test('reach only what they need', () => {
  const reach = baseTools.map(({ description, permission, sandbox: { root, network, shell } }) => ({
    name: description.name,
    permission,
    reach: [root === 'agent' && 'files', network && 'network', shell && 'programs'].filter(Boolean).join(' '),
  }))
  expect(reach).toEqual([
    { name: 'fs.read', permission: 'read', reach: 'files' },
    { name: 'fs.write', permission: 'write', reach: 'files' },
    { name: 'grep', permission: 'read', reach: 'files programs' },
    { name: 'http.request', permission: 'write', reach: 'files network' },
    { name: 'json', permission: 'read', reach: '' },
    { name: 'yaml', permission: 'read', reach: '' },
    { name: 'test.run', permission: 'exec', reach: 'files programs' },
  ])
})

test('a tool takes fifteen lines', async () => {
  const countLines = defineTool({
    name: 'count.lines',
    summary: 'Count the lines of a file in your folder.',
    effect: 'read',
    sandbox: { root: 'agent' },
    input: z.object({ path: z.string().max(200) }),
    output: z.object({ lines: z.int() }),
    async run({ path }, { sandbox }) {
      const { bytes } = await sandbox.files.read(path, { maxBytes: 1_000 })
      return { result: { lines: Buffer.from(bytes).toString().split('\n').length } }
    },
  })
  const { root } = await temporaryWorld()
  const sandbox = openSandbox(root)
  await sandbox.files.write('a.txt', Buffer.from('a\nb'))
  expect(await callTool(countLines, { path: 'a.txt' }, { sandbox })).toEqual({ lines: 2 })
})
