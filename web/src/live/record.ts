import type { components } from '../api/schema.d.ts'

/** What a stream tells, one thing at a time. `game` is always what the ledger holds. */
export type LiveRecord = components['schemas']['LiveRecord']

/** How far a write has come that this service sends for a game. */
export type IntentStep = Extract<LiveRecord, { type: 'intent' }>['intent']
