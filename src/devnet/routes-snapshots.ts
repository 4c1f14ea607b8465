import type { JsonArray, JsonObject, JsonValue } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { canonicalize } from '../signing/canonical.ts'
import { plainHash } from '../signing/digest.ts'
import type { Signed, Signer } from '../signing/signed.ts'
import { signValue } from '../signing/signer.ts'
import { notReady } from './answers.ts'
import type { PastSnapshot } from './history.ts'
import type { Snapshot } from './ledger.ts'
import type { Node } from './node.ts'
import type { Published } from './published.ts'
import type { Answer, Route } from './router.ts'
import { json, notFound } from './router.ts'

export type SnapshotRoutesDeps = {
  readonly dialect: Dialect
  readonly published: Published
  readonly node: Pick<Node, 'state' | 'signer'>
}

type View = (found: PastSnapshot) => JsonValue | Promise<JsonValue>

/**
 * Snapshots: the newest at any time, earlier ones as long as they are remembered (100 at most, none right after a
 * start). Whole ones are signed by this node alone: it is the only validator.
 * @see Constellation metagraph L0, `SnapshotRoutes`
 */
export function snapshotRoutes({ dialect, published, node }: SnapshotRoutesDeps): readonly Route[] {
  const { l0, history } = published
  const sign = createSnapshotSigner(dialect, node.signer)
  const get = (path: string, handle: Route['handle']): Route => ({
    method: 'GET',
    path: `/snapshots/${path}`,
    handle: (request) => (node.state === 'Ready' ? handle(request) : notReady),
  })
  const show = async (found: PastSnapshot | undefined, view: View): Promise<Answer> =>
    found === undefined ? notFound : json(await view(found))
  const named = (name = '') => history.find(/^\d{1,15}$/.test(name) ? Number(name) : name)
  return [
    get('latest/ordinal', () => json({ value: l0.ordinal })),
    get('latest/metadata', () => show(history.latest(), metadataOf)),
    get('latest/combined', () => show(history.latest(), async (found) => [await sign(found), noBalances])),
    get('latest', () => show(history.latest(), sign)),
    get(':name', ({ params }) => show(named(params.get('name')), sign)),
    get(':name/hash', ({ params }) => show(named(params.get('name')), ({ snapshot }) => snapshot.hash)),
  ]
}

/** What a currency metagraph keeps beside its snapshots. @see Constellation `CurrencySnapshotInfo`; nobody owns coins */
const noBalances: JsonObject = { lastTxRefs: {}, balances: {} }

const metadataOf = ({ snapshot: { ordinal, hash, previous } }: PastSnapshot): JsonObject => ({
  ordinal,
  hash,
  lastSnapshotHash: previous,
})

/** Signs when somebody asks, once: the plain hash of the value, as any signed object's. */
function createSnapshotSigner(dialect: Dialect, signer: Signer): (found: PastSnapshot) => Promise<JsonObject> {
  const known = new WeakMap<Snapshot, Signed<JsonObject>['proofs']>()
  return async (found) => {
    const value = encodeSnapshot(found, dialect)
    const proofs =
      known.get(found.snapshot) ?? (await signValue(value, plainHash(canonicalize(value)), [signer])).proofs
    known.set(found.snapshot, proofs)
    return { value, proofs: proofs.map(({ id, signature }) => ({ id, signature })) }
  }
}

function encodeSnapshot({ snapshot, state }: PastSnapshot, dialect: Dialect): JsonObject {
  const then = state()
  return {
    ordinal: snapshot.ordinal,
    height: 0,
    subHeight: snapshot.ordinal,
    lastSnapshotHash: snapshot.previous,
    blocks: [],
    rewards: [],
    tips: { deprecated: [], remainedActive: [] },
    epochProgress: snapshot.ordinal,
    dataApplication: {
      onChainState: canonicalBytes(dialect.encodeOnChain(then, snapshot.log)),
      blocks: snapshot.updates.length === 0 ? [] : [canonicalBytes({ updates: snapshot.updates })],
      calculatedStateProof: plainHash(canonicalize(dialect.encodeCalculatedState(then))),
    },
  }
}

/** Canonical JSON as the bytes of a JVM: numbers from -128 to 127. */
const canonicalBytes = (value: JsonValue): JsonArray => [...new Int8Array(Buffer.from(canonicalize(value), 'utf8'))]
