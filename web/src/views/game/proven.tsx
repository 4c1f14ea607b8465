import { useState } from 'react'
import { isJsonObject } from '../../../../src/core/json.ts'
import type { GameView } from '../../api/client.ts'
import type { LedgerMessage, Nulls } from '../../ledger/message.ts'
import type { Check } from '../../ledger/verify.ts'
import { canonicalText, verifyMessage } from '../../ledger/verify.ts'
import { fill, t } from '../../texts.ts'
import { Failure } from '../../ui/states.tsx'
import { useWallets } from './use-messages.ts'

type Props = { readonly message: LedgerMessage; readonly nulls: Nulls; readonly view: GameView }

/** A message's signed bytes and proofs, and what this browser itself makes of them. */
export default function Proven({ message, nulls, view }: Props) {
  const [checks, setChecks] = useState<readonly Check[]>()
  const { data, error, refetch } = useWallets()
  const verify = () => {
    const wallets = data === undefined ? [] : [data.playerX.address, data.playerO.address]
    setChecks(verifyMessage(message, nulls, { wallets, player: playerOf(message, view) }))
  }
  return (
    <div className="proven">
      <h3>{t.game.canonical}</h3>
      <pre>{textOf(message, nulls)}</pre>
      <h3>{t.game.proofs}</h3>
      <pre>{JSON.stringify(message.proofs, null, 2)}</pre>
      {error !== null && <Failure error={error} onRetry={() => void refetch()} />}
      <button type="button" onClick={verify} disabled={data === undefined}>
        {t.game.verify}
      </button>
      <div aria-live="polite">{checks && <Verdict checks={checks} />}</div>
    </div>
  )
}

function textOf({ value }: LedgerMessage, nulls: Nulls): string {
  try {
    return canonicalText(value, nulls)
  } catch {
    return t.game.wrong.canonical
  }
}

/** The address of the player that a move names; null for what is no move. */
function playerOf({ value, eventName }: LedgerMessage, { playerX, playerO }: GameView): string | null {
  if (eventName !== 'make_move') return null
  const player = findPlayer(value)
  return player === 'X' ? playerX : player === 'O' ? playerO : ''
}

/** The payload lies at another depth in each dialect: it is the object that has a player and a cell. */
function findPlayer(value: LedgerMessage['value']): string | undefined {
  if (!isJsonObject(value)) return undefined
  if (typeof value['player'] === 'string' && 'cell' in value) return value['player']
  for (const member of Object.values(value)) {
    const found = findPlayer(member)
    if (found !== undefined) return found
  }
  return undefined
}

function Verdict({ checks }: { checks: readonly Check[] }) {
  const isRight = checks.every((check) => check.isRight)
  return (
    <>
      <p className={isRight ? 'right' : 'wrong'}>
        {isRight ? '✓' : '✗'} {isRight ? t.game.verified : t.game.notVerified}
      </p>
      <ol className="checks">
        {checks.map((check, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the steps of one verdict never change places
          <li key={at} className={check.isRight ? 'right' : 'wrong'}>
            {check.isRight ? '✓' : '✗'} {wordsOf(check)}
          </li>
        ))}
      </ol>
    </>
  )
}

const wordsOf = ({ step, isRight, found, expected }: Check): string =>
  fill(isRight ? t.game.checks[step] : t.game.wrong[step], { found, expected: expected ?? '' })
