import { appendFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import { encodeCheckedLine } from '../../src/devnet/checked-line.ts'
import type { DevnetOptions } from '../../src/devnet/devnet.ts'
import { openDevnet } from '../../src/devnet/devnet.ts'
import type { OpenLogFile } from '../../src/devnet/log-file.ts'
import { openLogFile } from '../../src/devnet/log-file.ts'
import type { Message } from '../../src/fiber/messages.ts'
import type { Signer } from '../../src/signing/signed.ts'
import { add, alice, bob, createCounter, ottochain, sign, uuid, workchain } from './fixtures.ts'
import { ask, commit, post, readMachine, readOrdinal, startDevnet, temporaryFolder, until } from './kit.ts'

/** Everything of a ledger that anybody can see, the records and the chain of hashes. */
async function everything(options: Partial<DevnetOptions>) {
  const devnet = await startDevnet(options)
  const { prefix } = options.dialect ?? workchain
  const read = async (path: string) => (await ask(devnet, 'l0', path)).json
  const seen = {
    checkpoint: await read(`${prefix}/checkpoint`),
    events: await Promise.all([1, 2, 3].map((number) => read(`${prefix}/state-machines/${uuid(number)}/events`))),
  }
  await devnet.close()
  return seen
}

const namesIn = async (folder: string, prefix: string) =>
  (await readdir(folder)).filter((name) => name.startsWith(prefix)).sort()

/** What a kill leaves: the folder as it is while the devnet runs. */
async function copyOf(folder: string): Promise<string> {
  const copy = temporaryFolder()
  for (const name of await readdir(folder))
    if (name !== 'ledger.lock') await writeFile(join(copy, name), await readFile(join(folder, name)))
  return copy
}

describe('a start', () => {
  test('goes on where the last one was closed', async () => {
    const dataDir = temporaryFolder()
    const first = await startDevnet({ dataDir })
    await commit(first, workchain, createCounter(1, workchain))
    await commit(first, workchain, add(1, 2, { key: 'k' }))
    const nodeInfo = (await ask(first, 'l0', '/node/info')).json as { id: string }
    await first.close()
    const second = await startDevnet({ dataDir })
    expect((await ask(second, 'l0', '/node/info')).json).toMatchObject({ id: nodeInfo.id })
    expect(await readOrdinal(second)).toBe(2)
    const again = await post(second, (await sign(workchain, add(1, 2, { key: 'k' }))).envelope)
    expect(again.json).toMatchObject({ duplicate: true })
    const other = await post(second, (await sign(workchain, add(1, 3, { key: 'k' }))).envelope)
    expect(JSON.stringify(other.json)).toContain('IdempotencyKeyUsed')
    await commit(second, workchain, add(1, 5, { key: 'l' }))
    expect((await readMachine(second, workchain, uuid(1))).stateData).toEqual({ total: 7 })
  })

  test('after a kill gives what was seen, from the log alone, from checkpoint and log, or from an older checkpoint', async () => {
    const dataDir = temporaryFolder()
    const devnet = await startDevnet({ dataDir, checkpointEvery: 4 })
    await commit(devnet, workchain, createCounter(1, workchain))
    for (let by = 1; by <= 12; by++) await commit(devnet, workchain, add(1, by, { key: `k${by}` }))
    const seen = (await ask(devnet, 'l0', '/data-application/checkpoint')).json
    const hash = (await ask(devnet, 'l0', '/snapshots/latest/metadata')).json
    await waitFor(
      dataDir,
      (names) => names.has('checkpoint-0000000000000012.log') && !names.has('segment-0000000000000004.log'),
    )
    await waitFor(dataDir, (names) => !names.has('checkpoint-0000000000000004.log'))
    const killed = await copyOf(dataDir)
    expect((await everything({ dataDir: await copyOf(killed) })).checkpoint).toEqual(seen)

    const [older, newer] = await namesIn(killed, 'checkpoint-')
    const damaged = await copyOf(killed)
    await appendFile(join(damaged, newer ?? ''), 'x')
    expect((await everything({ dataDir: damaged })).checkpoint).toEqual(seen)
    expect(older).toBe('checkpoint-0000000000000008.log')
    expect(await namesIn(killed, 'segment-')).toEqual(['segment-0000000000000008.log', 'segment-0000000000000012.log'])
    expect(hash).toMatchObject({ ordinal: 13 })

    const lost = await copyOf(killed)
    await rm(join(lost, 'segment-0000000000000012.log'))
    await expect(startDevnet({ dataDir: lost })).rejects.toMatchObject({ code: 'LEDGER_DAMAGED' })
  })

  test.each([workchain, ottochain])(
    'in $name sees a record changed under a right checksum by running the log again',
    async (dialect) => {
      const dataDir = temporaryFolder()
      const devnet = await startDevnet({ dataDir, dialect })
      await commit(devnet, dialect, createCounter(1, dialect))
      const killed = await copyOf(dataDir)
      const [name] = await namesIn(killed, 'segment-')
      const path = join(killed, name ?? '')
      const [head, line] = (await readFile(path, 'utf8')).trimEnd().split('\n')
      const forged = JSON.parse((line ?? '').slice(17).replace('"total":0', '"total":1'))
      await writeFile(path, `${head}\n${encodeCheckedLine(forged)}`)
      await expect(startDevnet({ dataDir: killed, dialect })).rejects.toMatchObject({
        code: 'LEDGER_DAMAGED',
        details: { file: 'segment-0000000000000000.log', line: 2 },
      })
    },
  )

  test('refuses the ledger of another dialect', async () => {
    const dataDir = temporaryFolder()
    const first = await startDevnet({ dataDir })
    await commit(first, workchain, createCounter(1, workchain))
    await first.close()
    await expect(startDevnet({ dataDir, dialect: ottochain })).rejects.toMatchObject({ code: 'LEDGER_FOREIGN' })
  })

  test('refuses a ledger that is open, and takes it once it is closed', async () => {
    const dataDir = temporaryFolder()
    const first = await startDevnet({ dataDir })
    await expect(startDevnet({ dataDir })).rejects.toMatchObject({ code: 'LEDGER_LOCKED' })
    await first.close()
    await startDevnet({ dataDir })
  })

  test('keeps its files to their owner', async () => {
    const dataDir = join(temporaryFolder(), 'new')
    await startDevnet({ dataDir })
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
    for (const name of ['node.key', 'segment-0000000000000000.log', 'ledger.lock'])
      expect((await stat(join(dataDir, name))).mode & 0o077, name).toBe(0)
  })

  test('says which folder cannot be had', async () => {
    const file = join(temporaryFolder(), 'file')
    await writeFile(file, '')
    await expect(startDevnet({ dataDir: join(file, 'below') })).rejects.toMatchObject({ code: 'LEDGER_UNWRITABLE' })
  })
})

describe('a full disk', () => {
  /** A disk that is full while `full`: a write leaves half of its bytes. */
  function fillableDisk(): { disk: { full: boolean }; openFile: OpenLogFile } {
    const disk = { full: false }
    const openFile: OpenLogFile = async (path) => {
      const file = await openLogFile(path)
      return {
        ...file,
        async write(bytes, position) {
          if (!disk.full) return file.write(bytes, position)
          await file.write(bytes.subarray(0, bytes.length / 2), position)
          throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
        },
      }
    }
    return { disk, openFile }
  }

  test('stops the writing, not the reading, and everything goes on when there is space', async () => {
    const dataDir = temporaryFolder()
    const { disk, openFile } = fillableDisk()
    const devnet = await startDevnet({ dataDir, openFile })
    await commit(devnet, workchain, createCounter(1, workchain))
    disk.full = true
    const event = await sign(workchain, add(1, 2))
    expect((await post(devnet, event.envelope)).status).toBe(200)
    let refused = await post(devnet, (await sign(workchain, add(1, 4))).envelope)
    while (refused.status === 200) refused = await post(devnet, (await sign(workchain, add(1, 4))).envelope)
    expect(refused).toMatchObject({ status: 503, retryAfterSeconds: 1 })
    expect(await readOrdinal(devnet)).toBe(1)
    expect((await readMachine(devnet, workchain, uuid(1))).sequenceNumber).toBe(0)
    disk.full = false
    const total = async () => (await readMachine(devnet, workchain, uuid(1))).stateData['total']
    await until(devnet, total, (seen) => Number(seen) >= 2)
    await devnet.close()
    expect((await everything({ dataDir })).checkpoint).toEqual(
      (await ask(devnet, 'l0', '/data-application/checkpoint')).json,
    )
  })

  test('does not keep it from closing, and loses nothing that was seen', async () => {
    const dataDir = temporaryFolder()
    const { disk, openFile } = fillableDisk()
    const devnet = await startDevnet({ dataDir, openFile })
    await commit(devnet, workchain, createCounter(1, workchain))
    const seen = (await ask(devnet, 'l0', '/data-application/checkpoint')).json
    disk.full = true
    for (const by of [1, 2, 3]) await post(devnet, (await sign(workchain, add(1, by))).envelope)
    await devnet.close()
    expect((await ask(devnet, 'l0', '/data-application/checkpoint')).json).toEqual(seen)
    expect((await everything({ dataDir })).checkpoint).toEqual(seen)
  })
})

type Step = { readonly message: Message; readonly signers: readonly Signer[] }

const number = fc.integer({ min: 1, max: 3 })
const step: fc.Arbitrary<Step> = fc.record({
  message: fc.oneof(
    { weight: 1, arbitrary: number.map((id) => createCounter(id, workchain)) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(
          number,
          fc.oneof(
            fc.integer({ min: -2, max: 9 }),
            fc.constant(-0),
            fc.double({ noNaN: true, max: 1e15, min: -1e15 }),
            fc.string(),
          ),
          fc.option(fc.constantFrom('k', 'l', 'm')),
        )
        .map(([id, by, key]) => add(id, by, key === null ? {} : { key })),
    },
    {
      weight: 1,
      arbitrary: number.map(
        (id): Message => ({ type: 'ArchiveStateMachine', fiberId: uuid(id), targetSequenceNumber: null }),
      ),
    },
  ),
  signers: fc.constantFrom([alice], [bob], [alice, bob]),
})

test('law: running the log again gives the same records, events and hashes, with and without a checkpoint', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const dataDir = temporaryFolder()
      const devnet = await openDevnet({ ...options, dataDir })
      const [last] = [await sign(workchain, createCounter(77, workchain))]
      for (const { message, signers } of steps) await post(devnet, (await sign(workchain, message, signers)).envelope)
      await post(devnet, last.envelope)
      const path = `/data-application/state-machines/${uuid(77)}`
      await until(
        devnet,
        async () => (await ask(devnet, 'l0', path)).json,
        (seen) => seen !== null,
      )
      const seen = (await ask(devnet, 'l0', '/data-application/checkpoint')).json
      const replayed = await everything({ dataDir: await copyOf(dataDir) })
      await devnet.close()
      const loaded = await everything({ dataDir })
      expect(replayed.checkpoint).toEqual(seen)
      expect(loaded).toEqual(replayed)
    }),
    { numRuns: 25 },
  )
})

const options: DevnetOptions = {
  dialect: workchain,
  dataDir: null,
  snapshotMs: 0,
  latencyMs: 0,
  lagOrdinals: 0,
  extensions: true,
  clock: { nowMs: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() },
  newId: () => uuid(99),
  log: silentLog,
}

/** A checkpoint is written beside the work, and what it makes needless is deleted after it. */
async function waitFor(folder: string, settled: (names: Set<string>) => boolean): Promise<void> {
  while (!settled(new Set(await readdir(folder)))) await new Promise(setImmediate)
}
