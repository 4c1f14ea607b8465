import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import { orFault } from './admission.ts'
import type { Route } from './router.ts'
import { json, text } from './router.ts'
import type { Webhooks } from './webhooks.ts'

const maxSecretCharacters = 1_024

/** Who wants to be told. @see OttoChain metagraph L0, webhook routes */
export const webhookRoutes = ({ prefix, webhooks }: { prefix: string; webhooks: Webhooks }): readonly Route[] => [
  {
    method: 'POST',
    path: `${prefix}/webhooks/subscribe`,
    handle({ readBody }) {
      const asked = orFault(() => readSubscription(readBody()))
      const subscribed = typeof asked === 'string' ? asked : webhooks.subscribe(asked.callbackUrl, asked.secret)
      return typeof subscribed === 'string' ? json({ error: subscribed }, 400) : json(subscribed, 201)
    },
  },
  {
    method: 'DELETE',
    path: `${prefix}/webhooks/subscribe/:id`,
    handle: ({ params }) =>
      webhooks.unsubscribe(params.get('id') ?? '') ? text('', 204) : json({ error: 'Subscriber not found' }, 404),
  },
  {
    method: 'GET',
    path: `${prefix}/webhooks/subscribers`,
    handle: () => json({ subscribers: webhooks.list() }),
  },
]

/** In words what is wrong, where it is no subscription. */
function readSubscription(body: JsonValue): { callbackUrl: string; secret: string | null } | string {
  const asked: JsonObject = isJsonObject(body) ? body : {}
  const callbackUrl = member(asked, 'callbackUrl')
  const secret = member(asked, 'secret') ?? null
  if (typeof callbackUrl !== 'string') return 'callbackUrl must be a text'
  if (secret !== null && (typeof secret !== 'string' || secret.length > maxSecretCharacters))
    return `secret must be a text of at most ${maxSecretCharacters} characters`
  return { callbackUrl, secret }
}
