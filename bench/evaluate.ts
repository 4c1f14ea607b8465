import { runProgram } from './child.ts'
import type { Figure } from './figure.ts'
import { atLeast, figure } from './figure.ts'

/** One makeMove of the oracle in our VM beside json-logic-js, both from the parsed input to the JSON result. */
export async function measureEvaluate(): Promise<readonly Figure[]> {
  const { ours, theirs } = await runProgram<{ ours: number; theirs: number }>('evaluate')
  return [
    figure(
      { bench: 'evaluate', what: 'one makeMove in the VM, gas on / json-logic-js 2.0.5', bound: atLeast(3) },
      { what: 'VM', value: ours, unit: '/s' },
      { what: 'json-logic-js', value: theirs, unit: '/s' },
    ),
  ]
}
