import { errorTable, isErrorCode } from '../core/error-table.ts'
import { member } from '../core/json.ts'
import type { ToolRun } from './turn.ts'

/** Is it a write of which nobody knows yet whether it was done? It may be neither told as done nor denied. */
export function isFateOpen({ isWrite, success, result }: ToolRun): boolean {
  const code = member(result, 'code')
  const outcome = typeof code === 'string' && isErrorCode(code) ? errorTable[code].outcome : undefined
  return isWrite && !success && (outcome === 'unknown' || outcome === 'pending')
}
