import { readFileSync } from 'node:fs'
import { decodeJson } from '../../src/core/decode-json.ts'
import { createProgramCache } from '../../src/jlvm/program-cache.ts'
import type { Rules } from '../../src/tictactoe/rules.ts'
import { parseOracleFile, parseStateMachineFile } from '../../src/tictactoe/rules-file.ts'

/** The rules as the package ships them, without loading the whole service for them. */
export function loadRules(): Rules {
  const read = (path: string) => decodeJson(readFileSync(new URL(`../../${path}`, import.meta.url)), { maxDepth: 256 })
  const { scriptProgram, ...oracle } = parseOracleFile(read('oracle/tictactoe.json'))
  const { json, program } = createProgramCache({ maxPrograms: 1 }).intern(scriptProgram)
  return {
    oracle: { ...oracle, scriptProgram: json, program },
    machine: parseStateMachineFile(read('statemachine/tictactoe.json')),
  }
}
