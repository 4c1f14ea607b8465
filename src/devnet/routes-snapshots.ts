import type { JsonArray, JsonObject, JsonValue } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { canonicalize } from '../signing/canonical.ts'
import { plainHash } from '../signing/digest.ts'
import { notReady } from './answers.ts'
import type { PastSnapshot } from './history.ts'
import type { Node } from './node.ts'
import type { Published } from './published.ts'
import type { Answer, Route } from './router.ts'
import { json, notFound } from './router.ts'

export type SnapshotRoutesDeps = {
  readonly dialect: Dialect
  readonly published: Published
  readonly node: Pick<Node, 'state'>
}

/**
 * Snapshots: the newest by its ordinal at any time, whole ones as long as they are remembered (100 at most, none right
 * after a start). They carry no proofs: there are no validators.
 * @see Constellation metagraph L0, `SnapshotRoutes`
 */
export function snapshotRoutes({ dialect, published, node }: SnapshotRoutesDeps): readonly Route[] {
  const { l0, history } = published
  const get = (path: string, handle: Route['handle']): Route => ({
    method: 'GET',
    path: `/snapshots/${path}`,
    handle: (request) => (node.state === 'Ready' ? handle(request) : notReady),
  })
  const show = (found: PastSnapshot | undefined, view: (found: PastSnapshot) => JsonValue): Answer =>
    found === undefined ? notFound : json(view(found))
  const whole = (found: PastSnapshot): JsonValue => ({ value: encodeSnapshot(found, dialect), proofs: [] })
  const named = (name = '') => history.find(/^\d{1,15}$/.test(name) ? Number(name) : name)
  return [
    get('latest/ordinal', () => json({ value: l0.ordinal })),
    get('latest/metadata', () =>
      show(history.latest(), ({ snapshot: { ordinal, hash, previous } }) => ({
        ordinal,
        hash,
        lastSnapshotHash: previous,
      })),
    ),
    get('latest', () => show(history.latest(), whole)),
    get(':name', ({ params }) => show(named(params.get('name')), whole)),
    get(':name/hash', ({ params }) => show(named(params.get('name')), ({ snapshot }) => snapshot.hash)),
  ]
}

function encodeSnapshot({ snapshot, state }: PastSnapshot, dialect: Dialect): JsonObject {
  const then = state()
  return {
    ordinal: snapshot.ordinal,
    height: 0,
    subHeight: snapshot.ordinal,
    lastSnapshotHash: snapshot.previous,
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
