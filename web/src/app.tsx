import { Suspense, useEffect, useRef, useState } from 'react'
import { Link, Route, Router, Switch, useLocation } from 'wouter'
import { t } from './texts.ts'
import { Boundary } from './ui/boundary.tsx'
import { lazily } from './ui/lazily.ts'
import otter from './ui/otter.svg'
import { Empty, Loading } from './ui/states.tsx'
import type { Theme } from './ui/theme.ts'
import { applyTheme, readTheme } from './ui/theme.ts'
import { TokenDoor } from './ui/token-door.tsx'

/** A view is loaded when it is first opened: the first one is soon there. */
const views = [
  { path: '/', name: 'games', View: lazily(() => import('./views/games/games.tsx')) },
  { path: '/games/:id', name: undefined, View: lazily(() => import('./views/game/game.tsx')) },
  { path: '/ledger/*?', name: 'ledger', View: lazily(() => import('./views/ledger/ledger.tsx')) },
  { path: '/wallets', name: 'wallets', View: lazily(() => import('./views/wallets/wallets.tsx')) },
  { path: '/health', name: 'health', View: lazily(() => import('./views/health/health.tsx')) },
  { path: '/chat', name: 'chat', View: lazily(() => import('./views/chat/chat.tsx')) },
] as const

export function App() {
  return (
    <Router base="/ui">
      <a className="skip" href="#content">
        {t.skip}
      </a>
      <Header />
      <TokenDoor />
      <Content />
    </Router>
  )
}

function Header() {
  return (
    <header className="top">
      <Link href="/" className="brand">
        <img src={otter} alt="" width="28" height="28" />
        {t.name}
      </Link>
      <nav aria-label={t.name}>
        {views.map(({ path, name }) =>
          name === undefined ? null : (
            <Link key={name} href={path.replace('/*?', '')} className={(isHere) => (isHere ? 'here' : '')}>
              {t.nav[name]}
            </Link>
          ),
        )}
      </nav>
      <ThemeChoice />
    </header>
  )
}

function ThemeChoice() {
  const [theme, setTheme] = useState(readTheme)
  const choose = (chosen: string) => {
    const next: Theme = chosen === 'light' || chosen === 'dark' ? chosen : 'system'
    applyTheme(next)
    setTheme(next)
  }
  return (
    <label className="theme">
      <span className="unseen">{t.theme.label}</span>
      <select value={theme} onChange={(event) => choose(event.target.value)}>
        <option value="system">{t.theme.system}</option>
        <option value="light">{t.theme.light}</option>
        <option value="dark">{t.theme.dark}</option>
      </select>
    </label>
  )
}

function Content() {
  const [path] = useLocation()
  const main = useRef<HTMLElement>(null)
  const isFirst = useRef(true)
  // Whoever reads with a screen reader or a keyboard starts at the top of the new view.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another path is another view
  useEffect(() => {
    if (!isFirst.current) main.current?.focus()
    isFirst.current = false
  }, [path])
  return (
    <main id="content" ref={main} tabIndex={-1}>
      <Boundary key={path}>
        <Suspense fallback={<Loading />}>
          <Switch>
            {views.map(({ path: pattern, View }) => (
              <Route key={pattern} path={pattern}>
                <View />
              </Route>
            ))}
            <Route>
              <Empty title={t.errors.missing}>
                <Link href="/">{t.errors.home}</Link>
              </Empty>
            </Route>
          </Switch>
        </Suspense>
      </Boundary>
    </main>
  )
}
