import type { TelemetryEvent } from './event.ts'

/** Somewhere that events go. The bus gives it one batch at a time; whatever it throws is counted and logged, no more. */
export type Sink = {
  /** Its name in logs and counts. */
  readonly name: string
  accept(event: TelemetryEvent): void | Promise<void>
  /** Called after each batch, of at most 1,000 events: for who writes several at once. */
  flush?(): Promise<void>
  /** Called once, after the last batch. */
  close?(): Promise<void>
}
