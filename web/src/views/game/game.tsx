import './game.css'
import { useEffect, useState } from 'react'
import { Link, useParams } from 'wouter'
import type { GameView } from '../../api/client.ts'
import { usePlay } from '../../play/play.ts'
import { useAutoPlay } from '../../play/use-auto-play.ts'
import { fill, t } from '../../texts.ts'
import { Empty, Failure, LiveSign, Loading } from '../../ui/states.tsx'
import { Board } from './board.tsx'
import { Controls } from './controls.tsx'
import { History } from './history.tsx'
import { Machine } from './machine.tsx'
import { MessageList } from './messages.tsx'
import { OracleState } from './oracle-state.tsx'
import { Refusal } from './refusal.tsx'
import { OnItsWay, Standing } from './standing.tsx'
import type { LiveGame } from './use-game.ts'
import { isMissing, useGame } from './use-game.ts'
import { useMessages } from './use-messages.ts'
import { useTry } from './use-try.ts'
import { useWrite } from './use-write.ts'
import { WhoPlays } from './who-plays.tsx'

/** One game, live: to look at, to play, and to check. */
export default function Game() {
  const { id = '' } = useParams<{ id: string }>()
  const [missing, setMissing] = useState<string>()
  return missing === id ? <Missing id={id} /> : <OneGame key={id} id={id} onMissing={() => setMissing(id)} />
}

const Missing = ({ id }: { id: string }) => (
  <>
    <h1>{fill(t.game.title, { id: id.slice(0, 8) })}</h1>
    <Empty title={t.game.missing}>
      <Link href="/">{t.errors.home}</Link>
    </Empty>
  </>
)

function OneGame({ id, onMissing }: { id: string; onMissing: () => void }) {
  const game = useGame(id)
  const isGone = game.view === undefined && isMissing(game.error)
  // Its stream is left too: nothing will ever come of it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is told once
  useEffect(() => {
    if (isGone) onMissing()
  }, [isGone])
  return (
    <>
      <div className="row head">
        <h1>{fill(t.game.title, { id: id.slice(0, 8) })}</h1>
        <LiveSign state={game.stream} />
        <Link href="/" className="back">
          {t.game.all}
        </Link>
      </div>
      {game.view === undefined && game.error === null && <Loading lines={12} />}
      {game.view === undefined && game.error !== null && <Failure error={game.error} onRetry={game.look} />}
      {game.view !== undefined && <Shown game={game} view={game.view} />}
    </>
  )
}

function Shown({ game, view }: { game: LiveGame; view: GameView }) {
  const query = useMessages(view.gameId, view.ordinal)
  const messages = query.data?.messages ?? []
  return (
    <>
      <div className="columns">
        <Table game={game} view={view} />
        <div className="stack">
          <Machine view={view} messages={messages} />
          <OracleState view={view} />
        </div>
      </div>
      <div className="stack below">
        <History view={view} messages={messages} />
        <MessageList view={view} query={query} />
      </div>
    </>
  )
}

/** Where it is played. */
function Table({ game, view }: { game: LiveGame; view: GameView }) {
  const [play, change] = usePlay()
  const write = useWrite(game)
  const auto = useAutoPlay(view, play, write)
  const { words, tryCell } = useTry(view, play.as, write)
  const { state } = write
  return (
    <section className="card table" aria-label={t.game.board}>
      <Standing view={view} as={play.as} />
      <Board view={view} going={state.kind === 'going' ? state.attempt.move : undefined} onTry={tryCell} />
      <p id="board-keys" className="quiet keys">
        {t.game.keys}
      </p>
      <OnItsWay write={write} intent={game.intent} />
      <p className="words" aria-live="assertive">
        {words}
      </p>
      {'error' in state && <Refusal error={state.error} onAgain={write.again} onDrop={write.dismiss} />}
      <Controls view={view} write={write} />
      <WhoPlays play={play} change={change} {...auto} />
    </section>
  )
}
