import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parsePersona, systemMessages, toolRules, withBoardLine } from '../../src/chat/persona.ts'
import type { ChatMessage } from '../../src/llm/language-model.ts'

const otto = parsePersona(readFileSync(new URL('../../.otto/agents/otto.yml', import.meta.url), 'utf8'))
const user: ChatMessage = { role: 'user', content: 'Play X at 4.' }
const assistant: ChatMessage = { role: 'assistant', content: 'Shall I?' }

test('Otto is short, and so are the rules of the tools', () => {
  expect(otto.name).toBe('otto')
  expect(otto.system_prompt.length).toBeLessThan(1_200)
  expect(toolRules.length).toBeLessThanOrEqual(700)
})

test('what the rest of the file holds is for other readers', () => {
  const text = 'name: a\nsystem_prompt: Hello.\nmodel: llama\nmcp_servers: [one]\n'
  expect(parsePersona(text)).toMatchObject({ name: 'a', system_prompt: 'Hello.', model: 'llama' })
})

test.each([
  ['', 'file'],
  ['just words', 'file'],
  ['name: [', 'file'],
  ['name: a\nname: b\nsystem_prompt: c', 'file'],
  ['name: a', 'system_prompt'],
  ['system_prompt: Hello.', 'name'],
  ['name: 7\nsystem_prompt: Hello.', 'name'],
  ['name: a\nsystem_prompt: ""', 'system_prompt'],
  [`name: a\nsystem_prompt: ${'x'.repeat(16_385)}`, 'system_prompt'],
  ['name: a\ndescription: [no]\nsystem_prompt: b', 'description'],
  ['name: &a a\nsystem_prompt: *a', 'file'],
])('refuses %j and names %s', (text, path) => {
  expect(() => parsePersona(text)).toThrow(
    expect.objectContaining({ code: 'PERSONA_INVALID', kind: 'invalid', details: { paths: [path] } }),
  )
})

test('the persona speaks where the caller has no system prompt, with the rules where there are tools', () => {
  const [first, ...rest] = systemMessages([user], otto, { hasTools: true })
  expect(first).toEqual({ role: 'system', content: `${otto.system_prompt.trimEnd()}\n\n${toolRules}` })
  expect(rest).toEqual([user])
  expect(systemMessages([user], otto, { hasTools: false })[0]?.content).toBe(otto.system_prompt)
})

test('a system prompt of the caller stays, with the rules behind it, and the persona keeps silent', () => {
  const own: ChatMessage = { role: 'system', content: 'You are a pirate.\n' }
  const rules: ChatMessage = { role: 'system', content: `You are a pirate.\n\n${toolRules}` }
  expect(systemMessages([own, user], otto, { hasTools: true })).toEqual([rules, user])
  expect(systemMessages([own, user], otto, { hasTools: false })).toEqual([own, user])
  expect(systemMessages([user, own, own], otto, { hasTools: true })).toEqual([user, rules, own])
})

test('the board stands right before the last word of the user', () => {
  const line: ChatMessage = { role: 'system', content: 'board' }
  expect(withBoardLine([user, assistant, user, assistant], 'board')).toEqual([user, assistant, line, user, assistant])
  expect(withBoardLine([assistant], 'board')).toEqual([assistant, line])
  expect(withBoardLine([], 'board')).toEqual([line])
})

test('law: no message is lost, changed or moved by the board', () => {
  const message = fc.record({
    role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
    content: fc.string(),
  })
  fc.assert(
    fc.property(fc.array(message), (messages) => {
      const lined = withBoardLine(messages, 'the board')
      const at = lined.findIndex((one) => !messages.includes(one as (typeof messages)[number]))
      expect(lined.toSpliced(at, 1)).toEqual(messages)
      expect(lined.slice(at + 1).filter(({ role }) => role === 'user').length).toBeLessThanOrEqual(1)
    }),
  )
})
