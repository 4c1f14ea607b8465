import { expect, test } from 'vitest'
import { encodeCheckedLine } from '../../src/devnet/checked-line.ts'
import type { SnapshotLine } from '../../src/devnet/segment.ts'
import { ledgerFormat, parseSegment } from '../../src/devnet/segment.ts'

const path = '/somewhere/segment-0000000000000000.log'
const header = { format: ledgerFormat, dialect: 'workchain', base: 0, hash: 'genesis' }

/** Lines as a writer makes them that syncs each before it makes the next. */
const lines: SnapshotLine[] = [1, 2, 3, 4].map((ordinal) => ({
  ordinal,
  hash: `hash ${ordinal}`,
  previous: ordinal === 1 ? 'genesis' : `hash ${ordinal - 1}`,
  durable: ordinal - 1,
  updates: [{ value: { text: 'a message, with ü' }, proofs: [{ id: 'ab', signature: 'cd' }] }],
}))

const bytesOf = (values: readonly Parameters<typeof encodeCheckedLine>[0][]): Buffer =>
  Buffer.from(values.map((value) => encodeCheckedLine(value)).join(''), 'utf8')
const whole = bytesOf([header, ...lines])
const lengthOf = (count: number) => bytesOf([header, ...lines.slice(0, count)]).length

test('gives back what was written', () => {
  expect(parseSegment(whole, path, 'workchain')).toEqual({ header, lines, length: whole.length })
})

test('cut at any byte of the lines, it holds exactly the lines that are whole', () => {
  for (let length = lengthOf(0); length <= whole.length; length++) {
    const count = [4, 3, 2, 1, 0].find((candidate) => lengthOf(candidate) <= length) ?? 0
    const segment = parseSegment(whole.subarray(0, length), path, 'workchain')
    expect(segment?.lines, `cut at ${length}`).toHaveLength(count)
    expect(segment?.length, `cut at ${length}`).toBe(lengthOf(count))
  }
})

test('cut within its first line, it is no segment yet', () => {
  for (let length = 0; length < lengthOf(0); length++)
    expect(parseSegment(whole.subarray(0, length), path, 'workchain')).toBeUndefined()
})

test('a changed byte anywhere is damage, and the line is named', () => {
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole)
    changed.writeUInt8(changed.readUInt8(at) ^ 0x01, at)
    const line = [0, 1, 2, 3, 4].find((count) => at < lengthOf(count))
    expect(() => parseSegment(changed, path, 'workchain'), `byte ${at}`).toThrow(
      expect.objectContaining({
        code: 'LEDGER_DAMAGED',
        details: { file: 'segment-0000000000000000.log', line: (line ?? 0) + 1 },
      }),
    )
  }
})

test('blocks that a power cut left empty are cut off, unless a later line shows that they were durable', () => {
  const together = lines.map((line) => ({ ...line, durable: Math.min(line.durable, 2) })) // 3 and 4 in one write
  const bytes = bytesOf([header, ...together])
  const holed = Buffer.from(bytes).fill(0, lengthOf(2) + 5, lengthOf(2) + 40)
  expect(parseSegment(holed, path, 'workchain')?.lines).toHaveLength(2)
  const earlier = Buffer.from(bytes).fill(0, lengthOf(1) + 5, lengthOf(1) + 40)
  expect(() => parseSegment(earlier, path, 'workchain')).toThrow(expect.objectContaining({ code: 'LEDGER_DAMAGED' }))
})

test('a missing line is damage', () => {
  const gap = bytesOf([header, ...lines.filter(({ ordinal }) => ordinal !== 2)])
  expect(() => parseSegment(gap, path, 'workchain')).toThrow(/does not follow snapshot 1/)
})

test.each([
  { name: 'another dialect', other: { ...header, dialect: 'ottochain' } },
  { name: 'another format', other: { ...header, format: 99 } },
])('$name is told apart from damage', ({ other }) => {
  expect(() => parseSegment(bytesOf([other]), path, 'workchain')).toThrow(
    expect.objectContaining({ code: 'LEDGER_FOREIGN' }),
  )
})
