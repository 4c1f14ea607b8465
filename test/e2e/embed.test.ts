import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { read, root } from '../compose.ts'

const run = promisify(execFile)

/** The fenced block of the README after a marker. */
async function block(marker: string): Promise<string> {
  const [, text] =
    (await read('README.md')).match(new RegExp(`<!-- embed: ${marker} -->\\n\`\`\`\\w+\\n([^]*?)\`\`\``)) ?? []
  if (text === undefined) throw new Error(`The README has no ${marker}.`)
  return text
}

/** What `npm install` of the packed file puts there, the packages that it needs as links. */
async function installPacked(into: string): Promise<void> {
  const stage = await mkdtemp(join(tmpdir(), 'otto-pack-'))
  try {
    const kept = ['.otto', 'bin', 'oracle', 'statemachine', 'package.json', 'README.md', 'LICENSE']
    for (const name of kept) await cp(join(root, name), join(stage, name), { recursive: true })
    for (const name of ['wallets', 'src', 'var']) {
      await mkdir(join(stage, name))
      await writeFile(join(stage, name, 'private.txt'), 'It stays at home.')
    }
    await run('npx', ['tsc', '-p', 'tsconfig.build.json', '--outDir', join(stage, 'dist')], { cwd: root })
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json'], { cwd: stage })
    const [{ filename }] = JSON.parse(stdout)
    const otto = join(into, 'node_modules', 'otto')
    await mkdir(otto, { recursive: true })
    await run('tar', ['-xzf', join(stage, filename), '-C', otto, '--strip-components=1'])
    const packages = JSON.parse(await read('package.json'))
    const needed = [...Object.keys(packages.dependencies), '@types/node']
    for (const name of needed) {
      await mkdir(dirname(join(into, 'node_modules', name)), { recursive: true })
      await symlink(join(root, 'node_modules', name), join(into, 'node_modules', name))
    }
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

describe('the packed package in a program of somebody else', () => {
  let home: string
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'otto-embed-'))
    await installPacked(home)
    await mkdir(join(home, '.otto', 'agents'), { recursive: true })
    await writeFile(join(home, '.otto', 'agents', 'greeter.yml'), await block('agent'))
    await writeFile(join(home, 'package.json'), '{ "type": "module" }')
  }, 120_000)
  afterAll(() => rm(home, { recursive: true, force: true }))

  /** Settings such as such a program may have: a database of its own, and production. */
  const env = { HOME: '/nonexistent', NODE_ENV: 'production', DATABASE_URL: 'postgres://db.example/shop' }
  const runHere = (file: string) => run(process.execPath, [file], { cwd: home, env, timeout: 60_000 })

  test('holds what it needs and nothing that is private', async () => {
    const files = await readdir(join(home, 'node_modules', 'otto'), { recursive: true })
    expect(files).toEqual(expect.arrayContaining(['dist/otto.js', 'dist/otto.d.ts', '.otto/prices.yml']))
    expect(files.filter((file) => file.endsWith('private.txt'))).toEqual([])
  })

  test('the program of the README runs as written, and ends by itself', { timeout: 90_000 }, async () => {
    await writeFile(join(home, 'program.js'), await block('example'))
    const { stdout, stderr } = await runHere('program.js')
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({
      counted: { words: 4 },
      answer: { agentId: 'greeter', status: 'COMPLETED', output: expect.stringMatching(/\w/), error: null },
    })
    expect((await readdir(join(home, 'var', 'otto'))).toSorted()).toEqual(
      expect.arrayContaining(['audit.jsonl', 'db', 'sessions']),
    )
    expect(await readdir(home)).not.toContain('wallets')
  })

  test('the program of the README fits the types of the package', { timeout: 90_000 }, async () => {
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node']
    const check = (file: string) => run(join(root, 'node_modules', '.bin', 'tsc'), [...options, file], { cwd: home })
    await writeFile(join(home, 'typed.ts'), await block('example'))
    await check('typed.ts')
    const wrong = (await block('example')).replace("tools.grant('ada', 'count_words')", "tools.grant('ada')")
    await writeFile(join(home, 'wrong.ts'), wrong)
    await expect(check('wrong.ts')).rejects.toMatchObject({ stdout: expect.stringContaining('Expected 2 arguments') })
  })

  test('its command runs', { timeout: 60_000 }, async () => {
    const { stdout } = await run(process.execPath, [join(home, 'node_modules/otto/bin/otto.js'), 'help'], { env })
    expect(stdout).toContain('otto serve')
  })
})
