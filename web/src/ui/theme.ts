export type Theme = 'system' | 'light' | 'dark'
const name = 'otto.theme'

export function readTheme(): Theme {
  const kept = localStorage.getItem(name)
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}

/** Without a choice the page follows the system. */
export function applyTheme(theme: Theme = readTheme()): void {
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
  if (theme === 'system') localStorage.removeItem(name)
  else localStorage.setItem(name, theme)
}
