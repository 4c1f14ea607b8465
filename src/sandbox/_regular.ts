import type { Stats } from 'node:fs'
import { refused } from './paths.ts'

/** @throws PermissionDeniedError for links, devices, pipes and sockets; an error EISDIR, as the system's, for a folder */
export function assertRegular(stats: Stats): void {
  if (stats.isSymbolicLink()) throw refused('The path goes over a link.')
  if (stats.isDirectory()) throw Object.assign(new Error('A folder.'), { code: 'EISDIR' })
  if (!stats.isFile()) throw refused('The path is that of no regular file.')
}
