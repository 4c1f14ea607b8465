import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { canonicalize } from '../../src/signing/canonical.ts'
import { plainHash } from '../../src/signing/digest.ts'
import type { Signed } from '../../src/signing/signed.ts'
import { createVerifier, verifySigned } from '../../src/signing/verify.ts'
import { add, createCounter, ottochain, workchain } from './fixtures.ts'
import { ask, commit, startDevnet, temporaryFolder } from './kit.ts'

const snapshot = async (devnet: Devnet, name: number | string) =>
  (await ask(devnet, 'l0', `/snapshots/${name}`)).json as unknown as Signed<JsonObject>

describe.each([workchain, ottochain])('in $name', (dialect) => {
  const mark = dialect.name === 'ottochain' ? { target: 0 } : {}

  test('the state before the first message is a snapshot too', async () => {
    const devnet = await startDevnet({ dialect })
    const { value, proofs } = await snapshot(devnet, 'latest')
    expect(value).toMatchObject({ ordinal: 0, lastSnapshotHash: '0'.repeat(64), dataApplication: { blocks: [] } })
    expect(proofs).toHaveLength(1)
  })

  test('each is signed by the node, and found by ordinal, by hash and as the newest', async () => {
    const devnet = await startDevnet({ dialect })
    await commit(devnet, dialect, createCounter(1, dialect))
    await commit(devnet, dialect, add(1, 2, mark))
    const { id } = (await ask(devnet, 'l0', '/node/info')).json as { id: string }
    const newest = await snapshot(devnet, 'latest')
    const hash = (await ask(devnet, 'l0', '/snapshots/2/hash')).json as string
    for (const name of [2, hash]) expect(await snapshot(devnet, name)).toEqual(newest)
    expect((await ask(devnet, 'l0', `/snapshots/${hash}/hash`)).json).toBe(hash)
    for (const { value, proofs } of [newest, await snapshot(devnet, 1)]) {
      expect(proofs.map((proof) => proof.id)).toEqual([id])
      expect(await verifySigned(plainHash(canonicalize(value)), proofs, createVerifier({ maxKeys: 1 }))).toBe(true)
    }
    const [combined] = (await ask(devnet, 'l0', '/snapshots/latest/combined')).json as unknown as [unknown]
    expect(combined).toEqual(newest)
  })

  test('the newest is the same after a start, from the log and from a checkpoint', async () => {
    const dataDir = temporaryFolder()
    const first = await startDevnet({ dialect, dataDir })
    await commit(first, dialect, createCounter(1, dialect))
    await commit(first, dialect, add(1, 2, mark))
    const seen = await snapshot(first, 'latest')
    await first.close() // writes a checkpoint
    const second = await startDevnet({ dialect, dataDir })
    expect(await snapshot(second, 'latest')).toEqual(seen)
    expect((await ask(second, 'l0', '/snapshots/1')).status).toBe(404)
    expect((await ask(second, 'l0', `${dialect.prefix}/onchain`)).json).toEqual(
      JSON.parse(Buffer.from(Int8Array.from(onChainOf(seen.value))).toString('utf8')),
    )
  })
})

const onChainOf = (value: JsonObject) =>
  (value as { dataApplication: { onChainState: number[] } }).dataApplication.onChainState
