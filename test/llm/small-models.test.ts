import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import type { ModelTool } from '../../src/llm/language-model.ts'
import type { ReadCall } from '../../src/llm/read-call.ts'
import { readCall } from '../../src/llm/read-call.ts'
import type { FoundCalls } from '../../src/llm/text-calls.ts'
import { findTextCalls } from '../../src/llm/text-calls.ts'

type Output = {
  readonly id: string
  readonly content: string
  readonly thinking?: string
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: JsonValue }[]
  readonly expect:
    | { readonly calls: readonly { name: string; args: JsonObject }[]; readonly text?: string; repairs?: string[] }
    | { readonly refusal: 'unknown_tool' | 'invalid_arguments' | 'broken'; readonly mentions?: string }
}

// The shape of the file is as above; a wrong entry fails its own test.
const { tools, outputs } = JSON.parse(
  readFileSync(new URL('../vectors/small-models/outputs.json', import.meta.url), 'utf8'),
) as { tools: readonly ModelTool[]; outputs: readonly Output[] }

const toolNames = tools.map(({ name }) => name)

/** Native calls win; else the text is searched; the reasoning never is. */
function find({ content, toolCalls }: Output): FoundCalls {
  return toolCalls === undefined ? findTextCalls(content, toolNames) : { calls: toolCalls, rest: content, repairs: [] }
}

const outcomeOf = ({ broken }: FoundCalls, read: readonly ReadCall[]) => {
  const refused = read.find((one) => !one.ok)
  return refused?.kind ?? (broken === undefined ? 'calls' : 'broken')
}

test.each(outputs)('$id', (output) => {
  const found = find(output)
  const read = found.calls.map((call) => readCall(call, tools))
  const { expect: expected } = output
  if ('refusal' in expected) {
    expect(outcomeOf(found, read)).toBe(expected.refusal)
    expect(JSON.stringify([found.broken, read])).toContain(expected.mentions ?? '')
    return
  }
  expect(outcomeOf(found, read)).toBe('calls')
  expect(read.map((one) => (one.ok ? { name: one.name, args: one.args } : one))).toEqual(expected.calls)
  if (expected.text !== undefined) expect(found.rest).toBe(expected.text)
  if (expected.repairs === undefined) return
  const repairs = [...found.repairs, ...read.flatMap((one) => (one.ok ? one.repairs : []))]
  expect([...new Set(repairs)].toSorted()).toEqual(expected.repairs.toSorted())
})

test('law: no beginning of an answer with one call makes a call out of less than the whole JSON', () => {
  const single = outputs.filter(({ toolCalls, expect: { ...expected } }) => {
    return toolCalls === undefined && 'calls' in expected && expected.calls.length === 1
  })
  expect(single.length).toBeGreaterThan(40)
  for (const { id, content } of single) {
    const whole = findTextCalls(content, toolNames)
    for (let end = 0; end < content.length; end++) {
      const { calls } = findTextCalls(content.slice(0, end), toolNames)
      if (calls.length > 0) expect({ id, end, calls }).toEqual({ id, end, calls: whole.calls })
    }
  }
})
