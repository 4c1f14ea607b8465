/** Backups kept of one file. */
const maxBackups = 20
/** A file that is being written is there for no longer than this, ms: an older one is of a process that ended. */
const staleMs = 3_600_000

const temporaryName = /^\.otto-tmp-(\d{1,16})-[0-9a-f-]+$/
const backupStamp = /^\d{8}T\d{9}Z(?:-\d+)?$/

/** What a file is called while it is written. */
export const temporaryOf = (nowMs: number, id: string): string => `.otto-tmp-${Math.trunc(nowMs)}-${id}`

/** What a file is called when another takes its place: by the moment, and counted within it. */
export function backupOf(name: string, nowMs: number, count: number): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')
  return `${name}.bak-${stamp}${count === 0 ? '' : `-${count}`}`
}

/** Of the names in a folder those that may go, after a file in it was written: old backups of it, and broken writes. */
export function leftoversOf(names: readonly string[], { name, nowMs }: { name: string; nowMs: number }): string[] {
  const prefix = `${name}.bak-`
  const backups = names.filter((one) => one.startsWith(prefix) && backupStamp.test(one.slice(prefix.length)))
  const stale = names.filter((one) => {
    const [, atMs] = temporaryName.exec(one) ?? []
    return atMs !== undefined && nowMs - Number(atMs) > staleMs
  })
  return [...backups.sort(byAge).slice(0, -maxBackups), ...stale]
}

/** Oldest first. The stamps have one length, and the counts behind them do not. */
const byAge = (one: string, other: string): number => one.localeCompare(other, 'en', { numeric: true })
