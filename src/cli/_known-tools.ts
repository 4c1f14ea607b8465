import { join } from 'node:path'
import { silentLog } from '../core/log.ts'
import { gameTools } from '../open-games.ts'
import { systemClock } from '../system.ts'
import { baseTools } from '../tools/base-tools.ts'
import { createProjectTools } from '../tools/project-tools.ts'
import type { ListedTool } from '../tools/tool.ts'
import { tttSimulateMove } from '../tools/ttt-simulate-move.ts'
import { noGames } from './tool.ts'

/**
 * Names of all tools that a service here would have, aliases among them: the game's, the base tools, and those of the
 * project, which are loaded as the service loads them: a tool need not be called like its file.
 */
export async function knownTools(projectDir: string): Promise<readonly string[]> {
  const known: ListedTool[] = [...gameTools.map((tool) => tool(noGames)), tttSimulateMove(noGames), ...baseTools]
  const bus = { register: (tool: ListedTool) => void known.push(tool), unregister: () => false }
  const own = await createProjectTools({ dir: join(projectDir, 'tools'), bus, log: silentLog, clock: systemClock })
  await own.close()
  return known.flatMap(({ description, aliases }) => [description.name, ...aliases])
}
