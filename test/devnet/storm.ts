// A process of its own, to be killed: plays on a ledger as fast as it can and prints what L0 has shown.
import { silentLog } from '../../src/core/log.ts'
import { openDevnet } from '../../src/devnet/devnet.ts'
import { add, createCounter, realClock, sign, uuid, workchain } from './fixtures.ts'

const machines = [1, 2, 3, 4]
const signal = new AbortController().signal

const devnet = await openDevnet({
  dialect: workchain,
  dataDir: process.argv[2] ?? null,
  snapshotMs: 0,
  latencyMs: 0,
  lagOrdinals: 0,
  extensions: true,
  clock: realClock,
  newId: () => crypto.randomUUID(),
  log: silentLog,
  checkpointEvery: 25,
})

const post = async (message: Parameters<typeof sign>[1]) => {
  const { envelope } = await sign(workchain, message)
  await devnet.request({ layer: 'l1', method: 'POST', path: '/data', body: structuredClone(envelope) as never, signal })
}

/** What L0 shows now, as one line: `<machine> <sequence number> <hash of its data>`. */
async function print(number: number): Promise<void> {
  const path = `/data-application/state-machines/${uuid(number)}`
  const { json } = await devnet.request({ layer: 'l0', method: 'GET', path, signal })
  if (json === null || json === undefined) return
  const { sequenceNumber, stateDataHash } = json as { sequenceNumber: number; stateDataHash: string }
  process.stdout.write(`${number} ${sequenceNumber} ${stateDataHash}\n`)
}

devnet.onSnapshot(() => {
  for (const number of machines) void print(number)
})
for (const number of machines) await post(createCounter(number, workchain))
for (let round = 0; ; round++) {
  await Promise.all(machines.map((number) => post(add(number, 1))))
  if (round % 8 === 0) await new Promise(setImmediate)
}
