import { z } from 'zod'
import type { JsonValue } from '../core/json.ts'
import { evaluate } from '../jlvm/evaluate.ts'
import type { Program } from '../jlvm/program.ts'
import { fromJson, toJson } from '../jlvm/value.ts'
import { OracleFailedError } from './errors.ts'
import type { Mark } from './game-view.ts'

/** The oracle's verdict on a move that nobody has made. `reason` is the oracle's own word, null when it is legal. */
export type Verdict = { readonly valid: boolean; readonly reason: string | null }

const MoveResult = z.object({ _result: z.object({ valid: z.boolean(), reason: z.string().optional() }) })

/**
 * Runs the oracle's own program on a state, here: no message, no signature, nothing changes.
 * @throws OracleFailedError when the program fails or answers in another shape
 */
export function simulateMove(program: Program, state: JsonValue, move: { player: Mark; cell: number }): Verdict {
  const { player, cell } = move
  const input = fromJson({ method: 'makeMove', args: { player, cell }, state })
  const parsed = MoveResult.safeParse(runProgram(program, input))
  if (!parsed.success) throw new OracleFailedError('makeMove did not answer with a verdict')
  const { valid, reason } = parsed.data._result
  return { valid, reason: valid ? null : (reason ?? 'refused') }
}

function runProgram(program: Program, input: ReturnType<typeof fromJson>): JsonValue {
  try {
    return toJson(evaluate(program, input).value)
  } catch (cause) {
    throw new OracleFailedError(cause instanceof Error ? cause.message : 'evaluation failed')
  }
}
