import type { Log } from '../core/log.ts'
import type { ToolCatalog } from '../tools/tool.ts'
import type { Admission } from './admission.ts'
import { toRefusal } from './problem.ts'

export type AdmittedToolsDeps = { readonly tools: ToolCatalog; readonly admission: Admission; readonly log: Log }

/** The same catalogue for a door: a write is counted, and refused as an outcome while it may not begin. */
export function admitTools({ tools, admission, log }: AdmittedToolsDeps): ToolCatalog {
  const writes = new Set(tools.list().flatMap(({ name, effect }) => (effect === 'write' ? [name] : [])))
  return {
    list: () => tools.list(),
    async call(name, args, context) {
      const run = () => tools.call(name, args, context)
      if (!writes.has(name)) return run()
      return admission.write(run).catch((error: unknown) => toRefusal(error, { traceId: context.traceId, log }))
    },
  }
}
