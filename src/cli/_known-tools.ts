import { readdir } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { gameTools } from '../open-games.ts'
import { baseTools } from '../tools/base-tools.ts'
import { tttSimulateMove } from '../tools/ttt-simulate-move.ts'
import { noGames } from './tool.ts'

/**
 * Names of all tools that a service here would have, aliases among them: the game's, the base tools, and those of the
 * project, which are called like their files.
 */
export async function knownTools(projectDir: string): Promise<readonly string[]> {
  const own = [...gameTools.map((tool) => tool(noGames)), tttSimulateMove(noGames), ...baseTools]
  const files = await readdir(join(projectDir, 'tools')).catch(() => [])
  return [
    ...own.flatMap(({ description, aliases }) => [description.name, ...aliases]),
    ...files.filter((file) => /\.(?:m?js|ts)$/.test(file)).map((file) => basename(file, extname(file))),
  ]
}
