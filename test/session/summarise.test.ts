import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planSummary } from '../../src/session/summarise.ts'

type Message = {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string
  readonly toolCalls?: readonly { readonly id: string }[]
}

const tokensOf = ({ content }: Message) => content.length
const say = (role: Message['role'], content: string): Message => ({ role, content })
const summaryOf = (text: string) => ({ role: 'user', content: `Summary of the conversation so far:\n\n${text}` })

test('a conversation within its bound is left as it is', () => {
  expect(planSummary([say('user', 'xxxx')], { maxTokens: 4, tokensOf })).toBeUndefined()
})

test('the beginning gives way to its summary', () => {
  const messages = [
    say('system', 'sys'),
    say('user', 'question one'),
    say('assistant', 'answer one'),
    say('user', 'two'),
    say('assistant', 'answer'),
  ]
  const plan = planSummary(messages, { maxTokens: 30, tokensOf })
  expect(plan?.toSum).toEqual(messages.slice(1, 3))
  expect(plan?.withSummary('short')).toEqual([messages[0], summaryOf('short'), messages[3], messages[4]])
})

test('in one long task the question stays and the first rounds of tools go', () => {
  const round = (n: number) => [say('assistant', `call ${n}`), say('tool', `result a${n}`), say('tool', `result b${n}`)]
  const messages = [say('system', 's'), say('user', 'the task'), ...round(1), ...round(2), ...round(3)]
  const plan = planSummary(messages, { maxTokens: 80, tokensOf })
  expect(plan?.toSum).toEqual([...round(1), ...round(2)])
  expect(plan?.withSummary('so far')).toEqual([messages[0], summaryOf('so far'), messages[1], ...round(3)])
})

test('what cannot be given up is no reason for a summary', () => {
  const messages = [say('system', 'x'.repeat(100)), say('user', 'y'.repeat(100)), say('assistant', 'z'.repeat(100))]
  expect(planSummary(messages, { maxTokens: 10, tokensOf })).toBeUndefined()
})

const anyMessage = fc.record({
  role: fc.constantFrom('system', 'user', 'assistant', 'tool' as const),
  content: fc.string({ maxLength: 20 }),
})

test('law: nothing is lost or doubled, no result is without its call, and what is kept is in order', () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 30 }), fc.integer({ min: 1, max: 200 }), (messages, maxTokens) => {
      const plan = planSummary(messages, { maxTokens, tokensOf })
      const total = messages.reduce((sum, message) => sum + tokensOf(message), 0)
      if (plan === undefined) {
        const lastUser = messages.findLast(({ role }) => role === 'user')
        const lastRound = messages.findLastIndex(({ role }) => role !== 'tool')
        const others = messages
          .slice(0, Math.max(0, lastRound))
          .filter((one) => one.role !== 'system' && one !== lastUser)
        if (total > maxTokens) expect(others).toEqual([])
        return
      }
      expect(total).toBeGreaterThan(maxTokens)
      const sent = plan.withSummary('S')
      const kept = messages.filter((message) => sent.includes(message))
      const gone = messages.filter((message) => !sent.includes(message))
      expect(plan.toSum).toEqual(gone)
      expect(sent).toHaveLength(kept.length + 1)
      expect(sent.filter((message) => message.role !== 'system' && kept.some((one) => one === message))).toEqual(
        kept.filter(({ role }) => role !== 'system'),
      )
      for (const message of messages.filter(({ role }) => role === 'system')) expect(kept).toContain(message)
      expect(kept).toEqual(expect.arrayContaining(messages.filter(({ role }) => role === 'user').slice(-1)))
      for (const [index, message] of messages.entries())
        if (message.role === 'tool' && index > 0) {
          const call = messages.slice(0, index).findLast(({ role }) => role !== 'tool')
          const staysAnyway =
            call !== undefined && (call.role === 'system' || call === messages.findLast(({ role }) => role === 'user'))
          if (call !== undefined && !staysAnyway) expect(kept.includes(message)).toBe(kept.includes(call))
        }
    }),
  )
})
