import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toToolCard, toToolNote } from '../../../src/http/ollama/tool-card.ts'
import { moveRun } from './door.ts'

const unescaped = (value: string) =>
  value.replaceAll(/&(?:#(\d+)|(\w+));/g, (_, code, name) =>
    code === undefined ? ({ amp: '&', lt: '<', gt: '>', quot: '"' }[String(name)] ?? '') : String.fromCharCode(code),
  )

/** As Open WebUI reads a block: by line, then by attribute. */
function readCard(text: string): Record<string, string> {
  const [, before, open, summary, close, after, ...more] =
    /^(\n)(<details .*>)\n(<summary>.*<\/summary>)\n(<\/details>)(\n)$/.exec(text) ?? []
  if (!(before && open && summary && close && after) || more.length > 0) throw new Error('This is no card.')
  return Object.fromEntries(
    [...open.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value = '']) => [name, unescaped(value)]),
  )
}

describe('a tool card', () => {
  test('is the block that Open WebUI draws', () => {
    expect(toToolCard({ ...moveRun, args: { player: 'X', cell: 4 } })).toBe(
      '\n<details type="tool_calls" done="true" id="call_4k2n8p0x" name="ttt_make_move" ' +
        'arguments="{&quot;player&quot;:&quot;X&quot;,&quot;cell&quot;:4}" ' +
        'result="{&quot;turn&quot;:&quot;O&quot;,&quot;status&quot;:&quot;InProgress&quot;}" files="" embeds="">\n' +
        '<summary>Tool Executed</summary>\n</details>\n',
    )
  })

  test.each([
    { name: 'tags', id: '</details><script>', seen: '&lt;/details&gt;&lt;script&gt;' },
    { name: 'both quotes', id: `"'`, seen: '&quot;&#39;' },
    { name: 'line breaks', id: 'a\r\n\nb', seen: 'a&#13;&#10;&#10;b' },
    { name: 'an ampersand', id: '&lt;', seen: '&amp;lt;' },
  ])('keeps $name inside the attribute', ({ id, seen }) => {
    expect(toToolCard({ ...moveRun, id })).toContain(` id="${seen}" `)
  })

  test('law: whatever ran can be read back', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.parse(JSON.stringify(value)))
    fc.assert(
      fc.property(fc.string(), fc.string(), object, object, (id, tool, args, result) => {
        const card = readCard(toToolCard({ ...moveRun, id, tool, args, result }))
        expect(card).toMatchObject({ type: 'tool_calls', done: 'true', id, name: tool })
        expect(JSON.parse(card['arguments'] ?? '')).toEqual(args)
        expect(JSON.parse(card['result'] ?? '')).toEqual(result)
      }),
    )
  })
})

describe('a tool note', () => {
  test.each([
    { name: 'a move, without ids', run: moveRun, note: 'ttt_make_move X 4 → InProgress\n' },
    {
      name: 'a refusal by its code',
      run: { ...moveRun, success: false, result: { success: false, code: 'INVALID_MOVE' } },
      note: 'ttt_make_move X 4 → INVALID_MOVE\n',
    },
    { name: 'a result without a status', run: { ...moveRun, args: {}, result: {} }, note: 'ttt_make_move → done\n' },
  ])('tells $name', ({ run, note }) => {
    expect(toToolNote(run)).toBe(note)
  })
})
