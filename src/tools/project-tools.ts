import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Clock } from '../core/clock.ts'
import { BaseError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { FolderState } from './_folder-watch.ts'
import { readFolder, watchFolder } from './_folder-watch.ts'
import type { ProjectTool } from './_project-tool.ts'
import { openProjectTool } from './_project-tool.ts'
import { ToolFileFault } from './_tool-thread.ts'
import type { ToolBus } from './tool.ts'

/** A file of the project that gives no tool, or not its newest: why. */
export type ToolFault = { readonly file: string; readonly fact: string }

/** The tools of a project: one file each, in a folder that is watched. */
export type ProjectTools = {
  /** Of the files as they were read last, in the order of their names. */
  faults(): readonly ToolFault[]
  /** Reads the folder now. */
  reload(): Promise<void>
  close(): Promise<void>
}

export type ProjectToolsDeps = {
  /** Where the files are: `<project>/tools`. It need not be there yet. */
  readonly dir: string
  readonly bus: Pick<ToolBus, 'register' | 'unregister'>
  readonly log: Log
  readonly clock: Clock
  /** How often the folder is looked at, besides what the system tells of it; 2,000 ms unless told. */
  readonly pollMs?: number
}

/** `_x.js` is for the other files of the folder alone, and `x.d.ts` holds types. */
const toolFile = /^[A-Za-z0-9](?!.*\.d\.ts$).*\.(?:js|mjs|ts)$/
const maxTools = 100

type Held = { readonly stamp: string; readonly tool: ProjectTool | undefined; readonly fault: string | undefined }

/**
 * Loads the tools of a project and keeps up with its files: a changed one takes the place of its tool, whose running
 * calls end as they began; one that is gone goes; one that is broken leaves what there was, and the log says why. Each
 * file exports `tool`: `{ name, summary, effect, input, run(args, { signal, log }) }`, `input` a JSON Schema of an object.
 */
export async function createProjectTools(deps: ProjectToolsDeps): Promise<ProjectTools> {
  const { dir, log, clock, pollMs = 2_000 } = deps
  const held = new Map<string, Held>()
  // Whose calls still run: each has a deadline.
  const leaving = new Set<ProjectTool>()
  const leave = (tool: ProjectTool): void => {
    leaving.add(tool)
    void tool.retire().finally(() => leaving.delete(tool))
  }

  const scan = async (): Promise<void> => {
    const found = firstOf(await readFolder(dir, toolFile), maxTools, log)
    const gone = [...held.keys()].filter((file) => !found.has(file))
    for (const file of gone) {
      const tool = held.get(file)?.tool
      held.delete(file)
      if (tool === undefined) continue
      deps.bus.unregister(nameOf(tool))
      leave(tool)
    }
    for (const [file, stamp] of found) {
      const earlier = held.get(file)
      // A name that was another file's may be free now.
      const isDue = earlier?.stamp !== stamp || (gone.length > 0 && earlier.fault !== undefined)
      if (!isDue) continue
      const now = await load(deps, { file, stamp, earlier })
      held.set(file, now)
      if (earlier?.tool !== undefined && earlier.tool !== now.tool) leave(earlier.tool)
    }
  }
  let turn = Promise.resolve()
  const reload = (): Promise<void> => {
    turn = turn.then(scan).catch((error: unknown) => log.warn({ err: error, dir }, 'the tools cannot be read'))
    return turn
  }

  await reload()
  const stopWatching = watchFolder({ dir, clock, pollMs, onChange: reload })
  return {
    faults: () =>
      [...held].flatMap(([file, { fault }]) => (fault === undefined ? [] : { file, fact: fault })).toSorted(byFile),
    reload,
    async close() {
      await stopWatching()
      await turn
      const open = [...leaving, ...[...held.values()].flatMap(({ tool }) => tool ?? [])]
      await Promise.all(open.map((tool) => tool.close()))
    },
  }
}

const byFile = (one: ToolFault, other: ToolFault): number => (one.file < other.file ? -1 : 1)

function firstOf(found: FolderState, max: number, log: Log): FolderState {
  if (found.size > max) log.warn({ files: found.size, max }, 'more tools than are loaded')
  return new Map([...found].slice(0, max))
}

/** The file as it is now in the place of what it was, or what it was with its fault. */
async function load(
  { dir, bus, log, clock }: ProjectToolsDeps,
  { file, stamp, earlier }: { readonly file: string; readonly stamp: string; readonly earlier: Held | undefined },
): Promise<Held> {
  const before = earlier?.tool
  try {
    const opened = await openProjectTool({ url: pathToFileURL(join(dir, file)), clock, log })
    try {
      replace(bus, before, opened)
    } catch (error) {
      await opened.close()
      throw error
    }
    log.info({ file, tool: nameOf(opened) }, 'tool loaded')
    return { stamp, tool: opened, fault: undefined }
  } catch (error) {
    if (!(error instanceof ToolFileFault || error instanceof BaseError)) throw error
    log.warn({ file, fault: error.message }, 'a tool is not loaded; what there was of it stays')
    return { stamp, tool: before, fault: error.message }
  }
}

const nameOf = ({ tool }: ProjectTool): string => tool.description.name

/** @throws ToolExistsError */
function replace(bus: ProjectToolsDeps['bus'], before: ProjectTool | undefined, after: ProjectTool): void {
  const isSame = before !== undefined && nameOf(before) === nameOf(after)
  bus.register(after.tool, { replace: isSame })
  if (before !== undefined && !isSame) bus.unregister(nameOf(before))
}
