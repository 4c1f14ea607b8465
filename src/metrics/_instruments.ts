import { createCounters, createGauge, createHistograms } from './_families.ts'

/** Upper bounds of the buckets, seconds: from a call inside this process to the longest deadline. */
const callSeconds = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** From a scripted answer to the longest turn. */
const turnSeconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 240]
/** One operation on a curve takes 30 µs to 2 ms; what is above waited for its turn. */
const curveSeconds = [0.000_05, 0.000_1, 0.000_2, 0.000_3, 0.000_4, 0.000_6, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25]
/** An event has 10,000,000 gas at most; one of a game takes a few hundred. */
const gas = [100, 200, 300, 400, 600, 800, 1_200, 1_600, 3_200, 10_000, 100_000, 1_000_000, 10_000_000]

/** Everything that is counted. */
export type Instruments = ReturnType<typeof createInstruments>

export function createInstruments() {
  return {
    toolCalls: createCounters({
      name: 'otto_tool_calls_total',
      help: 'Tool calls by outcome: success, or what happened to the thing asked for; code is OK or the error code.',
      labels: ['tool', 'outcome', 'code'],
    }),
    toolSeconds: createHistograms({
      name: 'otto_tool_seconds',
      help: 'How long tool calls take, from the parsed request to the answer.',
      labels: ['tool'],
      bounds: callSeconds,
    }),
    ledgerSeconds: createHistograms({
      name: 'otto_ledger_seconds',
      help: 'How long operations on the ledger take: submit is one POST /data, deliver all until the fate is known.',
      labels: ['operation', 'outcome'],
      bounds: callSeconds,
    }),
    signSeconds: createHistograms({
      name: 'otto_sign_seconds',
      help: 'How long one signature takes.',
      labels: [],
      bounds: curveSeconds,
    }),
    verifySeconds: createHistograms({
      name: 'otto_verify_seconds',
      help: 'How long the embedded ledger takes to check one proof, waiting for a thread included.',
      labels: [],
      bounds: curveSeconds,
    }),
    chatTurns: createCounters({
      name: 'otto_chat_turns_total',
      help: 'Turns of chats with our tools, by how they ended; gone: the client hung up, error: it broke off.',
      labels: ['finish'],
    }),
    chatSeconds: createHistograms({
      name: 'otto_chat_seconds',
      help: 'How long turns of chats take, the model included.',
      labels: [],
      bounds: turnSeconds,
    }),
    chatRounds: createHistograms({
      name: 'otto_chat_rounds',
      help: 'Questions to the model in one turn.',
      labels: [],
      bounds: [1, 2, 3, 4, 6, 8, 10, 12],
    }),
    chatRepairs: createCounters({
      name: 'otto_chat_repairs_total',
      help: 'Tool calls of models that were understood only after a repair.',
      labels: ['repair_kind'],
    }),
    chatRefusals: createCounters({
      name: 'otto_chat_refusals_total',
      help: 'Tool calls of models that could not be taken.',
      labels: ['kind'],
    }),
    chatCorrections: createCounters({
      name: 'otto_chat_corrections_total',
      help: 'Claims of models that the ledger did not hold, corrected in the answer.',
      labels: ['kind'],
    }),
    gas: createHistograms({
      name: 'otto_gas',
      help: 'Gas of the events that the embedded ledger ran, those that failed included.',
      labels: ['event', 'outcome'],
      bounds: gas,
    }),
    httpRequests: createCounters({
      name: 'otto_http_requests_total',
      help: 'HTTP requests by route pattern and status.',
      labels: ['method', 'route', 'status'],
    }),
    httpSeconds: createHistograms({
      name: 'otto_http_seconds',
      help: 'How long HTTP requests take, from their headers to the end of the answer.',
      labels: ['route'],
      bounds: callSeconds,
    }),
    writesInFlight: createGauge({
      name: 'otto_writes_in_flight',
      help: 'Tool calls under way that may change the ledger.',
    }),
    gamesOpen: createGauge({
      name: 'otto_games_open',
      help: 'Games that this process saw in setup or playing when it answered about them last; 100,000 at most.',
    }),
  }
}
