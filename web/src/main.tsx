import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { isWorthAsking } from './api/errors.ts'
import { App } from './app.tsx'
import { applyTheme } from './ui/theme.ts'
import './ui/styles.css'

applyTheme()
// The page is served at / too; everything it links to is below /ui.
if (location.pathname === '/') history.replaceState(null, '', '/ui/')

const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: (count, error) => count < 2 && isWorthAsking(error), staleTime: 1_000, networkMode: 'always' },
    mutations: { retry: false, networkMode: 'always' },
  },
})

const root = document.getElementById('root')
if (root === null) throw new Error('The page has no root.')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
)
