import './games.css'
import { useMemo } from 'react'
import { useSearchParams } from 'wouter'
import { t } from '../../texts.ts'
import { Empty, Failure, LiveSign, Loading } from '../../ui/states.tsx'
import { GameRow } from './game-row.tsx'
import { StartGame } from './start-game.tsx'
import type { Filter, GameList, Listed } from './use-games.ts'
import { useGames } from './use-games.ts'
import { useWindow } from './use-window.ts'

const machineStates = ['setup', 'playing', 'finished', 'cancelled'] as const
const statuses = ['NotInitialized', 'InProgress', 'Won', 'Draw', 'Cancelled'] as const

/** What Otto is, a game to begin, and all games as they go. */
export default function Games() {
  const [filter, change] = useFilter()
  const list = useGames(filter)
  return (
    <>
      <h1>{t.games.title}</h1>
      <p className="about">{t.games.about}</p>
      <StartGame />
      <section aria-labelledby="list" className="list">
        <div className="row">
          <h2 id="list">{t.games.list}</h2>
          <LiveSign state={list.stream} />
          <Filters filter={filter} change={change} />
        </div>
        <List list={list} isFiltered={filter.machineState !== undefined || filter.status !== undefined} />
      </section>
    </>
  )
}

/** The filter stands in the address, so that it can be kept and gone back to. */
function useFilter(): readonly [Filter, (name: string, value: string) => void] {
  const [search, setSearch] = useSearchParams()
  const [state, status] = [search.get('state'), search.get('status')]
  const filter = useMemo(
    () => ({
      machineState: machineStates.find((word) => word === state),
      status: statuses.find((word) => word === status),
    }),
    [state, status],
  )
  const change = (name: string, value: string) => {
    const next = new URLSearchParams(search)
    if (value === '') next.delete(name)
    else next.set(name, value)
    setSearch(next, { replace: true })
  }
  return [filter, change]
}

function Filters({ filter, change }: { filter: Filter; change: (name: string, value: string) => void }) {
  return (
    <div className="row filters">
      <label>
        <span className="quiet">{t.games.state}</span>{' '}
        <select value={filter.machineState ?? ''} onChange={(event) => change('state', event.target.value)}>
          <option value="">{t.games.any}</option>
          {machineStates.map((word) => (
            <option key={word} value={word}>
              {t.game.states[word]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span className="quiet">{t.games.status}</span>{' '}
        <select value={filter.status ?? ''} onChange={(event) => change('status', event.target.value)}>
          <option value="">{t.games.any}</option>
          {statuses.map((word) => (
            <option key={word} value={word}>
              {t.game.status[word]}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}

function List({ list, isFiltered }: { list: GameList; isFiltered: boolean }) {
  const { games, error } = list
  if (games === undefined)
    return error === null ? <Loading lines={8} /> : <Failure error={error} onRetry={list.again} />
  if (games.length === 0 && !list.hasMore) return <Empty title={isFiltered ? t.games.noneSo : t.games.none} />
  return (
    <>
      <Rows games={games} />
      {list.hasMore && (
        <button type="button" disabled={list.isLoadingMore} onClick={list.more}>
          {list.isLoadingMore ? t.common.loading : t.games.more}
        </button>
      )}
    </>
  )
}

function Rows({ games }: { games: readonly Listed[] }) {
  const [list, { columns, from, to, above, below }] = useWindow(games.length)
  const style = { gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, paddingTop: above, paddingBottom: below }
  return (
    <ul className="games" ref={list} style={style}>
      {games.slice(from, to).map(({ entry, board }, at) => (
        <GameRow key={entry.gameId} entry={entry} board={board} place={from + at + 1} of={games.length} />
      ))}
    </ul>
  )
}
