import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findTextCalls } from '../../src/llm/text-calls.ts'

const toolNames = ['ttt_create_game', 'ttt_make_move', 'ttt_get_state']
const call = '{"name":"ttt_make_move","arguments":{"cell":4}}'
const found = { name: 'ttt_make_move', arguments: { cell: 4 } }

test('the example of the docstring', () => {
  expect(findTextCalls('{"tool":"ttt_get_state","args":{}}', ['ttt_get_state']).calls).toEqual([
    { name: 'ttt_get_state', arguments: {} },
  ])
})

test('without tools no unmarked object is a call', () => {
  expect(findTextCalls(call, [])).toEqual({ calls: [], rest: call, repairs: [] })
})

test('a name is given as the model wrote it, in text as behind a mark', () => {
  expect(findTextCalls('{"tool":"TTT-Get-State"}', toolNames).calls).toEqual([{ name: 'TTT-Get-State', arguments: {} }])
  expect(findTextCalls('<tool_call>{"name":"make_move"}', toolNames).calls[0]?.name).toBe('make_move')
})

test('what is left for the reader keeps its words and loses every call', () => {
  expect(findTextCalls(`One.\n${call}\nTwo.\n\`\`\`json\n${call}\n\`\`\`\nThree.`, toolNames)).toEqual({
    calls: [found, found],
    rest: 'One.\n\nTwo.\n\nThree.',
    repairs: ['text'],
  })
})

test('a broken call is not shown either', () => {
  const { rest, broken } = findTextCalls(`I move.\n${call.slice(0, -1)}`, toolNames)
  expect({ rest, broken }).toEqual({ rest: 'I move.', broken: { name: 'ttt_make_move' } })
})

test('calls that stood whole before a broken one are still told', () => {
  const { calls, broken } = findTextCalls(`${call}\n${call.slice(0, 40)}`, toolNames)
  expect({ calls, broken }).toEqual({ calls: [found], broken: { name: 'ttt_make_move' } })
})

test('a name told by two tools at once is nobody’s', () => {
  expect(findTextCalls('{"tool":"getstate"}', ['get_state', 'get-state']).calls).toEqual([])
})

test('more calls than anybody makes in one answer stay text', () => {
  const { calls, rest } = findTextCalls(`${call}\n`.repeat(100), toolNames)
  expect(calls).toHaveLength(64)
  expect(rest).toContain(call)
})

test.each([
  '{',
  '[',
  '{\n',
  '[\n',
  '[{',
  '`',
  '```\n',
  '\n```',
  '<tool_call>',
  '{ttt_make_move}\n',
  '{"a":',
  '"',
  ' \n',
  "{'a' ",
  '<function=ttt_make_move></function>',
  '[TOOL_CALLS]a[ARGS]{b c}',
  '<tool_response>',
  '{“name”:\n',
])('a megabyte of %j takes less than a second', (unit) => {
  const start = process.threadCpuUsage() // not the clock on the wall: other processes run beside the tests
  expect(findTextCalls(unit.repeat(1_000_000 / unit.length), toolNames).calls).toEqual([])
  const { user, system } = process.threadCpuUsage(start)
  expect(user + system).toBeLessThan(1_000_000)
})

describe('laws', () => {
  const bits = [
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '`',
    '```',
    '\n',
    ' ',
    ':',
    ',',
    '\\',
    'name',
    '"tool"',
    'ttt_make_move',
    '4',
  ]
  const marks = [
    '<tool_call>',
    '</tool_call>',
    '[TOOL_CALLS]',
    '<|python_tag|>',
    '<function=',
    '<think>',
    '</think>',
    call,
  ]
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(fc.constantFrom(...bits, ...marks), { maxLength: 60 }).map((parts) => parts.join('')),
  )
  const argumentsOf = fc.dictionary(
    fc.stringMatching(/^[a-z]{1,8}$/),
    fc.oneof(fc.integer(), fc.boolean(), fc.string()),
  )
  const wrap = fc.constantFrom(
    (json: string) => json,
    (json: string) => `[${json}]`,
    (json: string) => `\`\`\`json\n${json}\n\`\`\``,
    (json: string) => `Well.\n<tool_call>\n${json}\n</tool_call>`,
    (json: string) => `[TOOL_CALLS][${json}]`,
  )

  test('any text is read without an error, and without calls it comes back as it is', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { calls, rest, broken } = findTextCalls(text, toolNames)
        if (calls.length === 0 && broken === undefined) expect(rest).toBe(text)
        else expect(rest.length).toBeLessThan(text.length + 2)
      }),
      { numRuns: 1000 },
    )
  })

  test('a call is read as it was written, however it is wrapped and spaced', () => {
    fc.assert(
      fc.property(argumentsOf, wrap, fc.constantFrom(0, 2), (args, wrapped, indent) => {
        fc.pre(Object.values(args).every((value) => typeof value !== 'string' || !/```|<\/?think/.test(value)))
        const json = JSON.stringify({ name: 'ttt_make_move', arguments: args }, null, indent)
        const { calls, broken } = findTextCalls(wrapped(json), toolNames)
        expect({ calls, broken }).toEqual({ calls: [{ name: 'ttt_make_move', arguments: args }], broken: undefined })
      }),
    )
  })

  test('of a call that was cut off nothing is run', () => {
    fc.assert(
      fc.property(argumentsOf, fc.constantFrom(0, 2), fc.nat(), (args, indent, cut) => {
        const json = JSON.stringify(
          { tool_calls: [{ function: { name: 'ttt_make_move', arguments: args } }] },
          null,
          indent,
        )
        expect(findTextCalls(json.slice(0, cut % json.length), toolNames).calls).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })
})
