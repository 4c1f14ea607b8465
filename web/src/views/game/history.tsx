import { Link } from 'wouter'
import type { GameView } from '../../api/client.ts'
import type { LedgerMessage } from '../../ledger/message.ts'
import { t } from '../../texts.ts'
import { Scroll, Short } from '../../ui/parts.tsx'

type Played = GameView['moveHistory'][number]

/** The moves of this round; gas and success once the signed messages are there. */
export function History({ view, messages }: { view: GameView; messages: readonly LedgerMessage[] }) {
  const byHash = new Map(messages.map((message) => [message.hash, message]))
  const columns = t.game.columns
  return (
    <section className="card" aria-labelledby="history">
      <h2 id="history">{t.game.history}</h2>
      {view.moveHistory.length === 0 ? (
        <p className="quiet">{t.game.noMoves}</p>
      ) : (
        <Scroll label={t.game.history}>
          <table>
            <thead>
              <tr>
                {Object.values(columns).map((column) => (
                  <th key={column} scope="col">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {view.moveHistory.map((move) => (
                <Row key={move.moveNum} move={move} message={byHash.get(move.hash ?? '')} />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  )
}

function Row({ move, message }: { move: Played; message: LedgerMessage | undefined }) {
  const { columns } = t.game
  return (
    <tr>
      <td>{move.moveNum}</td>
      <td>
        <b className={`mark-${move.player}`}>{move.player}</b>
      </td>
      <td>{move.cell + 1}</td>
      <td>
        <Short text={move.signer} label={columns.signer} />
      </td>
      <td>{move.hash === null ? t.common.none : <Short text={move.hash} label={columns.hash} />}</td>
      <td>
        {move.ordinal === null ? t.common.none : <Link href={`/ledger?ordinal=${move.ordinal}`}>{move.ordinal}</Link>}
      </td>
      <td>{message?.gasUsed ?? t.common.none}</td>
      <td>{yesOrNo(message?.success ?? null)}</td>
    </tr>
  )
}

export const yesOrNo = (word: boolean | null): string =>
  word === null ? t.common.none : word ? t.game.yesWord : t.game.noWord
