import { describe, expect, test } from 'vitest'
import { fileFailure } from '../../src/sandbox/_file-failure.ts'
import { backupOf, leftoversOf, temporaryOf } from '../../src/sandbox/_leftovers.ts'

describe('what the system says', () => {
  test.each([
    { system: 'ENOENT', code: 'FILE_NOT_FOUND', fact: 'no such file' },
    { system: 'ENOTDIR', code: 'FILE_NOT_FOUND', fact: 'no such file' },
    { system: 'ELOOP', code: 'PERMISSION_DENIED', fact: 'link' },
    { system: 'ENXIO', code: 'PERMISSION_DENIED', fact: 'no regular file' },
    { system: 'ENOSPC', code: 'TOOL_FAILED', fact: 'The disk is full: nothing was changed.' },
    { system: 'EDQUOT', code: 'TOOL_FAILED', fact: 'The disk is full: nothing was changed.' },
    { system: 'EISDIR', code: 'TOOL_FAILED', fact: 'folder' },
    { system: 'EROFS', code: 'TOOL_FAILED', fact: 'cannot be written' },
    { system: 'EIO', code: 'TOOL_FAILED', fact: 'cannot be used' },
    { system: 'constructor', code: 'TOOL_FAILED', fact: 'cannot be used' },
  ])('of $system is $code, without a path of this machine', ({ system, code, fact }) => {
    const error = Object.assign(new Error(`${system}: open '/home/me/work/a.txt'`), { code: system })
    const failure = fileFailure(error, 'a.txt')
    expect(failure).toMatchObject({ code, message: expect.stringContaining(fact) })
    expect(JSON.stringify([failure.message, failure.hint, failure.details])).not.toContain('/home')
  })
})

describe('in a folder after a write', () => {
  const nowMs = Date.UTC(2030, 0, 2, 3, 4, 5, 6)

  test('the oldest backups of the file go, and no file of another name', () => {
    const backups = Array.from({ length: 22 }, (_, index) => backupOf('a', nowMs, index))
    expect(backups[0]).toBe('a.bak-20300102T030405006Z')
    const others = ['a', 'b.bak-20000102T030405006Z', 'a.bak-mine', 'a.bak-20000102', 'ab.bak-20000102T030405006Z']
    expect(leftoversOf([...others, ...backups.toReversed()], { name: 'a', nowMs })).toEqual(backups.slice(0, 2))
  })

  test('broken writes go an hour later', () => {
    const id = '00000000-0000-4000-8000-000000000000'
    const [old, young] = [temporaryOf(nowMs - 3_600_001, id), temporaryOf(nowMs - 3_599_000, id)]
    expect(leftoversOf([old, young, '.otto-tmp-mine'], { name: 'a', nowMs })).toEqual([old])
  })
})
