import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../src/config.ts'
import { openModel, readModelKey } from '../src/open-model.ts'

async function keyFile(text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'otto-key-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  const path = join(dir, 'key')
  await writeFile(path, text, { mode: 0o600 })
  return path
}

const withKeyFile = async (text: string) => parseConfig({ OPENAI_API_KEY_FILE: await keyFile(text) })

test('the key of a model server comes from its setting, or from a file without its line break', async () => {
  expect(await readModelKey(parseConfig({}))).toBeUndefined()
  expect(await readModelKey(parseConfig({ OPENAI_API_KEY: 'sk-1' }))).toBe('sk-1')
  expect(await readModelKey(await withKeyFile('sk-2\n'))).toBe('sk-2')
})

test.each(['', '\n', 'two words', 'two\nlines', 'ключ'])(
  'a file with %j holds no key, and stops the start',
  async (text) => {
    const { model } = await withKeyFile(text)
    const asked = openModel({ model: { ...model, provider: 'openai' } })
    await expect(asked).rejects.toMatchObject({ code: 'MODEL_KEY_INVALID', kind: 'invalid' })
  },
)
