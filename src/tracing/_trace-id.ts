import { hash } from 'node:crypto'
import { isUuid } from '../core/uuid.ts'

const traceIdPattern = /^(?!0{32})[0-9a-f]{32}$/

/**
 * The trace id of a call whose id in the logs is this text: a UUID without its dashes, 32 hex digits as they are, of any
 * other text the first 32 digits of its SHA-256. Lower case, and never the all-zero id, which stands for none.
 * @see W3C Trace Context §3.2.2.3
 * @example toTraceId('6F9619FF-8B86-4D01-B42D-00CF4FC964FF') // '6f9619ff8b864d01b42d00cf4fc964ff'
 */
export function toTraceId(text: string): string {
  const digits = digitsOf(text)
  return traceIdPattern.test(digits) ? digits : hash('sha256', text, 'hex').slice(0, 32)
}

/** Does the trace id of this text tell the text? */
export const isTraceId = (text: string): boolean => traceIdPattern.test(digitsOf(text))

const digitsOf = (text: string): string => (isUuid(text) ? text.replaceAll('-', '') : text).toLowerCase()
