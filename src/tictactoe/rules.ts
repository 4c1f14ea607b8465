import type { JsonObject, JsonValue } from '../core/json.ts'
import type { AccessControl, Definition } from '../fiber/messages.ts'
import type { Program } from '../jlvm/program.ts'

/** The rules of the game and its life cycle, as oracle/ and statemachine/ hold them. Nowhere else is a rule written. */
export type Rules = {
  readonly oracle: {
    readonly scriptProgram: JsonValue
    /** The same program, ready to run here. */
    readonly program: Program
    readonly initialState: JsonObject
    readonly accessControl: AccessControl
  }
  readonly machine: {
    /** The definition with the oracle's id among its dependencies; everything else is the same for all games. */
    instantiate(oracleFiberId: string): Definition
  }
}
