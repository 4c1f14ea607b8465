import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createHoldBack } from '../../src/llm/hold-back.ts'

const toolNames = ['ttt_make_move']
const call = '{"name":"ttt_make_move","arguments":{"cell":4}}'
const toPieces = (texts: readonly string[]) => texts.map((text) => ({ text }))
const textOf = (pieces: readonly { text: string }[]) => pieces.map(({ text }) => text).join('')

/** What is shown while the answer comes, piece by piece, and what is held at its end. */
function run(texts: readonly string[], maxChars?: number) {
  const holdBack = createHoldBack({ toolNames, ...(maxChars === undefined ? {} : { maxChars }) })
  const shown = toPieces(texts).map((piece) => textOf(holdBack.take(piece)))
  return { shown, held: textOf(holdBack.held()) }
}

test.each([
  { name: 'a call', text: call },
  { name: 'a list of calls', text: `[${call}, ${call}]` },
  { name: 'a call in another key order', text: '{"arguments":{"cell":4},"name":"ttt_make_move"}' },
  { name: 'a call in a block', text: `\`\`\`json\n${call}\n\`\`\`` },
  { name: 'a call in a code span', text: `\`${call}\`` },
  { name: 'a marked call', text: `<tool_call>\n${call}\n</tool_call>` },
  { name: "Mistral's mark", text: `[TOOL_CALLS]ttt_make_move[ARGS]{"cell":4}` },
  { name: "Llama's mark", text: `<|python_tag|>${call}` },
  { name: 'a call of Python manners', text: "{'tool': 'ttt_make_move', 'args': {'cell': 4}}" },
  { name: 'doubled braces', text: `{${call}}` },
  { name: 'half a call', text: call.slice(0, -3) },
  { name: 'blanks before the call', text: ` \n ${call}` },
  { name: 'a call and words behind it', text: `${call}\nYour turn!` },
])('$name is held to the end, letter by letter', ({ text }) => {
  const { shown, held } = run([...text])
  expect(shown.join('').trim()).toBe('')
  expect(shown.join('') + held).toBe(text)
})

test.each([
  { name: 'a ticked box', texts: ['[', 'x', '] done'], shown: ['', '[x', '] done'] },
  { name: 'a tag of HTML', texts: ['<', 'b', '>bold'], shown: ['', '<b', '>bold'] },
  { name: 'an object of other keys', texts: ['{"', 'board', '": 1}'], shown: ['', '{"board', '": 1}'] },
  {
    name: 'an object of somebody else',
    texts: ['{"name":"Otto"', '}', ' yes'],
    shown: ['', '{"name":"Otto"}', ' yes'],
  },
  { name: 'other code', texts: ['```', 'js\n', 'const a', ' = 1'], shown: ['', '', '```js\nconst a', ' = 1'] },
  { name: 'a word in a code span', texts: ['`', 'ttt'], shown: ['', '`ttt'] },
  { name: 'an empty object', texts: ['{', '}'], shown: ['', '{}'] },
  { name: 'a call that a sentence quotes', texts: [call, ' is a call', '}'], shown: ['', '', `${call} is a call}`] },
])('$name is let go as soon as it cannot be a call', ({ texts, shown }) => {
  expect(run(texts)).toEqual({ shown, held: '' })
})

test('behind a mark half a name is held, though its bracket is complete', () => {
  expect(run(['[TOOL_CALLS]ttt_', 'make_move', '[ARGS]{"cell":4}']).shown).toEqual(['', '', ''])
})

test('a call behind words is not looked for', () => {
  expect(run(['Sure.\n', call]).shown).toEqual(['Sure.\n', call])
})

test('more than the bound is let go, and everything after it', () => {
  const beginning = '{"tool":"ttt_make_move","args":{"x":"'
  const long = run([beginning, 'a'.repeat(8_192 - beginning.length), 'b', 'c'])
  expect(long.shown.map((text) => text.length)).toEqual([0, 0, 8_193, 1])
  expect(run(['{"tool', '":'], 6)).toEqual({ shown: ['', '{"tool":'], held: '' })
})

describe('laws', () => {
  const bits = [
    '{',
    '}',
    '[',
    ']',
    '<',
    '`',
    '```',
    '"',
    'name',
    'tool',
    ':',
    ' ',
    '\n',
    '<tool_call>',
    'ttt_make_move',
    call,
  ]
  const texts = fc.array(fc.oneof(fc.constantFrom(...bits), fc.string({ maxLength: 5 })), { maxLength: 30 })

  test('what was taken and what is held are all pieces, the same ones, in order', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 0, max: 200 }), (all, maxChars) => {
        const holdBack = createHoldBack<{ text: string }>({ maxChars, toolNames })
        const pieces = toPieces(all)
        const given = [...pieces.flatMap((piece) => holdBack.take(piece)), ...holdBack.held()]
        expect(given).toHaveLength(pieces.length)
        expect(given.every((piece, at) => piece === pieces[at])).toBe(true)
        expect(textOf(holdBack.held()).length).toBeLessThanOrEqual(maxChars)
      }),
      { numRuns: 500 },
    )
  })

  test('text without a bracket, an angle or a backtick passes at once', () => {
    const plain = fc.array(fc.string().filter((text) => !/[{[<`]/.test(text)))
    fc.assert(
      fc.property(plain, (all) => {
        expect(run(all)).toEqual({ shown: all, held: '' })
      }),
    )
  })
})
