const digits = '0123456789abcdefghijklmnopqrstuvwxyz'

/** An id for a call that came without one, in the form of Ollama's own. `random` gives numbers in [0, 1). */
export const createCallId = (random: () => number): string =>
  `call_${Array.from({ length: 8 }, () => digits.charAt(Math.floor(random() * digits.length))).join('')}`
