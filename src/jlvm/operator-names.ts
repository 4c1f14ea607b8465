import { operators } from './operators.ts'

/** The names that make a call of an object with this one key, or of an array that begins with it. `var` is none. */
export const operatorNames: ReadonlySet<string> = new Set(operators.keys())
