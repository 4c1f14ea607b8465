import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Audit, AuditOptions } from '../../src/audit/audit.ts'
import { createAudit } from '../../src/audit/audit.ts'
import type { AuditEntry } from '../../src/audit/record.ts'
import { systemClock } from '../../src/system.ts'

/** A path for a log in a folder of the running test's own, gone with it. */
export async function logPath(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'otto-audit-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return join(dir, 'audit.jsonl')
}

type Said = { readonly level: 'info' | 'warn' | 'error'; readonly message: string; readonly fields: object }

/** An open log, and what it told the normal one. */
export async function openLog(file: string, options: Partial<AuditOptions> = {}) {
  const said: Said[] = []
  const note = (level: Said['level']) => (fields: object, message: string) => void said.push({ level, message, fields })
  const log = { info: note('info'), warn: note('warn'), error: note('error') }
  const audit: Audit = await createAudit({ file, clock: systemClock, log, ...options })
  return { audit, said }
}

/** A call that changed nothing, told apart by its trace id. */
export const callOf = (traceId: string): AuditEntry => ({
  kind: 'call',
  traceId,
  principal: '127.0.0.1',
  tool: 'ttt_get_state',
  argsHash: 'a'.repeat(64),
  outcome: 'applied',
  code: 'OK',
})

/** A log of that many calls, closed. */
export async function writtenLog(calls: number): Promise<string> {
  const file = await logPath()
  const { audit } = await openLog(file)
  for (let at = 1; at <= calls; at++) audit.append(callOf(`trace-${at}`))
  await audit.close()
  return file
}

export type ReadRecord = { readonly seq: number; readonly kind: string; readonly [name: string]: unknown }

export async function recordsIn(file: string): Promise<readonly ReadRecord[]> {
  const text = await readFile(file, 'utf8')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as ReadRecord)
}
