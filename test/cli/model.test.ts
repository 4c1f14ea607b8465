import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Ollama } from 'ollama'
import { expect, test } from 'vitest'
import { runOtto, spawnOtto } from '../e2e/_process.ts'
import { runHere } from './_in-process.ts'

test('otto model says that it is scripted, answers until it is stopped, and ends with 0', async () => {
  const child = spawnOtto(['model', '--port', '0', '--misbehave', 'liar'], {})
  if (child.stdout === null) throw new Error('The process has no output.')
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  expect(line).toMatch(
    /^http:\/\/127\.0\.0\.1:\d+ answers like Ollama\. It is scripted: no language model runs here\.$/,
  )
  const [url = ''] = String(line).split(' ')
  const ollama = new Ollama({ host: url })
  const { message } = await ollama.chat({ model: 'otto-scripted', messages: [{ role: 'user', content: 'hello' }] })
  expect(message.content).toContain('I placed X')

  const { port } = new URL(url)
  const second = await runOtto(['model', '--port', port], {})
  expect(second).toMatchObject({ code: 78, err: expect.stringMatching(/^otto: Nothing can listen on .*\n$/) })

  const exit = once(child, 'exit')
  child.kill('SIGINT')
  expect((await exit)[0]).toBe(0)
})

test.each([
  { args: ['--port', 'many'], says: '--port must be a number' },
  { args: ['--misbehave', 'nicely'], says: '--misbehave must be one of cut, cut-call' },
  { args: ['--delay', 'long'], says: '--delay must be a number' },
  { args: ['--speed', '9'], says: '--speed' },
])('otto model $args is wrong usage', async ({ args, says }) => {
  const { code, err } = await runHere(['model', ...args])
  expect(code).toBe(2)
  expect(err).toContain(says)
})
