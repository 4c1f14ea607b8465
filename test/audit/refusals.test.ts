import { expect, test } from 'vitest'
import type { AuditEntry } from '../../src/audit/record.ts'
import type { RefusedAccess } from '../../src/audit/refusals.ts'
import { createRefusalAudit } from '../../src/audit/refusals.ts'

/** A second ends when the test says so. */
function world() {
  const entries: AuditEntry[] = []
  let ends: (() => void) | undefined
  const clock = {
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        ends = resolve
        signal?.addEventListener('abort', () => reject(signal.reason))
      }),
  }
  const refusals = createRefusalAudit({ append: (entry) => void entries.push(entry) }, clock)
  const endSecond = async () => {
    ends?.()
    await Promise.resolve()
  }
  return { entries, refusals, endSecond }
}

const refused = (traceId: string, rest: Partial<RefusedAccess> = {}): RefusedAccess => ({
  traceId,
  principal: '127.0.0.1',
  code: 'UNAUTHENTICATED',
  route: 'POST /otto/tool',
  ...rest,
})

test('a refusal has a record of its own', () => {
  const { entries, refusals } = world()
  refusals.note(refused('a'))
  refusals.note(refused('b', { route: 'POST /mcp' }))
  refusals.note(refused('c', { principal: '127.0.0.2' }))
  expect(entries).toEqual([
    { kind: 'access', ...refused('a') },
    { kind: 'access', ...refused('b', { route: 'POST /mcp' }) },
    { kind: 'access', ...refused('c', { principal: '127.0.0.2' }) },
  ])
})

test('those that are alike within a second share a second one, which counts them', async () => {
  const { entries, refusals, endSecond } = world()
  for (let at = 0; at < 500; at++) refusals.note(refused(`trace-${at}`))
  expect(entries).toHaveLength(1)
  await endSecond()
  expect(entries.slice(1)).toEqual([{ kind: 'access', ...refused(''), traceId: null, again: 499 }])
  refusals.note(refused('later'))
  expect(entries).toHaveLength(3)
})

test('callers without end share a record, and none is lost', async () => {
  const { entries, refusals, endSecond } = world()
  const addresses = Array.from({ length: 1_500 }, (_, at) => `2001:db8::${at}`)
  for (const principal of addresses) refusals.note(refused('trace', { principal }))
  await endSecond()
  expect(entries.length).toBeLessThan(1_010)
  const counted = entries.map((entry) => (entry.kind === 'access' ? (entry.again ?? 1) : 0))
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(1_500)
})

test('closing writes down what was counted', () => {
  const { entries, refusals } = world()
  refusals.note(refused('a'))
  refusals.note(refused('b'))
  refusals.close()
  expect(entries).toHaveLength(2)
})
