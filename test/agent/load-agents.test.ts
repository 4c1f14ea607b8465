import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { loadAgents } from '../../src/agent/load-agents.ts'

const tools = ['fs.read', 'grep']
const shippedDir = fileURLToPath(new URL('../../.otto', import.meta.url))
const agent = (name: string, more = '') => `name: ${name}\nmodel: llama3.2\nsystem_prompt: Hello.\n${more}`

/** Three folders of declarations, with these files in their `agents/`. */
async function folders(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), 'otto-agents-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const [projectDir = '', userDir = '', shipped = ''] = ['project', 'user', 'shipped'].map((dir) => join(root, dir))
  for (const dir of [projectDir, userDir, shipped]) await mkdir(join(dir, 'agents'), { recursive: true })
  const put = (path: string, text: string | Uint8Array) => writeFile(join(root, path.replace('/', '/agents/')), text)
  for (const [path, text] of Object.entries(files)) await put(path, text)
  const load = () => loadAgents({ projectDir, userDir, shippedDir: shipped, variables: {}, tools })
  const relative = (file: string) => file.replace(`${root}/`, '').replace('/agents', '')
  return { root, projectDir, userDir, put, load, relative }
}

test('one file is one agent, with defaults for what it does not say', async () => {
  const { load, relative } = await folders({ 'project/one.yml': agent('one'), 'project/two.yaml': agent('two') })
  const { agents, faults } = await load()
  expect(faults).toEqual([])
  expect(agents.map(({ spec, source }) => [spec.name, relative(source)])).toEqual([
    ['one', 'project/one.yml'],
    ['two', 'project/two.yaml'],
  ])
  expect(agents[0]?.spec).toMatchObject({ provider: 'ollama', tools: [], permissions: ['read'], max_rounds: 24 })
})

test('the project stands over the user, and both over what is shipped, as whole files', async () => {
  const { load, relative } = await folders({
    'shipped/a.yml': agent('both', 'description: shipped\n'),
    'shipped/s.yml': agent('shipped'),
    'user/b.yml': agent('both', 'description: user\ntemperature: 1\n'),
    'user/u.yml': agent('user'),
    'project/c.yml': agent('both'),
  })
  const { agents, faults } = await load()
  expect(faults).toEqual([])
  expect(agents.map(({ spec, source, overrides }) => [spec.name, relative(source), overrides.map(relative)])).toEqual([
    ['both', 'project/c.yml', ['user/b.yml', 'shipped/a.yml']],
    ['shipped', 'shipped/s.yml', []],
    ['user', 'user/u.yml', []],
  ])
  expect(agents[0]?.spec.description).toBe('')
  expect(agents[0]?.spec.temperature).toBeUndefined()
})

test('a broken file is told and harms no other, but what it stands over does not run in its place', async () => {
  const { load, relative } = await folders({
    'project/bad.yml': 'name: [',
    'project/good.yml': agent('good'),
    'project/half.yml': 'name: other\nmodel: m\n',
    'project/unset.yml': agent(`good\${UNSET}`),
    'user/bad.yml': agent('bad'),
    'user/half.yml': agent('half'),
    'user/other.yml': agent('other'),
  })
  const { agents, faults } = await load()
  expect(agents.map(({ spec }) => spec.name)).toEqual(['good', 'half'])
  expect(faults.map(({ file, path }) => [relative(file), path])).toEqual([
    ['project/bad.yml', ''],
    ['project/half.yml', 'system_prompt'],
    ['project/unset.yml', 'name'],
  ])
})

test('two files of one folder for one name: neither counts, and the fault names both', async () => {
  const { load, relative } = await folders({
    'project/a.yml': agent('same'),
    'project/b.yml': `# a line before\n${agent('same')}`,
    'user/c.yml': agent('same'),
  })
  const { agents, faults } = await load()
  expect(agents).toEqual([])
  expect(faults).toHaveLength(1)
  expect(faults[0]).toMatchObject({ line: 2, column: 7, path: 'name' })
  expect(relative(faults[0]?.file ?? '')).toBe('project/b.yml')
  expect(faults[0]?.fact).toMatch(/two files .* the other is .*project\/agents\/a\.yml$/)
})

test('folders that are not there hold nothing; one that is a file is a fault', async () => {
  const { projectDir, userDir, load } = await folders({})
  await rm(userDir, { recursive: true })
  expect(await load()).toEqual({ agents: [], faults: [] })
  await rm(join(projectDir, 'agents'), { recursive: true })
  await writeFile(join(projectDir, 'agents'), '')
  expect((await load()).faults).toMatchObject([{ file: projectDir, line: 1, column: 1 }])
})

test('a folder given twice counts once', async () => {
  const { projectDir } = await folders({ 'project/a.yml': agent('a') })
  const dirs = { projectDir, userDir: `${projectDir}/`, shippedDir: projectDir }
  const { agents, faults } = await loadAgents({ ...dirs, variables: {}, tools })
  expect(faults).toEqual([])
  expect(agents).toMatchObject([{ source: join(projectDir, 'agents', 'a.yml'), overrides: [] }])
})

test('files that are too long, no text, no files, or not there are faults of their own', async () => {
  const { projectDir, put, load, relative } = await folders({
    'project/fits.yml': `${agent('fits')}#${'x'.repeat(250_000)}`,
    'project/long.yml': `${agent('long')}#${'x'.repeat(256 * 1024)}`,
  })
  await put('project/binary.yml', new Uint8Array([0xff, 0xfe]))
  await mkdir(join(projectDir, 'agents', 'folder.yml'))
  await symlink('nowhere', join(projectDir, 'agents', 'dangling.yml'))
  const { agents, faults } = await load()
  expect(agents.map(({ spec }) => spec.name)).toEqual(['fits'])
  const fact = 'it cannot be read as a plain file of UTF-8 text of at most 256 KiB'
  expect(faults.map((fault) => [relative(fault.file), fault.fact])).toEqual([
    ['project/binary.yml', fact],
    ['project/dangling.yml', 'there is no such file'],
    ['project/folder.yml', fact],
    ['project/long.yml', fact],
  ])
})

test('what a reference names on the disk is read: at most 4 KiB of a plain file', async () => {
  const { root, put, load } = await folders({})
  const ask = (path: string) => put('project/a.yml', `name: a\nmodel: m\nsystem_prompt: '\${file:${path}}'\n`)
  await writeFile(join(root, 'short'), 'text of the disk\n')
  await writeFile(join(root, 'long'), 'x'.repeat(4_097))
  await ask(join(root, 'short'))
  expect((await load()).agents[0]?.spec.system_prompt).toBe('text of the disk')
  for (const path of [join(root, 'long'), root, '/dev/zero']) {
    await ask(path)
    expect(await load()).toMatchObject({ agents: [], faults: [{ path: 'system_prompt' }] })
  }
})

test('what is shipped reads without a fault, and its first example is short', async () => {
  const otto = await readFile(join(shippedDir, 'agents/otto.yml'), 'utf8')
  const six = /^tools: \[(.*)\]$/m.exec(otto)?.[1]?.split(', ') ?? []
  expect(six).toHaveLength(6)
  const options = { projectDir: '/nowhere', userDir: '/nowhere', shippedDir, tools: six }
  const { agents, faults } = await loadAgents({ ...options, variables: {} })
  expect(faults).toEqual([])
  expect(agents.map(({ spec }) => spec.name)).toEqual(['hello', 'otto'])
  expect(agents[1]?.spec).toMatchObject({
    provider: 'ollama',
    model: 'llama3.2',
    tools: six,
    budgets: { time: 300, tokens: 200_000, cost_usd: 0.5 },
  })
  const hello = await readFile(join(shippedDir, 'agents/hello.yml'), 'utf8')
  expect(hello.trimEnd().split('\n').length).toBeLessThanOrEqual(20)
  const set = await loadAgents({ ...options, variables: { OTTO_MODEL_PROVIDER: 'openai', OTTO_MODEL: 'm' } })
  expect(set.agents[0]?.spec).toMatchObject({ provider: 'openai', model: 'm' })
})
