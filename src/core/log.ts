/** Where a part writes what it does: one event, one line. Fields hold ids and numbers, never a secret. pino fits. */
export type Log = {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** For parts that nobody listens to. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} }
